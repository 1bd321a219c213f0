"""Times as their reader says them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from .timespan import TimeSpan


def spoken(span: TimeSpan, zone: str) -> str:
    """`Tuesday, June 2, 2026, 3:00 pm to 3:45 pm, New York time (EDT)`.

    `zone` is an IANA name. Raises ZoneInfoNotFoundError for one unknown.
    """
    start, end = (instant.astimezone(ZoneInfo(zone)) for instant in (span.start_at, span.end_at))
    days = f"{day_words(start.date())}, {start.year}"
    return f"{days}, {clock_words(start)} to {clock_words(end)}, {zone_words(start, zone)}"


def day_words(day: date) -> str:
    """`Tuesday, June 2`"""
    return f"{day:%A}, {day:%B} {day.day}"


def clock_words(local: datetime) -> str:
    """`3:00 pm`, of a time already in its reader's zone; `1:30 am EST` of one that the clock shows twice."""
    words = f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"
    shown_twice = local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset()
    return f"{words} {short_zone(local)}" if shown_twice else words


def zone_words(at: datetime, zone: str) -> str:
    """`New York time (EDT)` at that instant; a zone without letters of its own shows its offset, and one that
    is no place nothing else.
    """
    short = short_zone(at.astimezone(ZoneInfo(zone)))
    # In Etc/GMT+5 clocks are five hours behind GMT: that name helps nobody.
    if "/" not in zone or zone.startswith("Etc/"):
        return short
    return f"{zone.rsplit('/', 1)[1].replace('_', ' ')} time ({short})"


def short_zone(local: datetime) -> str:
    """`EDT`; for a zone without letters of its own its offset, `UTC+10:30`."""
    short = local.tzname() or ""
    return offset_words(local) if short[:1] in "+-" else short


def offset_words(local: datetime) -> str:
    """How far a time in its reader's zone is from UTC, as people write it: UTC, UTC−4, UTC+5:30."""
    offset = local.utcoffset() or timedelta(0)
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    if not hours and not minutes:
        return "UTC"
    sign = "−" if offset < timedelta(0) else "+"
    return f"UTC{sign}{hours}:{minutes:02d}" if minutes else f"UTC{sign}{hours}"
