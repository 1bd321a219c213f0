"""How soon and how far ahead one may book, and how long an hour is kept meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
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


class Cap(StrEnum):
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Caps:
    """The most sessions that may start on a day, and in a week from Monday to Sunday; None for no limit."""

    per_day: int | None = None
    per_week: int | None = None

    def __bool__(self) -> bool:
        return self.per_day is not None or self.per_week is not None

    def reached_on(self, day: date, counts: Mapping[date, int]) -> list[Cap]:
        """The limits that leave no room on `day`, with so many sessions on each day of its week."""
        reached = []
        if self.per_day is not None and counts.get(day, 0) >= self.per_day:
            reached.append(Cap.DAY)
        if self.per_week is not None and sum(counts.get(each, 0) for each in week_of(day)) >= self.per_week:
            reached.append(Cap.WEEK)
        return reached


def week_of(day: date) -> list[date]:
    """The seven days from Monday to Sunday that `day` is one of."""
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=number) for number in range(7)]
