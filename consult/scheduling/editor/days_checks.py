"""Whether extra hours, time off and the therapist's own entries can be taken as they were given."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from consult.core.given import Fault, Faults, NotSaved
from consult.core.text import clean_text
from consult.core.timespan import TimeSpan

from ..availability import MIDNIGHT, Absence, DayHours
from ..wall_clock import instant
from .hours_checks import check_clock, check_day, check_span, dated, hours_words, overlap, time_words

LONGEST_OFF_DAYS = 366
TEXT_LIMIT = 120
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GivenDay:
    """Hours of one day: extra ones, or an entry of the therapist's own with its `title`.

    The fields are `where`-on, `where`-start, `where`-end and `where`-title.
    """

    where: str
    on: date | str
    start_time: time | str
    end_time: time | str
    title: str = ""


@dataclass(frozen=True, slots=True)
class GivenOff:
    """Whole days from `first_on` to `last_on`, or from a time on the first to a time on the last.

    `last_on` may be left out for one day, either time for the whole of its day. The fields are off-from,
    off-until, off-start, off-end and off-note.
    """

    first_on: date | str
    last_on: date | str
    start_time: time | str
    end_time: time | str
    note: str = ""


def check_extra(given: GivenDay, there: Iterable[DayHours], today: date) -> DayHours:
    """`there` are the extra hours so far. Raises NotSaved."""
    faults = Faults()
    on = check_day(faults, f"{given.where}-on", given.on, today, "the day")
    span = check_span(faults, given.where, given.start_time, given.end_time)
    faults.refuse()
    for other in (other for other in there if other.open_on == on):
        already = (other.start_time, other.end_time)
        if overlap(already, span):
            message = f"There are extra hours on that day already, {hours_words(*already)}."
            faults.note(f"{given.where}-start", message)
    faults.refuse()
    return DayHours(on, *span)


def check_own_entry(given: GivenDay, zone: ZoneInfo, now: datetime) -> tuple[str, TimeSpan]:
    """Its title and when it is. Raises NotSaved."""
    faults = Faults()
    title = _check_text(faults, f"{given.where}-title", given.title)
    if not title:
        faults.note(f"{given.where}-title", "Say what the time is for.")
    on = check_day(faults, f"{given.where}-on", given.on, now.astimezone(zone).date(), "the day")
    span = check_span(faults, given.where, given.start_time, given.end_time)
    faults.refuse()
    start_at = instant(on, span[0], zone)
    end_at = instant(on + _DAY if span[1] == MIDNIGHT else on, span[1], zone)
    if end_at <= start_at:
        raise NotSaved([Fault(f"{given.where}-start", "The clocks change just then: there is no such time.")])
    if end_at <= now:
        raise NotSaved([Fault(f"{given.where}-end", "This time is over already.")])
    return title, TimeSpan(start_at, end_at)


def check_time_off(given: GivenOff, there: Iterable[Absence], zone: ZoneInfo, now: datetime) -> Absence:
    """It may have begun already, but not be over. `there` is the time off so far. Raises NotSaved."""
    faults = Faults()
    long_ago = now.astimezone(zone).date() - _DAY * LONGEST_OFF_DAYS
    first = check_day(faults, "off-from", given.first_on, long_ago, "the first day off")
    last = first
    if given.last_on != "":
        last = check_day(faults, "off-until", given.last_on, long_ago, "the last day off")
    start = _optional_clock(faults, "off-start", given.start_time)
    end = _optional_clock(faults, "off-end", given.end_time)
    note = _check_text(faults, "off-note", given.note)
    faults.refuse()
    ends_on = last + _DAY if end == MIDNIGHT else last
    if last < first:
        faults.note("off-until", f"The last day off must not be before the first, {dated(first)}.")
    elif (last - first).days >= LONGEST_OFF_DAYS:
        faults.note("off-until", "Time off is a year at most.")
    elif first == ends_on and end <= start:
        faults.note("off-end", f"Time off must end after it starts, at {time_words(start)}.")
    elif instant(ends_on, end, zone) <= now:
        faults.note("off-until" if given.last_on != "" else "off-from", "This time is over already.")
    elif any(
        (first, start, ends_on, end) == (other.starts_on, other.start_time, other.ends_on, other.end_time)
        for other in there
    ):
        faults.note("off-from", "This time off is on the list already.")
    faults.refuse()
    return Absence(first, start, ends_on, end, note or None)


def _optional_clock(faults: Faults, where: str, given: time | str) -> time:
    """Where nothing is given the start, or the end, of the whole day: midnight is both."""
    if given == "":
        return MIDNIGHT
    return check_clock(faults, where, given, "Give a time such as 9:00, or none for the whole day.")


def _check_text(faults: Faults, where: str, given: str) -> str:
    text = clean_text(given, len(given) + 1)
    if len(text) > TEXT_LIMIT:
        faults.note(where, f"Keep it to {TEXT_LIMIT} characters; this has {len(text)}.")
    return text
