"""From what a clock on the wall shows to the instant meant."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def instant(day: date, wall_time: time, zone: ZoneInfo) -> datetime:
    """The UTC instant at which clocks in `zone` show `wall_time` on `day`.

    A time skipped when clocks go forward is the first real instant after the gap; a time shown twice when
    they go back is its first showing.
    """
    first = datetime.combine(day, wall_time, tzinfo=zone)
    second = first.replace(fold=1)
    gained = _offset(second) - _offset(first)
    if gained > timedelta(0):
        return _change_between(second.astimezone(UTC), first.astimezone(UTC), zone)
    return first.astimezone(UTC)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of `day` in `zone`, which is not always a midnight."""
    return instant(day, time.min, zone)


def _change_between(before_at: datetime, after_at: datetime, zone: ZoneInfo) -> datetime:
    """The first whole second after `before_at` with the offset that `after_at` has, found by halving."""
    old = _offset(before_at.astimezone(zone))
    low, high = 0, (after_at - before_at) // _SECOND
    while high - low > 1:
        middle = (low + high) // 2
        if _offset((before_at + middle * _SECOND).astimezone(zone)) == old:
            low = middle
        else:
            high = middle
    return before_at.replace(microsecond=0) + high * _SECOND


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    if offset is None:
        raise ValueError(f"{local!r} has no offset")
    return offset
