"""The usual week, and special hours that lie over it for a while.

What is stored says only which hours hold when, so this is read out of it: hours that come back after a while
are the usual ones, and what stands between is special. Two histories that leave the same hours on every day
read the same. Special hours may last a year at most, never touch a change of the usual hours, and never cut
other special hours: so taking them away always brings back what they lie over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from consult.core.given import Fault, NotSaved

from .hours_checks import dated
from .week_plan import Period, Plan, WeekdayHours, joined, laid_over

LONGEST_SPECIAL_DAYS = 366
_DAY = timedelta(days=1)
_FROM, _UNTIL = "week-from", "week-until"


@dataclass(frozen=True, slots=True)
class Weeks:
    """`usual` follow one another without a gap; each of `special`, in order, lies within one of them."""

    usual: Sequence[Period]
    special: Sequence[Period]

    @property
    def plan(self) -> Plan:
        plan = joined(self.usual)
        for period in self.special:
            plan = laid_over(plan, period)
        return plan

    def period(self, from_on: date | None) -> Period:
        """The usual or special hours that begin on this day. Raises KeyError when none do."""
        for period in (*self.usual, *self.special):
            if period.from_on == from_on:
                return period
        raise KeyError(from_on)

    def usual_on(self, day: date) -> Period:
        return next(period for period in self.usual if period.holds_on(day))


def weeks_of(plan: Plan) -> Weeks:
    usual: list[Period] = []
    special: list[Period] = []
    index = 0
    while index < len(plan):
        first = plan[index]
        while (again := _comes_back(plan, index)) is not None:
            special += plan[index + 1 : again]
            index = again
        usual.append(replace(first, until_on=plan[index].until_on))
        index += 1
    return Weeks(usual, special)


def with_special(weeks: Weeks, new: Period) -> Weeks:
    """`new` has both its days. Raises NotSaved."""
    for message in _against_special(weeks, new):
        raise NotSaved([Fault(_FROM, message)])
    return _with_special(weeks, new)


def with_usual_from(weeks: Weeks, from_on: date, hours: Sequence[WeekdayHours]) -> Weeks:
    """Other usual hours for good; special hours stay where they are. Raises NotSaved."""
    for message in _against_usual(weeks, from_on, tuple(sorted(hours))):
        raise NotSaved([Fault(_FROM, message)])
    *earlier, last = weeks.usual
    new = Period(from_on, None, tuple(sorted(hours)))
    return replace(weeks, usual=[*earlier, replace(last, until_on=from_on - _DAY), new])


def changed(weeks: Weeks, from_on: date | None, hours: Sequence[WeekdayHours]) -> Weeks:
    """With other hours where those that begin on `from_on` hold. Raises KeyError when none do."""
    old = weeks.period(from_on)
    new = replace(old, hours=tuple(sorted(hours)))
    return Weeks(
        *([new if period is old else period for period in row] for row in (weeks.usual, weeks.special))
    )


def removed(weeks: Weeks, from_on: date) -> Weeks:
    """Without special hours; or without a change of the usual ones, so that those before go on.

    Raises KeyError when none begin on `from_on`.
    """
    old = weeks.period(from_on)
    if any(period is old for period in weeks.special):
        return replace(weeks, special=[period for period in weeks.special if period is not old])
    index = next(index for index, period in enumerate(weeks.usual) if period is old)
    before = replace(weeks.usual[index - 1], until_on=old.until_on)
    return replace(weeks, usual=[*weeks.usual[: index - 1], before, *weeks.usual[index + 1 :]])


def _comes_back(plan: Plan, index: int) -> int | None:
    """Where the hours of this period hold again after no more than a year of others."""
    until_on = plan[index].until_on
    for later, period in enumerate(plan[index + 1 :], index + 1):
        if until_on is None or period.from_on is None:
            return None
        if (period.from_on - until_on).days - 1 > LONGEST_SPECIAL_DAYS:
            return None
        if period.hours == plan[index].hours:
            return later
    return None


def _with_special(weeks: Weeks, new: Period) -> Weeks:
    return replace(weeks, special=sorted([*weeks.special, new], key=lambda period: str(period.from_on)))


def _against_special(weeks: Weeks, new: Period) -> Iterator[str]:
    assert new.from_on is not None and new.until_on is not None  # noqa: S101, PT018 - special hours have both
    if (new.until_on - new.from_on).days >= LONGEST_SPECIAL_DAYS:
        yield "Hours for a while last a year at most. For longer, leave the last day empty."
    for other in weeks.special:
        if (
            other.from_on
            and other.until_on
            and other.from_on <= new.until_on
            and new.from_on <= other.until_on
        ):
            yield (
                f"You have special hours already from {dated(other.from_on)} until {dated(other.until_on)}."
                " Change or remove those first, or choose other days."
            )
    for usual in weeks.usual[1:]:
        if usual.from_on and new.from_on <= usual.from_on <= new.until_on + _DAY:
            yield (
                f"Your usual hours change on {dated(usual.from_on)}. Let these end at least a day before"
                " that, or begin after it; for both sides, add them twice."
            )
    if weeks.usual_on(new.from_on).hours == new.hours:
        yield "These are your usual hours already. Change the times, then save."
    if weeks_of(_with_special(weeks, new).plan).usual != weeks.usual:
        yield "Special hours can follow one another for a year at most. Leave a day of usual hours between."


def _against_usual(weeks: Weeks, from_on: date, hours: tuple[WeekdayHours, ...]) -> Iterator[str]:
    planned = weeks.usual[-1].from_on
    if planned is not None and planned >= from_on:
        yield (
            f"Your usual hours change on {dated(planned)} already. Change or remove those first,"
            " or give a last day."
        )
    for special in weeks.special:
        if special.from_on and special.until_on and special.from_on <= from_on <= special.until_on + _DAY:
            yield (
                f"You have special hours from {dated(special.from_on)} until {dated(special.until_on)}. Begin"
                " before the first of these days, or at least a day after the last."
            )
    if weeks.usual[-1].hours == hours:
        yield "These are your usual hours already. Change the times, then save."
