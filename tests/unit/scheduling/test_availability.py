"""Hours, public holidays and time off as real time."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consult.core.timespan import TimeSpan
from consult.scheduling.availability import Absence, DayHours, Hours, WeeklyHours

NEW_YORK = ZoneInfo("America/New_York")
MONDAY, SUNDAY = 0, 6


def hours(weekday: int, start: str, end: str, **validity: date) -> WeeklyHours:
    return WeeklyHours(weekday, time.fromisoformat(start), time.fromisoformat(end), **validity)


def off(start: str, end: str, note: str | None = None) -> Absence:
    start_at, end_at = datetime.fromisoformat(start), datetime.fromisoformat(end)
    return Absence(start_at.date(), start_at.time(), end_at.date(), end_at.time(), note)


def open_spans(
    weekly: Sequence[WeeklyHours],
    absences: Sequence[Absence],
    zone: ZoneInfo,
    first_on: date,
    days: int,
    *,
    extra: Sequence[DayHours] = (),
    holiday: Callable[[date], str | None] = lambda day: None,
) -> list[TimeSpan]:
    hours = Hours(zone, weekly, extra, absences, holiday)
    return [span for number in range(days) for span in hours.open_on(first_on + timedelta(days=number))]


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
    lunch = off("2026-06-01T12:00", "2026-06-01T13:00")

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


JUNE_1 = date(2026, 6, 1)
"""A Monday."""
NINE_TO_FIVE = hours(MONDAY, "09:00", "17:00")


def local(text: str) -> TimeSpan:
    """09:00-12:00 on the first of June in New York."""
    start, end = (time.fromisoformat(part) for part in text.split("-"))
    return TimeSpan(datetime.combine(JUNE_1, start, NEW_YORK), datetime.combine(JUNE_1, end, NEW_YORK))


def extra(text: str, day: date = JUNE_1) -> DayHours:
    start, end = (time.fromisoformat(part) for part in text.split("-"))
    return DayHours(day, start, end)


@pytest.mark.parametrize(
    ("is_holiday", "extras", "absences", "expected"),
    [
        (False, [], [], ["09:00-17:00"]),
        (True, [], [], []),
        (True, [extra("10:00-12:00")], [], ["10:00-12:00"]),
        (False, [extra("18:00-20:00")], [], ["09:00-17:00", "18:00-20:00"]),
        (False, [extra("17:00-20:00")], [], ["09:00-20:00"]),
        (False, [extra("16:00-20:00"), extra("07:00-08:00")], [], ["07:00-08:00", "09:00-20:00"]),
        (False, [extra("10:00-12:00", date(2026, 6, 8))], [], ["09:00-17:00"]),
        (False, [], [off("2026-05-30T00:00", "2026-06-01T11:00")], ["11:00-17:00"]),
        (False, [], [off("2026-06-01T15:30", "2026-06-20T00:00")], ["09:00-15:30"]),
        (False, [], [off("2026-05-30T00:00", "2026-06-20T00:00")], []),
        (
            False,
            [extra("18:00-20:00")],
            [off("2026-06-01T16:00", "2026-06-01T19:00")],
            ["09:00-16:00", "19:00-20:00"],
        ),
        (True, [extra("10:00-12:00")], [off("2026-06-01T00:00", "2026-06-02T00:00")], []),
        (
            True,
            [extra("10:00-12:00")],
            [off("2026-06-01T11:00", "2026-06-01T11:15")],
            ["10:00-11:00", "11:15-12:00"],
        ),
    ],
)
def test_holidays_close_weekly_hours_alone_and_time_off_closes_everything(
    is_holiday: bool, extras: list[DayHours], absences: list[Absence], expected: list[str]
) -> None:
    found = open_spans(
        [NINE_TO_FIVE],
        absences,
        NEW_YORK,
        JUNE_1,
        1,
        extra=extras,
        holiday=lambda day: "Feast" if is_holiday and day == JUNE_1 else None,
    )

    assert found == [local(text) for text in expected]


minutes = st.integers(0, 24 * 60 - 1)


def clock(minute: int) -> time:
    return time(minute // 60, minute % 60)


@st.composite
def hours_of_a_day(draw: st.DrawFn) -> list[tuple[time, time]]:
    pairs = draw(st.lists(st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1]), max_size=3))
    return [(clock(min(pair)), clock(max(pair))) for pair in pairs]


@settings(deadline=None)
@given(hours_of_a_day(), hours_of_a_day(), hours_of_a_day(), st.booleans(), st.lists(minutes, max_size=20))
def test_a_minute_is_open_when_some_hours_hold_then_and_no_time_off_does(
    weekly: list[tuple[time, time]],
    extras: list[tuple[time, time]],
    absences: list[tuple[time, time]],
    is_holiday: bool,
    asked: list[int],
) -> None:
    found = open_spans(
        [WeeklyHours(MONDAY, *each) for each in weekly],
        [Absence(JUNE_1, start, JUNE_1, end) for start, end in absences],
        NEW_YORK,
        JUNE_1,
        1,
        extra=[DayHours(JUNE_1, *each) for each in extras],
        holiday=lambda day: "Feast" if is_holiday else None,
    )

    def inside(spans: list[tuple[time, time]], wall: time) -> bool:
        return any(start <= wall < end for start, end in spans)

    for wall in map(clock, asked):
        at = datetime.combine(JUNE_1, wall, NEW_YORK)
        held = (inside(weekly, wall) and not is_holiday) or inside(extras, wall)
        is_open = any(each.start_at <= at < each.end_at for each in found)
        assert is_open is (held and not inside(absences, wall))


def test_time_off_inside_the_skipped_hour_takes_nothing() -> None:
    weekly = [hours(SUNDAY, "01:00", "04:00")]
    day = date(2026, 3, 8)

    nothing_off = open_spans(weekly, [off("2026-03-08T02:10", "2026-03-08T02:50")], NEW_YORK, day, 1)

    assert nothing_off == open_spans(weekly, [], NEW_YORK, day, 1)


def test_time_off_keeps_its_wall_clock_when_clocks_change_meanwhile() -> None:
    weekly = [hours(weekday, "09:00", "17:00") for weekday in range(7)]
    fortnight = [off("2026-03-01T12:00", "2026-03-15T12:00")]

    found = open_spans(weekly, fortnight, NEW_YORK, date(2026, 3, 1), 15)

    assert found == [
        span("2026-03-01T14:00", "2026-03-01T17:00"),
        span("2026-03-15T16:00", "2026-03-15T21:00"),
    ]


@pytest.mark.parametrize(
    ("weekday", "start", "end"),
    [(7, "09:00", "10:00"), (-1, "09:00", "10:00"), (0, "09:00", "09:00"), (0, "22:00", "02:00")],
)
def test_hours_that_make_no_sense_are_refused(weekday: int, start: str, end: str) -> None:
    with pytest.raises(ValueError, match=r"weekday|end after"):
        hours(weekday, start, end)
    if weekday == MONDAY:
        with pytest.raises(ValueError, match="end after"):
            DayHours(JUNE_1, time.fromisoformat(start), time.fromisoformat(end))
