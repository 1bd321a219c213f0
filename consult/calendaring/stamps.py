"""When a revision was made (DTSTAMP, RFC 5545 3.8.7.2). Pure."""

from datetime import datetime, timedelta

from consult.core.clock import as_utc

_SECOND = timedelta(seconds=1)


def whole_second(instant: datetime) -> datetime:
    """In UTC; calendars, and HTTP dates, know no parts of a second."""
    return as_utc(instant).replace(microsecond=0)


def risen(previous: datetime, now: datetime) -> datetime:
    """Now, or just after `previous`: two changes within a second must not bear the same stamp."""
    return max(whole_second(now), previous + _SECOND)
