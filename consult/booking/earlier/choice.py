"""Which earlier time to offer to whom, and for how long. Pure."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from consult.core.timespan import TimeSpan

OFFER_TTL = timedelta(hours=3)
"""How long an earlier time is kept for the one patient who was told of it."""

LEAST_TO_ANSWER = timedelta(minutes=30)
"""A time too close for this much thought is not offered."""

READY_BEFORE = timedelta(hours=1)
"""An offer ends at least this long before the time it offers."""

LEAST_GAIN = timedelta(hours=1)
"""How much earlier than the visit a time must be to be worth a mail."""

_FIRST_HOUR, _LAST_HOUR = time(8), time(21)


def offer_until(start_at: datetime, now: datetime) -> datetime | None:
    """Until when `start_at` can be held for an answer; None when there is too little time for one."""
    until = min(now + OFFER_TTL, start_at - READY_BEFORE)
    return until if until - now >= LEAST_TO_ANSWER else None


def awake(zone: str, now: datetime) -> bool:
    """Whether it is day where the patient is: an offer that comes and goes in the night helps nobody."""
    return _FIRST_HOUR <= now.astimezone(ZoneInfo(zone)).time() < _LAST_HOUR


def still_known(known: Iterable[int], booked: Sequence[TimeSpan], length: timedelta) -> list[int]:
    """The known starts less those that somebody has booked since: free again, they are an opening.

    A time that is only held for the moment stays known, or every hesitating visitor would set off mails.
    """
    return [start for start in known if not any(_overlaps(start, length, span) for span in booked)]


def openings(
    free: Iterable[datetime],
    known: Collection[int],
    refused: Collection[datetime],
    before: datetime,
    length: timedelta,
) -> list[datetime]:
    """The free starts worth telling, in order: earlier by `LEAST_GAIN`, not known, and no part of a time that
    was refused. An hour given back has several starts: whoever turns one down has had their turn.
    """
    return sorted(
        start
        for start in free
        if start + LEAST_GAIN <= before
        and int(start.timestamp()) not in known
        and all(abs(start - other) >= length for other in refused)
    )


def _overlaps(start: int, length: timedelta, span: TimeSpan) -> bool:
    return start < span.end_at.timestamp() and span.start_at.timestamp() < start + length.total_seconds()
