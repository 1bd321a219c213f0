"""What is wrong with weekly hours, each fault at its field."""

from datetime import date, time

import pytest

from consult.core.given import NotSaved, read_clock, read_day
from consult.scheduling.editor.hours_checks import GivenHours, check_period, check_week, hours_words
from consult.scheduling.editor.week_plan import WeekdayHours

TODAY = date(2026, 6, 1)


def lines(*typed: tuple[int, str, str]) -> list[GivenHours]:
    return [
        GivenHours(f"line{number}", weekday, read_clock(start), read_clock(end))
        for number, (weekday, start, end) in enumerate(typed)
    ]


def faults_of(*typed: tuple[int, str, str]) -> dict[str, str]:
    with pytest.raises(NotSaved) as refusal:
        check_week(lines(*typed))
    return dict(refusal.value.faults)


def test_lines_in_order_or_not_are_taken_and_empty_ones_left_out() -> None:
    taken = check_week(
        lines((0, "13:00", "17:00"), (0, "09:00", "12:00"), (1, "", ""), (6, "22:00", "00:00"))
    )
    assert sorted(taken) == [
        WeekdayHours(0, time(9), time(12)),
        WeekdayHours(0, time(13), time(17)),
        WeekdayHours(6, time(22), time(0)),
    ]


@pytest.mark.parametrize(
    "typed",
    [
        [(0, "09:00", "12:00"), (0, "12:00", "17:00")],
        [(0, "09:00", "12:00"), (1, "09:00", "12:00")],
        [(0, "00:00", "00:00")],
        [(0, "00:00", "12:00"), (0, "12:00", "00:00")],
        [],
    ],
    ids=["they only touch", "other days", "round the clock", "up to midnight", "never"],
)
def test_hours_that_share_no_moment_are_taken(typed: list[tuple[int, str, str]]) -> None:
    assert len(check_week(lines(*typed))) == len(typed)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            [(0, "13:00", "09:00")],
            {"line0-end": "Monday: these hours end before they start, at 1:00 pm."},
        ),
        ([(6, "09:00", "09:00")], {"line0-end": "Sunday: these hours end when they start, at 9:00 am."}),
        ([(1, "22:00", "02:00")], {"line0-end": "Tuesday: these hours end before they start, at 10:00 pm."}),
        ([(2, "09:00", "")], {"line0-end": "Wednesday: give the end as a time, such as 17:00."}),
        ([(3, "", "17:00")], {"line0-start": "Thursday: give the start as a time, such as 9:00."}),
        ([(4, "9 o'clock", "25:00")], {"line0-start", "line0-end"}),
        ([(5, "09:00:30", "17:00")], {"line0-start": "Give times in whole minutes."}),
        (
            [(0, "09:00", "12:00"), (0, "11:00", "14:00")],
            {"line1-start": "Monday: 11:00 am to 2:00 pm overlaps 9:00 am to 12:00 pm."},
        ),
        (
            [(0, "11:00", "14:00"), (0, "09:00", "12:00")],
            {"line0-start": "Monday: 11:00 am to 2:00 pm overlaps 9:00 am to 12:00 pm."},
        ),
        (
            [(0, "20:00", "00:00"), (0, "23:00", "23:30")],
            {"line1-start": "Monday: 11:00 pm to 11:30 pm overlaps 8:00 pm to midnight."},
        ),
        (
            [(0, "09:00", "17:00"), (0, "10:00", "11:00"), (0, "12:00", "13:00")],
            {"line1-start", "line2-start"},
        ),
        ([(0, "09:00", "12:00"), (0, "09:00", "12:00")], {"line1-start"}),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    typed: list[tuple[int, str, str]], expected: dict[str, str] | set[str]
) -> None:
    found = faults_of(*typed)
    assert (found if isinstance(expected, dict) else set(found)) == expected


def test_everything_wrong_is_found_at_once_in_the_order_of_the_week() -> None:
    found = faults_of((3, "10:00", ""), (0, "09:00", "12:00"), (0, "10:00", "11:00"))
    assert list(found) == ["line2-start", "line0-end"]


def test_a_day_has_eight_lines_at_most() -> None:
    nine = [(0, f"{hour:02d}:00", f"{hour:02d}:30") for hour in range(9)]
    assert len(check_week(lines(*nine[:8]))) == 8
    assert list(faults_of(*nine)) == ["line8-start"]


@pytest.mark.parametrize(
    ("from_on", "until_on", "expected"),
    [
        ("2026-06-01", "", (TODAY, None)),
        ("2026-07-01", "2026-07-01", (date(2026, 7, 1), date(2026, 7, 1))),
        ("", "", {"week-from"}),
        ("2026-05-31", "", {"week-from"}),
        ("2026-07-02", "2026-07-01", {"week-until"}),
        ("2026-07-01", "soon", {"week-until"}),
        ("9999-12-31", "", {"week-from"}),
        ("soon", "2026-07-01", {"week-from"}),
    ],
)
def test_other_hours_begin_today_or_later_and_end_after_that(
    from_on: str, until_on: str, expected: tuple[date, date | None] | set[str]
) -> None:
    if isinstance(expected, tuple):
        assert check_period(read_day(from_on), read_day(until_on), [], TODAY) == (*expected, [])
        return
    with pytest.raises(NotSaved) as refusal:
        check_period(read_day(from_on), read_day(until_on), [], TODAY)
    assert {fault.where for fault in refusal.value.faults} == expected


def test_days_and_lines_are_refused_together() -> None:
    with pytest.raises(NotSaved) as refusal:
        check_period("", "", lines((0, "12:00", "09:00")), TODAY)
    assert [fault.where for fault in refusal.value.faults] == ["week-from", "line0-end"]


def test_an_end_of_midnight_reads_so() -> None:
    assert hours_words(time(0), time(0)) == "12:00 am to midnight"
