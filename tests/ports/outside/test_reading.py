"""Busy times out of what strangers write: right where it can be read, and soon over where it is a bomb."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from consult.calendaring.outside import reading
from consult.calendaring.outside.reading import Found, Wanted, read_busy
from consult.calendaring.outside.troubles import CannotRead, Trouble
from consult.core.timespan import TimeSpan

from .ics import at, calendar, event

FROM = datetime(2026, 6, 1, tzinfo=UTC)
WANTED = Wanted(TimeSpan(FROM, FROM + timedelta(days=400)), "America/New_York", "book.example.org")
HOUR = ("20260602T140000Z", "20260602T150000Z")
THAT_HOUR = "06-02 14:00 06-02 15:00"


def busy(*parts: str, skipped: int = 0) -> list[str]:
    """Month, day and time in UTC, of start and end."""
    found = read_busy(calendar(*parts), WANTED)
    assert found.skipped == skipped
    return words(found)


def words(found: Found) -> list[str]:
    return [f"{span.start_at:%m-%d %H:%M} {span.end_at:%m-%d %H:%M}" for span in found.busy]


def trouble(text: bytes, seconds: float = reading.WALL_SECONDS) -> Trouble:
    with pytest.raises(CannotRead) as refusal:
        read_busy(text, WANTED, seconds)
    return refusal.value.trouble


def test_an_event_is_busy_and_those_that_touch_are_one_time():
    assert busy(
        at(*HOUR), at("20260602T150000Z", "20260602T153000Z"), at("20260603T140000Z", "20260603T150000Z")
    ) == [
        "06-02 14:00 06-02 15:30",
        "06-03 14:00 06-03 15:00",
    ]


def test_what_is_cancelled_or_marked_as_free_is_not_busy():
    assert busy(
        at(*HOUR, "STATUS:CANCELLED"),
        at(*HOUR, "TRANSP:TRANSPARENT"),
        at(*HOUR, "X-MICROSOFT-CDO-BUSYSTATUS:FREE"),
        at("20260603T140000Z", "20260603T150000Z", "STATUS:TENTATIVE"),
    ) == ["06-03 14:00 06-03 15:00"]


def test_our_own_events_are_left_out():
    """The visit they are about may have moved since they came to her other calendar."""
    assert busy(at(*HOUR, uid="abc@book.example.org"), at(*HOUR, uid="ABC@BOOK.EXAMPLE.ORG")) == []
    assert busy(at(*HOUR, uid="abc@book.example.org.evil.example")) == [THAT_HOUR]
    assert busy(at(*HOUR, uid="@notbook.example.org")) == [THAT_HOUR]


def test_whole_days_floating_times_and_unknown_zones_are_the_therapists():
    assert busy(event("DTSTART;VALUE=DATE:20260602", "DTEND;VALUE=DATE:20260604")) == [
        "06-02 04:00 06-04 04:00"
    ]
    assert busy(at("20260602T100000", "20260602T110000")) == [THAT_HOUR]
    nowhere = [
        f"{name};TZID=Nowhere/Town:20260602T{time}"
        for name, time in (("DTSTART", "100000"), ("DTEND", "110000"))
    ]
    assert busy(event(*nowhere)) == [THAT_HOUR]


def test_zones_are_kept_and_a_weekly_series_follows_its_clocks():
    berlin = ["DTSTART;TZID=Europe/Berlin:20261019T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2"]
    assert busy(event(*berlin)) == ["10-19 07:00 10-19 08:00", "10-26 08:00 10-26 09:00"]
    windows = ["DTSTART;TZID=Eastern Standard Time:20260602T100000", "DURATION:PT1H"]
    assert busy(event(*windows)) == [THAT_HOUR]


def test_a_time_that_the_clocks_skip_or_show_twice_is_still_a_time():
    series = ["DTSTART;TZID=America/New_York:20270313T023000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3"]
    assert len(busy(event(*series))) == 3
    twice = ["DTSTART;TZID=America/New_York:20261031T013000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3"]
    assert len(busy(event(*twice))) == 3


def test_exceptions_and_moves_of_a_series_are_kept():
    daily = at(*HOUR, "RRULE:FREQ=DAILY;COUNT=4", "EXDATE:20260603T140000Z", uid="series")
    moved = at("20260604T180000Z", "20260604T190000Z", "RECURRENCE-ID:20260604T140000Z", uid="series")
    off = at(
        "20260605T140000Z",
        "20260605T150000Z",
        "RECURRENCE-ID:20260605T140000Z",
        "STATUS:CANCELLED",
        uid="series",
    )
    assert busy(daily, moved, off) == [THAT_HOUR, "06-04 18:00 06-04 19:00"]


def test_free_busy_times_are_read():
    assert busy(
        "BEGIN:VFREEBUSY\r\nUID:1\r\nDTSTAMP:20260101T000000Z",
        "FREEBUSY:20260602T140000Z/PT30M,20260602T143000Z/20260602T150000Z",
        "FREEBUSY;FBTYPE=FREE:20260603T140000Z/PT1H",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260604T140000Z/PT1H",
        "END:VFREEBUSY",
    ) == [THAT_HOUR, "06-04 14:00 06-04 15:00"]


def test_what_reaches_over_the_edges_is_cut_and_the_rest_is_left_out():
    found = read_busy(
        calendar(at("20200101T000000Z", "20260601T010000Z"), at("20250101T000000Z", "20250101T010000Z")),
        WANTED,
    )
    assert words(found) == ["06-01 00:00 06-01 01:00"]


def test_several_calendars_one_after_another_are_read_as_one():
    found = read_busy(calendar(at(*HOUR)) + calendar(at("20260603T140000Z", "20260603T150000Z")), WANTED)
    assert words(found) == [THAT_HOUR, "06-03 14:00 06-03 15:00"]


def test_an_event_that_cannot_be_read_costs_only_itself_and_is_counted():
    assert busy(
        at(*HOUR),
        at("rubbish", "20260602T150000Z"),
        at(*HOUR, "RRULE:FREQ=NEVER"),
        at("20260603T140000Z", "99999999T150000Z"),
        event("DTSTART:20260602T140000Z", "DURATION:P99999999D"),
        event("SUMMARY:No time at all"),
        skipped=4 + 1,
    ) == [THAT_HOUR]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=7",
        "FREQ=HOURLY;COUNT=99999999",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4,5;BYMINUTE=0,10,20,30,40",
        "FREQ=YEARLY;BYSECOND=0,1,2,3,4,5,6,7,8,9;BYMINUTE=0,1,2",
    ],
)
def test_what_recurs_faster_than_any_appointment_is_skipped(rule: str):
    assert busy(at(*HOUR, f"RRULE:{rule}"), at(*HOUR), skipped=1) == [THAT_HOUR]


def test_work_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    """The operating system does it, in the child: nothing in there has to cooperate."""
    monkeypatch.setattr(reading, "CPU_SECONDS", 1)
    series = [at("15000101T000000Z", "15000101T010000Z", "RRULE:FREQ=DAILY") for _ in range(300)]
    assert trouble(calendar(*series)) is Trouble.TOO_HEAVY


def test_memory_without_end_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MEMORY", 150 * 1024 * 1024)
    assert (
        trouble(calendar(event("DTSTART:20260602T140000Z", "X-A:" + "x" * 60_000_000))) is Trouble.TOO_HEAVY
    )


def test_a_look_in_a_hurry_ends_in_time():
    assert trouble(calendar(at(*HOUR)), 0.01) is Trouble.TIMEOUT


def test_too_many_events_are_refused():
    assert trouble(calendar(*["BEGIN:VEVENT\r\nEND:VEVENT"] * 5_001)) is Trouble.TOO_LARGE


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<!DOCTYPE html><html><title>Sign in</title></html>",
        calendar(at(*HOUR))[:-20],
        calendar(at(*HOUR)) + b"BEGIN:VCALENDAR\r\n",
        b"\xff\xfe\x00BEGIN:VCALENDAR END:VCALENDAR",
    ],
    ids=["nothing", "a page", "cut off", "another begun", "rubbish"],
)
def test_what_is_no_whole_calendar_is_none(text: bytes):
    """Half a calendar would free the time of its other half."""
    assert trouble(text) is Trouble.NOT_A_CALENDAR


def test_the_child_knows_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setitem(os.environ, "PYTHONPATH", "/nowhere")
    assert busy(at("20260602T100000", "20260602T110000")) == [THAT_HOUR]
