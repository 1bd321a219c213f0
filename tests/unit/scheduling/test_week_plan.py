"""Weekly hours as periods, one after the other."""

from datetime import date, time, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from consult.scheduling.availability import WeeklyHours
from consult.scheduling.editor.week_plan import Period, WeekdayHours, laid_over, plan_of, rules_of

MORNINGS = (WeekdayHours(0, time(9), time(12)), WeekdayHours(1, time(9), time(12)))
EVENINGS = (WeekdayHours(0, time(18), time(21)),)
LATE = (WeekdayHours(4, time(20), time(0)),)

JULY, LAST_OF_JUNE = date(2026, 7, 1), date(2026, 6, 30)
SEPTEMBER, LAST_OF_AUGUST = date(2026, 9, 1), date(2026, 8, 31)

ALWAYS = [Period(None, None, MORNINGS)]
SUMMER = [
    Period(None, LAST_OF_JUNE, MORNINGS),
    Period(JULY, LAST_OF_AUGUST, EVENINGS),
    Period(SEPTEMBER, None, MORNINGS),
]


def test_without_rules_there_is_one_empty_period() -> None:
    assert plan_of([]) == [Period(None, None, ())]


def test_rules_of_every_shape_become_periods_that_follow_one_another() -> None:
    rules = [
        WeeklyHours(0, time(9), time(12), valid_until_on=LAST_OF_AUGUST),
        WeeklyHours(0, time(18), time(21), valid_from_on=JULY),
    ]
    assert plan_of(rules) == [
        Period(None, LAST_OF_JUNE, MORNINGS[:1]),
        Period(JULY, LAST_OF_AUGUST, (MORNINGS[0], EVENINGS[0])),
        Period(SEPTEMBER, None, EVENINGS),
    ]


def test_hours_laid_over_leave_those_before_and_after() -> None:
    assert laid_over(ALWAYS, Period(JULY, LAST_OF_AUGUST, EVENINGS)) == SUMMER
    for_good = laid_over(ALWAYS, Period(JULY, None, EVENINGS))
    assert for_good == [Period(None, LAST_OF_JUNE, MORNINGS), Period(JULY, None, EVENINGS)]


_DAYS = st.integers(0, 40).map(lambda number: date(2026, 6, 1) + timedelta(days=number))
_HOURS = st.sets(st.sampled_from([*MORNINGS, *EVENINGS, *LATE]))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(_DAYS, st.none() | st.integers(0, 20), _HOURS), max_size=5))
def test_every_day_has_the_hours_last_said_for_it_through_any_number_of_changes(
    changes: list[tuple[date, int | None, set[WeekdayHours]]],
) -> None:
    plan = plan_of(rules_of(ALWAYS))
    said = {date(2026, 5, 25) + timedelta(days=number): set(MORNINGS) for number in range(80)}
    for from_on, length, hours in changes:
        until_on = None if length is None else from_on + timedelta(days=length)
        plan = plan_of(rules_of(laid_over(plan, Period(from_on, until_on, tuple(sorted(hours))))))
        said |= {day: hours for day in said if from_on <= day and (until_on is None or day <= until_on)}
    assert (plan[0].from_on, plan[-1].until_on) == (None, None)
    for one, other in pairwise(plan):
        assert one.until_on is not None
        assert other.from_on == one.until_on + timedelta(days=1)
    for day, hours in said.items():
        [period] = [period for period in plan if period.holds_on(day)]
        assert set(period.hours) == hours
