"""When the therapist can be seen at all: weekly hours except on public holidays, extra hours of single days,
and time off taken from both.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from consult.core.timespan import TimeSpan, subtracted

from .wall_clock import day_start, instant

MIDNIGHT = time(0, 0)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Hours of one weekday (0 is Monday) on the wall clock, on days from `valid_from_on` to `valid_until_on`.

    Both days are included and either may be open. An `end_time` of midnight is the end of that day. Raises
    ValueError for another end at or before the start: hours do not run into the next day.
    """

    weekday: int
    start_time: time
    end_time: time
    valid_from_on: date | None = None
    valid_until_on: date | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise ValueError(f"weekday {self.weekday} is not one of 0 (Monday) to 6 (Sunday)")
        _require_order(self.start_time, self.end_time)

    def hold_on(self, day: date) -> bool:
        return (
            day.weekday() == self.weekday
            and (self.valid_from_on is None or self.valid_from_on <= day)
            and (self.valid_until_on is None or day <= self.valid_until_on)
        )


@dataclass(frozen=True, slots=True)
class DayHours:
    """Hours of one single day beside the weekly ones, wall clock; public holidays do not touch them.

    `end_time` as in `WeeklyHours`.
    """

    open_on: date
    start_time: time
    end_time: time

    def __post_init__(self) -> None:
        _require_order(self.start_time, self.end_time)

    def hold_on(self, day: date) -> bool:
        return day == self.open_on


Opening = WeeklyHours | DayHours


@dataclass(frozen=True, slots=True)
class Absence:
    """Time off on the wall clock, the end not included. `note` is for the therapist's eyes only."""

    starts_on: date
    start_time: time
    ends_on: date
    end_time: time
    note: str | None = None

    def touches(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on

    def span(self, zone: ZoneInfo) -> TimeSpan | None:
        """The real time; None when a change of clocks leaves nothing."""
        start_at = instant(self.starts_on, self.start_time, zone)
        end_at = instant(self.ends_on, self.end_time, zone)
        return TimeSpan(start_at, end_at) if start_at < end_at else None


def _no_holiday(day: date) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Hours:
    """Everything that opens and closes the therapist's time.

    `holiday` tells the name of the public holiday on a day, or None; it closes the weekly hours of that day.
    """

    zone: ZoneInfo
    weekly: Sequence[WeeklyHours]
    extra: Sequence[DayHours] = ()
    absences: Sequence[Absence] = ()
    holiday: Callable[[date], str | None] = _no_holiday

    def open_on(self, day: date) -> list[TimeSpan]:
        """Open time of that day as seen in `zone`; sorted and disjoint.

        No span crosses midnight, even when two days' hours touch: slots are counted from a span's start, and
        the start must not depend on which days were asked for.
        """
        opened = [span for _, span in self.opened_on(day)]
        return subtracted(opened, [span for _, span in self.absent_on(day)]) if opened else []

    def opened_on(self, day: date) -> list[tuple[Opening, TimeSpan]]:
        """What opens time on that day, before time off is taken away."""
        weekly = self.weekly_on(day)
        return [*(weekly if weekly and self.holiday(day) is None else ()), *self._spans(self.extra, day)]

    def weekly_on(self, day: date) -> list[tuple[Opening, TimeSpan]]:
        """The weekly hours of that day, public holiday or not."""
        return self._spans(self.weekly, day)

    def absent_on(self, day: date) -> list[tuple[Absence, TimeSpan]]:
        """Time off with any moment on that day, each with its whole span."""
        return [
            (absence, span)
            for absence in self.absences
            if absence.touches(day) and (span := absence.span(self.zone)) is not None
        ]

    def _spans(self, hours: Iterable[WeeklyHours | DayHours], day: date) -> list[tuple[Opening, TimeSpan]]:
        return [
            (each, span)
            for each in hours
            if each.hold_on(day)
            and (span := _span(day, each.start_time, each.end_time, self.zone)) is not None
        ]


def _span(day: date, start_time: time, end_time: time, zone: ZoneInfo) -> TimeSpan | None:
    """The real time between the two wall times on `day`; None when a change of clocks leaves nothing."""
    start_at = instant(day, start_time, zone)
    end_at = day_start(day + _DAY, zone) if end_time == MIDNIGHT else instant(day, end_time, zone)
    return TimeSpan(start_at, end_at) if start_at < end_at else None


def _require_order(start_time: time, end_time: time) -> None:
    if MIDNIGHT != end_time <= start_time:
        raise ValueError(f"hours must end after they start: {start_time} .. {end_time}")
