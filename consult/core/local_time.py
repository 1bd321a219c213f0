"""Times as their reader says them."""

from datetime import date, datetime
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
    """`3:00 pm`, of a time already in its reader's zone."""
    return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"


def zone_words(at: datetime, zone: str) -> str:
    """`New York time (EDT)` at that instant; a zone without letters of its own shows its offset."""
    local = at.astimezone(ZoneInfo(zone))
    short = local.tzname() or ""
    if short[:1] in "+-":
        short = f"UTC{short}"
    if "/" not in zone:
        return short
    return f"{zone.rsplit('/', 1)[1].replace('_', ' ')} time ({short})"
