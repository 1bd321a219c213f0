"""Hours, days off and rules in words."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter

from consult.core.local_time import day_words
from consult.scheduling.availability import MIDNIGHT, Absence
from consult.scheduling.editor.hours_checks import WEEKDAYS, dated, hours_words, time_words
from consult.scheduling.editor.week_plan import Period
from consult.scheduling.models import ExtraHours, TimeOff

_DAY = timedelta(days=1)
_UNITS = ((24 * 60, "day"), (60, "hour"), (1, "minute"))


def week_words(period: Period) -> list[tuple[str, str]]:
    """`Monday to Friday` with their hours, days that follow one another taken together; "" for none."""
    hours = [
        ", ".join(hours_words(line.start_time, line.end_time) for line in period.on(weekday))
        for weekday in range(7)
    ]
    runs = [
        (text, [name for _, name in run])
        for text, run in groupby(zip(hours, WEEKDAYS, strict=True), itemgetter(0))
    ]
    return [(_days_words(names), text) for text, names in runs]


def period_words(period: Period, today: date) -> str:
    """`From July 1 until August 31`, `Until June 30`, `Every week`."""
    begun = period.from_on is None or period.from_on <= today
    since = None if begun or period.from_on is None else f"from {day_of(period.from_on, today)}"
    until = None if period.until_on is None else f"until {day_of(period.until_on, today)}"
    return sentence(" ".join(word for word in (since, until) if word) or "every week")


def extra_words(extra: ExtraHours, today: date) -> str:
    return f"{day_of(extra.open_on, today)}, {hours_words(extra.start_time, extra.end_time)}"


def off_words(off: TimeOff | Absence, today: date) -> str:
    """`Friday, July 3`, `Friday, July 3 to Sunday, July 5`, `Friday, July 3, 1:00 pm to 5:00 pm`."""
    last_on = off.ends_on - _DAY if off.end_time == MIDNIGHT else off.ends_on
    first, last = day_of(off.starts_on, today), day_of(last_on, today)
    if off.start_time == off.end_time == MIDNIGHT:
        return first if off.starts_on == last_on else f"{first} to {last}"
    if off.starts_on == last_on:
        return f"{first}, {hours_words(off.start_time, off.end_time)}"
    end = f"the end of {last}" if off.end_time == MIDNIGHT else f"{last}, {time_words(off.end_time)}"
    return f"{first}, {time_words(off.start_time)} to {end}"


def day_of(day: date, today: date) -> str:
    """With the year where it is another one."""
    return day_words(day) if day.year == today.year else dated(day)


def notice_parts(minutes: int) -> tuple[int, str]:
    """In the largest unit that fits: 2880 is two days, 90 is 90 minutes, 0 is no hours."""
    size, unit = next(((size, unit) for size, unit in _UNITS if minutes and minutes % size == 0), _UNITS[1])
    return minutes // size, unit


def count_words(number: int, unit: str) -> str:
    """`1 day`, `2 days`"""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def list_words(words: Sequence[str]) -> str:
    """`a, b and c`"""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def sentence(text: str) -> str:
    """With a capital letter."""
    return text[:1].upper() + text[1:]


def _days_words(names: Sequence[str]) -> str:
    if len(names) > 2:
        return f"{names[0]} to {names[-1]}"
    return list_words(names)
