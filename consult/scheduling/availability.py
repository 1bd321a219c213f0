"""Weekly hours less time off: when the therapist can be seen at all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from consult.core.timespan import TimeSpan, merged, subtracted

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
        if MIDNIGHT != self.end_time <= self.start_time:
            raise ValueError(f"hours must end after they start: {self.start_time} .. {self.end_time}")

    def hold_on(self, day: date) -> bool:
        return (
            day.weekday() == self.weekday
            and (self.valid_from_on is None or self.valid_from_on <= day)
            and (self.valid_until_on is None or day <= self.valid_until_on)
        )

    def span_on(self, day: date, zone: ZoneInfo) -> TimeSpan | None:
        """The real time between the two wall times on `day`; None when a change of clocks leaves nothing."""
        start_at = instant(day, self.start_time, zone)
        ends_with_day = self.end_time == MIDNIGHT
        end_at = day_start(day + _DAY, zone) if ends_with_day else instant(day, self.end_time, zone)
        return TimeSpan(start_at, end_at) if start_at < end_at else None


def open_spans(
    weekly: Sequence[WeeklyHours], time_off: Iterable[TimeSpan], zone: ZoneInfo, first_on: date, days: int
) -> list[TimeSpan]:
    """Open time of `days` days from `first_on`, days and hours as seen in `zone`; sorted and disjoint.

    No span crosses midnight, even when two days' hours touch: slots are counted from a span's start, and the
    start must not depend on which days were asked for.
    """
    off = merged(time_off)
    result: list[TimeSpan] = []
    for day in (first_on + timedelta(days=number) for number in range(days)):
        hours = (span for rule in weekly if rule.hold_on(day) and (span := rule.span_on(day, zone)))
        result += subtracted(hours, off) if off else merged(hours)
    return result
