"""How soon and how far ahead one may book, and how long an hour is kept meanwhile."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .wall_clock import day_start

HOLD_TTL = timedelta(minutes=10)
"""How long a chosen time is kept while the forms are filled in."""

CHECKOUT_TTL = timedelta(minutes=35)
"""How long a checkout can be paid once it is opened; the gateway allows no less than 30 minutes."""

CHECKOUT_GRACE = timedelta(seconds=60)
"""How much longer than its checkout a hold lasts, so that the payment page always ends first."""


@dataclass(frozen=True, slots=True)
class BookingWindow:
    """From `notice` after now to the end of the therapist's day `horizon_days` after today.

    Whole days at the far end: a last day that grew through the day would show new times at odd moments.
    """

    notice: timedelta
    horizon_days: int
    zone: ZoneInfo

    def earliest_at(self, now: datetime) -> datetime:
        """The first instant a session may start at."""
        return now + self.notice

    def latest_at(self, now: datetime) -> datetime:
        """The first instant that is too far ahead."""
        today = now.astimezone(self.zone).date()
        return day_start(today + timedelta(days=self.horizon_days + 1), self.zone)
