"""Weekly hours as real time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from consult.core.timespan import TimeSpan
from consult.scheduling.availability import WeeklyHours, open_spans

NEW_YORK = ZoneInfo("America/New_York")
MONDAY, SUNDAY = 0, 6


def hours(weekday: int, start: str, end: str, **validity: date) -> WeeklyHours:
    return WeeklyHours(weekday, time.fromisoformat(start), time.fromisoformat(end), **validity)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(start: str, end: str) -> TimeSpan:
    return TimeSpan(utc(start), utc(end))


@pytest.mark.parametrize(
    ("zone", "day", "start", "end", "expected", "elapsed"),
    [
        ("America/New_York", "2026-03-08", "01:00", "04:00", ("2026-03-08T06:00", "2026-03-08T08:00"), 120),
        ("America/New_York", "2026-03-08", "02:30", "04:00", ("2026-03-08T07:00", "2026-03-08T08:00"), 60),
        ("America/New_York", "2026-11-01", "00:30", "03:00", ("2026-11-01T04:30", "2026-11-01T08:00"), 210),
        ("America/New_York", "2026-11-01", "01:30", "03:00", ("2026-11-01T05:30", "2026-11-01T08:00"), 150),
        ("America/New_York", "2026-11-01", "00:30", "01:30", ("2026-11-01T04:30", "2026-11-01T05:30"), 60),
        ("Europe/Berlin", "2026-03-29", "01:00", "04:00", ("2026-03-29T00:00", "2026-03-29T02:00"), 120),
        ("Europe/Berlin", "2026-10-25", "01:00", "04:00", ("2026-10-24T23:00", "2026-10-25T03:00"), 240),
        ("Australia/Sydney", "2026-10-04", "01:00", "04:00", ("2026-10-03T15:00", "2026-10-03T17:00"), 120),
        ("Australia/Sydney", "2026-04-05", "01:00", "04:00", ("2026-04-04T14:00", "2026-04-04T18:00"), 240),
        (
            "Australia/Lord_Howe",
            "2026-10-04",
            "01:00",
            "04:00",
            ("2026-10-03T14:30", "2026-10-03T17:00"),
            150,
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-05",
            "01:00",
            "04:00",
            ("2026-04-04T14:00", "2026-04-04T17:30"),
            210,
        ),
        ("America/Phoenix", "2026-03-08", "01:00", "04:00", ("2026-03-08T08:00", "2026-03-08T11:00"), 180),
    ],
)
def test_hours_over_a_change_of_clocks_keep_their_real_length(
    zone: str, day: str, start: str, end: str, expected: tuple[str, str], elapsed: int
) -> None:
    [found] = open_spans([hours(SUNDAY, start, end)], [], ZoneInfo(zone), date.fromisoformat(day), 1)

    assert found == span(*expected)
    assert found.duration == timedelta(minutes=elapsed)


def test_hours_wholly_inside_the_skipped_hour_do_not_exist_that_day() -> None:
    weekly = [hours(SUNDAY, "02:10", "02:50")]

    assert open_spans(weekly, [], NEW_YORK, date(2026, 3, 8), 1) == []
    assert len(open_spans(weekly, [], NEW_YORK, date(2026, 3, 15), 1)) == 1


def test_nine_o_clock_stays_nine_o_clock_through_the_year() -> None:
    spans = open_spans([hours(MONDAY, "09:00", "10:00")], [], NEW_YORK, date(2026, 1, 1), 365)

    assert {each.start_at.astimezone(NEW_YORK).hour for each in spans} == {9}
    assert {each.start_at.hour for each in spans} == {13, 14}


@pytest.mark.parametrize(
    ("day", "is_open"),
    [("2026-06-01", False), ("2026-06-08", True), ("2026-06-22", True), ("2026-06-29", False)],
)
def test_hours_hold_from_their_first_day_to_their_last_both_included(day: str, is_open: bool) -> None:
    rule = hours(MONDAY, "09:00", "10:00", valid_from_on=date(2026, 6, 8), valid_until_on=date(2026, 6, 22))

    assert bool(open_spans([rule], [], NEW_YORK, date.fromisoformat(day), 1)) is is_open


def test_time_off_is_cut_out_of_the_hours() -> None:
    weekly = [hours(MONDAY, "09:00", "17:00")]
    lunch = span("2026-06-01T16:00", "2026-06-01T17:00")

    assert open_spans(weekly, [lunch], NEW_YORK, date(2026, 6, 1), 1) == [
        span("2026-06-01T13:00", "2026-06-01T16:00"),
        span("2026-06-01T17:00", "2026-06-01T21:00"),
    ]


def test_overlapping_hours_of_one_day_are_open_once() -> None:
    weekly = [hours(MONDAY, "09:00", "12:00"), hours(MONDAY, "11:00", "13:00")]

    assert open_spans(weekly, [], NEW_YORK, date(2026, 6, 1), 1) == [
        span("2026-06-01T13:00", "2026-06-01T17:00")
    ]


def test_midnight_as_an_end_is_the_end_of_the_day() -> None:
    [found] = open_spans([hours(MONDAY, "22:00", "00:00")], [], NEW_YORK, date(2026, 6, 1), 1)

    assert found == span("2026-06-02T02:00", "2026-06-02T04:00")


def test_what_a_day_offers_does_not_depend_on_the_days_asked_for_with_it() -> None:
    weekly = [hours(day, "00:00", "00:00") for day in range(7)]

    for zone in (NEW_YORK, ZoneInfo("Africa/Cairo"), ZoneInfo("Australia/Lord_Howe")):
        year = open_spans(weekly, [], zone, date(2026, 1, 1), 365)
        one_by_one = [
            open_spans(weekly, [], zone, date(2026, 1, 1) + timedelta(days=number), 1)
            for number in range(365)
        ]
        assert year == [each for day in one_by_one for each in day]


@pytest.mark.parametrize(
    ("weekday", "start", "end"),
    [(7, "09:00", "10:00"), (-1, "09:00", "10:00"), (0, "09:00", "09:00"), (0, "22:00", "02:00")],
)
def test_hours_that_make_no_sense_are_refused(weekday: int, start: str, end: str) -> None:
    with pytest.raises(ValueError, match=r"weekday|end after"):
        hours(weekday, start, end)
