"""Time as an argument: nobody below the composition root asks what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until told otherwise; for tests and for `worker --now`."""

    def __init__(self, now: datetime) -> None:
        self.now = as_utc(now)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, delta: timedelta) -> None:
        self.now += delta


def as_utc(instant: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a naive time, which is no instant."""
    if instant.tzinfo is None:
        raise ValueError(f"naive time {instant!r}: an instant needs a zone")
    return instant.astimezone(UTC)
