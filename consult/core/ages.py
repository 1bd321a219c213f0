"""How long ago something was, as one says it."""

from datetime import datetime, timedelta

_UNITS = (
    (timedelta(days=1), timedelta(days=2), "day"),
    (timedelta(hours=1), timedelta(minutes=100), "hour"),
    (timedelta(minutes=1), timedelta(seconds=90), "minute"),
)


def age_words(then: datetime, now: datetime) -> str:
    """`just now`, `4 minutes ago`, `3 hours ago`, `2 days ago`; also just now for what is still to come."""
    age = now - then
    for unit, least, name in _UNITS:
        if age >= least:
            number = round(age / unit)
            return f"{number} {name}s ago"
    return "just now" if age < timedelta(minutes=1) else "a minute ago"
