"""The usual week and special hours over it, read out of plain periods."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consult.core.given import NotSaved
from consult.scheduling.editor.usual_week import (
    Weeks,
    changed,
    removed,
    weeks_of,
    with_special,
    with_usual_from,
)
from consult.scheduling.editor.week_plan import Period, WeekdayHours, plan_of, rules_of

MORNINGS = (WeekdayHours(0, time(9), time(12)), WeekdayHours(1, time(9), time(12)))
EVENINGS = (WeekdayHours(0, time(18), time(21)),)
LATE = (WeekdayHours(4, time(20), time(0)),)
DAY = timedelta(days=1)

ALWAYS = Weeks([Period(None, None, MORNINGS)], [])
IN_JULY = Period(date(2026, 7, 1), date(2026, 7, 31), EVENINGS)
IN_AUGUST = Period(date(2026, 8, 1), date(2026, 8, 31), LATE)
SEPTEMBER = date(2026, 9, 1)


def stored(weeks: Weeks) -> Weeks:
    """As read back from what is stored."""
    return weeks_of(plan_of(rules_of(weeks.plan)))


def hours_on(weeks: Weeks, day: date) -> tuple[WeekdayHours, ...]:
    [period] = [period for period in weeks.plan if period.holds_on(day)]
    return period.hours


def refusal(weeks: Weeks, from_on: date, until_on: date | None, hours: tuple[WeekdayHours, ...]) -> str:
    def add() -> Weeks:
        if until_on is None:
            return with_usual_from(weeks, from_on, hours)
        return with_special(weeks, Period(from_on, until_on, hours))

    with pytest.raises(NotSaved) as refused:
        add()
    [fault] = refused.value.faults
    assert fault.where == "week-from"
    return fault.message


def test_special_hours_lie_over_one_usual_week_that_goes_on() -> None:
    weeks = stored(with_special(stored(with_special(ALWAYS, IN_AUGUST)), IN_JULY))

    assert weeks == Weeks(ALWAYS.usual, [IN_JULY, IN_AUGUST])
    assert [hours_on(weeks, date(2026, month, 15)) for month in (6, 7, 8, 9)] == [
        MORNINGS,
        EVENINGS,
        LATE,
        MORNINGS,
    ]


def test_special_hours_over_special_hours_are_refused_with_their_days() -> None:
    weeks = with_special(ALWAYS, IN_JULY)
    for from_on, until_on in ((15, 16), (1, 31), (31, 40), (-5, 0), (-5, 60)):
        days = (date(2026, 7, 1) + DAY * from_on - DAY, date(2026, 7, 1) + DAY * until_on)
        message = refusal(weeks, *days, LATE)
        assert "special hours already from Wednesday, July 1, 2026 until Friday, July 31, 2026" in message


def test_special_hours_touch_no_change_of_the_usual_ones() -> None:
    weeks = with_usual_from(ALWAYS, SEPTEMBER, EVENINGS)
    for from_on, until_on in ((SEPTEMBER - 9 * DAY, SEPTEMBER - DAY), (SEPTEMBER, SEPTEMBER + DAY)):
        assert "usual hours change on Tuesday, September 1, 2026" in refusal(weeks, from_on, until_on, LATE)
    for from_on, until_on in (
        (SEPTEMBER - 9 * DAY, SEPTEMBER - 2 * DAY),
        (SEPTEMBER + DAY, SEPTEMBER + 2 * DAY),
    ):
        new = Period(from_on, until_on, LATE)
        assert stored(with_special(weeks, new)) == Weeks(weeks.usual, [new])


def test_special_hours_last_a_year_at_most_also_one_after_the_other() -> None:
    first = date(2027, 1, 1)
    assert "a year at most" in refusal(ALWAYS, first, first + 366 * DAY, LATE)
    weeks = with_special(ALWAYS, Period(first, first + 365 * DAY, LATE))
    assert stored(weeks) == weeks
    assert "a year at most" in refusal(weeks, first + 366 * DAY, first + 370 * DAY, EVENINGS)


def test_the_usual_hours_are_not_special() -> None:
    assert "usual hours already" in refusal(ALWAYS, SEPTEMBER, SEPTEMBER + DAY, MORNINGS)
    assert "usual hours already" in refusal(ALWAYS, SEPTEMBER, None, MORNINGS)


def test_other_usual_hours_leave_special_ones_where_they_are() -> None:
    weeks = stored(with_usual_from(with_special(ALWAYS, IN_AUGUST), IN_JULY.from_on or SEPTEMBER, EVENINGS))
    assert [(period.from_on, period.until_on) for period in weeks.usual] == [
        (None, date(2026, 6, 30)),
        (date(2026, 7, 1), None),
    ]
    assert weeks.special == [IN_AUGUST]


def test_other_usual_hours_begin_beside_no_special_ones_and_before_no_planned_change() -> None:
    weeks = with_special(ALWAYS, IN_JULY)
    for from_on in (date(2026, 7, 1), date(2026, 7, 31), date(2026, 8, 1)):
        assert "special hours from" in refusal(weeks, from_on, None, LATE)
    planned = with_usual_from(ALWAYS, SEPTEMBER, EVENINGS)
    for from_on in (SEPTEMBER, SEPTEMBER - DAY):
        assert "change on Tuesday, September 1, 2026 already" in refusal(planned, from_on, None, LATE)


def test_a_change_of_the_usual_hours_holds_before_and_after_special_ones() -> None:
    weeks = stored(changed(with_special(ALWAYS, IN_JULY), None, LATE))
    assert weeks == Weeks([Period(None, None, LATE)], [IN_JULY])
    weeks = stored(changed(weeks, IN_JULY.from_on, MORNINGS))
    assert [period.hours for period in weeks.special] == [MORNINGS]


def test_what_is_removed_gives_way_to_what_it_lay_over_or_followed() -> None:
    assert stored(removed(with_special(ALWAYS, IN_JULY), date(2026, 7, 1))) == ALWAYS
    planned = with_special(with_usual_from(ALWAYS, SEPTEMBER, EVENINGS), IN_JULY)
    assert stored(removed(planned, SEPTEMBER)) == with_special(ALWAYS, IN_JULY)


@pytest.mark.parametrize("begins", [date(2026, 7, 2), date(1999, 1, 1)])
def test_a_day_on_which_no_hours_begin_is_none(begins: date) -> None:
    with pytest.raises(KeyError):
        changed(ALWAYS, begins, LATE)
    with pytest.raises(KeyError):
        removed(ALWAYS, begins)


_DAYS = st.integers(0, 60).map(lambda number: date(2026, 6, 1) + timedelta(days=number))
_HOURS = st.sampled_from([MORNINGS, EVENINGS, LATE, (*EVENINGS, *LATE)])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(_DAYS, st.integers(0, 20), _HOURS), max_size=6))
def test_removing_what_was_added_always_brings_back_every_day(
    wanted: list[tuple[date, int, tuple[WeekdayHours, ...]]],
) -> None:
    """Whatever was refused, each one taken can be taken away, and nothing else changes."""
    weeks = with_usual_from(ALWAYS, date(2026, 7, 1), LATE)
    days = [date(2026, 5, 25) + timedelta(days=number) for number in range(120)]
    for from_on, length, hours in wanted:
        before = {day: hours_on(weeks, day) for day in days}
        new = Period(from_on, from_on + length * DAY, hours)
        try:
            after = stored(with_special(weeks, new))
        except NotSaved:
            continue
        assert {day: hours_on(after, day) for day in days} == before | {
            day: hours for day in days if new.holds_on(day)
        }
        if any(period == new for period in after.special):
            back = removed(after, from_on)
            assert {day: hours_on(back, day) for day in days} == before
        weeks = after
