"""What was typed, as far as it can be read."""

from datetime import date, time

import pytest

from consult.core.given import Fault, Faults, NotSaved, read_clock, read_day, read_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45", 45),
        (" 7 ", 7),
        ("-3", -3),
        ("", ""),
        ("4.5", "4.5"),
        ("1e3", "1e3"),
        ("٣", "٣"),
        ("1234567890", "1234567890"),
        ("twelve", "twelve"),
    ],
)
def test_only_plain_whole_numbers_are_numbers(text: str, expected: int | str) -> None:
    assert read_number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-01", date(2026, 6, 1)),
        ("", ""),
        ("2026-02-29", "2026-02-29"),
        ("20260601", "20260601"),
        ("2026-W23-1", "2026-W23-1"),
        ("06/01/2026", "06/01/2026"),
        ("0000-01-01", "0000-01-01"),
    ],
)
def test_only_real_days_as_browsers_send_them_are_days(text: str, expected: date | str) -> None:
    assert read_day(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("09:00", time(9)),
        ("9:00", time(9)),
        ("00:00", time(0)),
        ("09:00:30", time(9, 0, 30)),
        ("", ""),
        ("24:00", "24:00"),
        ("25:00", "25:00"),
        ("9", "9"),
        ("9am", "9am"),
        ("09:00+02:00", "09:00+02:00"),
    ],
)
def test_only_times_of_the_day_without_a_zone_are_times(text: str, expected: time | str) -> None:
    assert read_clock(text) == expected


def test_what_is_wrong_is_refused_all_at_once() -> None:
    faults = Faults()
    faults.number("length", "x", range(1, 9), "Give a length.")
    faults.number("width", 9, range(1, 9), "Give a width.")
    with pytest.raises(NotSaved) as refusal:
        faults.refuse()
    assert refusal.value.faults == (Fault("length", "Give a length."), Fault("width", "Give a width."))


def test_without_a_fault_nothing_is_refused() -> None:
    faults = Faults()
    assert faults.number("length", 8, range(1, 9), "Give a length.") == 8
    faults.refuse()
