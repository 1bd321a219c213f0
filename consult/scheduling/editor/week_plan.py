"""Weekly hours as periods: which week holds from when, one after the other, every day in exactly one.

Rules may come in any shape, and there is one plan for them. What the therapist thinks in, a usual week with
special ones over it, is `usual_week`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import NamedTuple

from ..availability import WeeklyHours

_DAY = timedelta(days=1)


class WeekdayHours(NamedTuple):
    """Wall clock; an `end_time` of midnight is the end of the day."""

    weekday: int
    start_time: time
    end_time: time


@dataclass(frozen=True, slots=True)
class Period:
    """`hours` hold on days from `from_on` to `until_on`, both included; None where there is no end to it."""

    from_on: date | None
    until_on: date | None
    hours: tuple[WeekdayHours, ...]

    def on(self, weekday: int) -> list[WeekdayHours]:
        return [line for line in self.hours if line.weekday == weekday]

    def holds_on(self, day: date) -> bool:
        return (self.from_on is None or self.from_on <= day) and (
            self.until_on is None or day <= self.until_on
        )


Plan = Sequence[Period]


def plan_of(rules: Iterable[WeeklyHours]) -> Plan:
    """The periods in order of time, at least one; two that follow one another differ in their hours."""
    rules = list(rules)
    changes = {rule.valid_from_on for rule in rules} | {
        rule.valid_until_on + _DAY for rule in rules if rule.valid_until_on
    }
    starts = sorted(day for day in changes if day is not None)
    bounds = zip([None, *starts], [*(day - _DAY for day in starts), None], strict=True)
    return joined(Period(*bound, _hours_of(rules, *bound)) for bound in bounds)


def rules_of(plan: Plan) -> list[WeeklyHours]:
    return [
        WeeklyHours(*line, valid_from_on=period.from_on, valid_until_on=period.until_on)
        for period in plan
        for line in period.hours
    ]


def laid_over(plan: Plan, over: Period) -> Plan:
    """With the hours of `over` on its days; before and after them, what held before."""
    before, after = [], []
    for period in plan:
        if over.from_on is not None and (period.from_on is None or period.from_on < over.from_on):
            last_on = over.from_on - _DAY
            before.append(replace(period, until_on=min(period.until_on or last_on, last_on)))
        if over.until_on is not None and (period.until_on is None or period.until_on > over.until_on):
            first_on = over.until_on + _DAY
            after.append(replace(period, from_on=max(period.from_on or first_on, first_on)))
    return joined([*before, over, *after])


def joined(periods: Iterable[Period]) -> Plan:
    """Neighbours with the same hours made one."""
    result: list[Period] = []
    for period in periods:
        if result and result[-1].hours == period.hours:
            result[-1] = replace(result[-1], until_on=period.until_on)
        else:
            result.append(period)
    return result


def _hours_of(
    rules: Iterable[WeeklyHours], from_on: date | None, until_on: date | None
) -> tuple[WeekdayHours, ...]:
    """`from_on` to `until_on` lies wholly in or wholly out of every rule's days."""
    held = {
        WeekdayHours(rule.weekday, rule.start_time, rule.end_time)
        for rule in rules
        if rule.valid_from_on is None or (from_on is not None and rule.valid_from_on <= from_on)
        if rule.valid_until_on is None or (until_on is not None and until_on <= rule.valid_until_on)
    }
    return tuple(sorted(held))
