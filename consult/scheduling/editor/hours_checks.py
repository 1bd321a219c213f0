"""Whether weekly hours can be taken as they were given, and what other wall-clock entries share with them.

Everything wrong is found at once; nothing is taken unless all of it can be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby

from consult.core.given import Faults
from consult.core.local_time import clock_words, day_words

from ..availability import MIDNIGHT
from .week_plan import WeekdayHours

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_A_DAY = 8
FARTHEST_DAYS = 3 * 366


@dataclass(frozen=True, slots=True)
class GivenHours:
    """One line of hours. Its fields are `where`-start and `where`-end."""

    where: str
    weekday: int
    start_time: time | str
    end_time: time | str


def check_week(lines: Sequence[GivenHours]) -> list[WeekdayHours]:
    """The lines that are not empty. Raises NotSaved."""
    faults = Faults()
    hours = _check_lines(faults, lines)
    faults.refuse()
    return hours


def check_period(
    from_on: date | str, until_on: date | str, lines: Sequence[GivenHours], today: date
) -> tuple[date, date | None, list[WeekdayHours]]:
    """When other hours begin to hold, their last day if there is one, and the hours.

    The fields of the days are week-from and week-until. Raises NotSaved.
    """
    faults = Faults()
    first = check_day(faults, "week-from", from_on, today, "the first day of these hours")
    last = None
    if until_on != "":
        last = check_day(faults, "week-until", until_on, today, "the last day of these hours")
        if not faults and last < first:
            faults.note("week-until", f"The last day must not be before the first, {dated(first)}.")
    hours = _check_lines(faults, lines)
    faults.refuse()
    return first, last, hours


def check_day(faults: Faults, where: str, given: date | str, earliest: date, what: str) -> date:
    if isinstance(given, str):
        faults.note(where, f"Give {what} as a date.")
        return earliest
    if given < earliest:
        faults.note(where, f"{dated(given)} is in the past.")
    elif (given - earliest).days > FARTHEST_DAYS:
        faults.note(where, f"{dated(given)} is too far ahead.")
    return given


def check_span(
    faults: Faults, where: str, start: time | str, end: time | str, of: str = ""
) -> tuple[time, time]:
    """Hours of one day; `of` says whose before each message."""
    known = len(faults)
    opens = check_clock(faults, f"{where}-start", start, f"{of}give the start as a time, such as 9:00.")
    closes = check_clock(faults, f"{where}-end", end, f"{of}give the end as a time, such as 17:00.")
    if len(faults) == known and MIDNIGHT != closes <= opens:
        problem = "end when they start" if closes == opens else "end before they start"
        faults.note(f"{where}-end", _sentence(f"{of}these hours {problem}, at {time_words(opens)}."))
    return opens, closes


def check_clock(faults: Faults, where: str, given: time | str, message: str) -> time:
    if isinstance(given, str):
        faults.note(where, _sentence(message))
        return MIDNIGHT
    if given.second or given.microsecond:
        faults.note(where, "Give times in whole minutes.")
    return given


def overlap(one: tuple[time, time], other: tuple[time, time]) -> bool:
    """Whether hours of the same day have a moment in common; those that only touch have none."""
    return one[0] < _end(other) and other[0] < _end(one)


def hours_words(start: time, end: time) -> str:
    """`9:00 am to 12:00 pm`; an end of midnight is `midnight`."""
    return f"{time_words(start)} to {'midnight' if end == MIDNIGHT else time_words(end)}"


def time_words(wall_time: time) -> str:
    return clock_words(datetime.combine(date.min, wall_time))


def dated(day: date) -> str:
    """`Tuesday, June 2, 2026`"""
    return f"{day_words(day)}, {day.year}"


def _check_lines(faults: Faults, lines: Sequence[GivenHours]) -> list[WeekdayHours]:
    """Day by day, so that the faults come in the order of the week."""
    taken: list[WeekdayHours] = []
    for _, of_day in groupby(sorted(lines, key=lambda line: line.weekday), key=lambda line: line.weekday):
        read = [(line.where, hours) for line in of_day if (hours := _check_line(faults, line))]
        if read:
            _check_weekday(faults, sorted(read, key=lambda line: line[1]))
        taken += [hours for _, hours in read]
    return taken


def _check_line(faults: Faults, line: GivenHours) -> WeekdayHours | None:
    if line.start_time == line.end_time == "":
        return None
    known = len(faults)
    span = check_span(faults, line.where, line.start_time, line.end_time, f"{WEEKDAYS[line.weekday]}: ")
    return WeekdayHours(line.weekday, *span) if len(faults) == known else None


def _check_weekday(faults: Faults, lines: Sequence[tuple[str, WeekdayHours]]) -> None:
    """`lines` of one weekday by their start: each against the one before it that lasts longest."""
    name = WEEKDAYS[lines[0][1].weekday]
    longest = lines[0][1][1:]
    for where, (_, start, end) in lines[1:]:
        span = (start, end)
        if overlap(longest, span):
            faults.note(f"{where}-start", f"{name}: {hours_words(*span)} overlaps {hours_words(*longest)}.")
        longest = max(longest, span, key=_end)
    if len(lines) > MOST_A_DAY:
        faults.note(
            f"{lines[MOST_A_DAY][0]}-start", f"{name}: that is more than {MOST_A_DAY} lines of hours."
        )


def _end(hours: tuple[time, time]) -> time:
    return time.max if hours[1] == MIDNIGHT else hours[1]


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
