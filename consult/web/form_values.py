"""Times, days and amounts out of addresses and forms."""

from datetime import date, datetime, timedelta

from consult.core.clock import as_utc
from consult.core.money import Money

_REACH = timedelta(days=3650)


def instant_from(text: str, now: datetime) -> datetime | None:
    """An ISO 8601 instant. None for anything else, and for what lies near the ends of the calendar, where a
    time can no longer be shown in every zone.
    """
    try:
        instant = as_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None
    return instant if abs(instant - now) < _REACH else None


def day_from(text: str) -> date | None:
    """An ISO 8601 day that is neither the first nor near the last of the calendar; None for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(1900, 1, 1) <= day <= date(9000, 1, 1) else None


def seen_refund(text: str, currency: str) -> Money:
    """The amount in minor units that a page said is paid back; for anything else one that is never so."""
    known = text.isascii() and text.isdigit() and len(text) <= 12
    return Money(int(text) if known else -1, currency)
