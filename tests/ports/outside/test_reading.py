"""Busy times out of what strangers write: right where it can be read, and soon over where it is a bomb."""

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from consult.calendaring.outside import reading
from consult.calendaring.outside.owner import owner_addresses
from consult.calendaring.outside.reading import Found, Wanted, read_busy
from consult.calendaring.outside.troubles import CannotRead, Trouble
from consult.core.timespan import TimeSpan

from .ics import at, calendar, event

FROM = datetime(2026, 6, 1, tzinfo=UTC)
WANTED = Wanted(TimeSpan(FROM, FROM + timedelta(days=400)), "America/New_York", "book.example.org")
HOUR = ("20260602T140000Z", "20260602T150000Z")
THAT_HOUR = "06-02 14:00 06-02 15:00"


def busy(*parts: str, skipped: int = 0, wanted: Wanted = WANTED) -> list[str]:
    """Month, day and time in UTC, of start and end."""
    found = read_busy(calendar(*parts), wanted)
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


@pytest.mark.parametrize("until", ["20260604", "20260604T100000", "20260604T140000Z"])
def test_a_series_that_ends_on_a_day_or_without_a_zone_keeps_its_last_event(until: str):
    zone = "TZID=America/New_York"
    series = [f"DTSTART;{zone}:20260602T100000", "DURATION:PT1H", f"RRULE:FREQ=DAILY;UNTIL={until}"]
    assert len(busy(event(*series))) == 3
    floating = ["DTSTART:20260602T100000", "DURATION:PT1H", f"RRULE:FREQ=DAILY;UNTIL={until[:8]}"]
    assert len(busy(event(*floating))) == 3


@pytest.mark.parametrize("until", ["99991231", "99991231T235959", "99991231T235959Z"])
def test_a_series_that_ends_on_the_last_day_there_is_has_no_end(until: str):
    series = ["DTSTART;TZID=America/New_York:20260602T100000", "DURATION:PT1H"]
    daily = busy(event(*series, f"RRULE:FREQ=DAILY;UNTIL={until}"))
    assert (daily[0], len(daily)) == (THAT_HOUR, 399)


@pytest.mark.parametrize("until", ["120000", "P1D", "20260604T140000Z/PT1H", "00010101T000000"])
def test_a_series_that_ends_on_no_day_costs_no_other_event(until: str):
    series = ["DTSTART;TZID=Europe/Berlin:20260603T100000", "DURATION:PT1H"]
    assert busy(event(*series, f"RRULE:FREQ=DAILY;UNTIL={until}"), at(*HOUR), skipped=1) == [THAT_HOUR]


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
        "FREQ=DAILY;INTERVAL=0",
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


def test_a_machine_without_room_for_another_process_reads_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert trouble(calendar(at(*HOUR))) is Trouble.TOO_HEAVY


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


def test_whole_days_are_free_where_she_says_so():
    whole = event("DTSTART;VALUE=DATE:20260603", "DTEND;VALUE=DATE:20260604", "RRULE:FREQ=WEEKLY;COUNT=2")
    exchange = at("20260604T040000Z", "20260605T040000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE", "TRANSP:OPAQUE")
    all_night = at("20260605T040000Z", "20260606T040000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:FALSE")
    free = replace(WANTED, whole_days_busy=False)
    assert busy(whole, exchange, at(*HOUR), all_night, wanted=free) == [
        THAT_HOUR,
        "06-05 04:00 06-06 04:00",
    ]
    assert busy(whole, exchange) == ["06-03 04:00 06-05 04:00", "06-10 04:00 06-11 04:00"]


class TestDeclined:
    HERS = replace(WANTED, owner=frozenset({"olivia@example.org", "op@example.net"}))

    def busy(self, *attendees: str) -> list[str]:
        return busy(at(*HOUR, "ORGANIZER:mailto:boss@example.org", *attendees), wanted=self.HERS)

    @pytest.mark.parametrize(
        "attendee",
        [
            "ATTENDEE;PARTSTAT=DECLINED:mailto:Olivia@Example.org",
            "ATTENDEE;PARTSTAT=declined;CN=O:MAILTO:olivia@example.org",
            "ATTENDEE;PARTSTAT=DECLINED;EMAIL=op@example.net:urn:uuid:1",
        ],
    )
    def test_what_she_declined_is_not_busy(self, attendee: str):
        assert self.busy(attendee) == []
        assert self.busy("ATTENDEE;PARTSTAT=ACCEPTED:mailto:boss@example.org", attendee) == []

    @pytest.mark.parametrize(
        "attendees",
        [
            ["ATTENDEE;PARTSTAT=DECLINED:mailto:boss@example.org"],
            ["ATTENDEE;PARTSTAT=DECLINED:mailto:not-olivia@example.org"],
            ["ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:olivia@example.org"],
            ["ATTENDEE:mailto:olivia@example.org"],
            [
                "ATTENDEE;PARTSTAT=DECLINED:mailto:olivia@example.org",
                "ATTENDEE;PARTSTAT=TENTATIVE:mailto:op@example.net",
            ],
        ],
    )
    def test_what_others_declined_or_she_may_still_take_is_busy(self, attendees: list[str]):
        assert self.busy(*attendees) == [THAT_HOUR]

    def test_of_a_series_only_the_occurrence_she_declined_is_free(self):
        series = at(*HOUR, "RRULE:FREQ=DAILY;COUNT=2", "ATTENDEE:mailto:olivia@example.org", uid="a")
        declined = at(
            "20260603T140000Z",
            "20260603T150000Z",
            "RECURRENCE-ID:20260603T140000Z",
            "ATTENDEE;PARTSTAT=DECLINED:mailto:olivia@example.org",
            uid="a",
        )
        assert busy(series, declined, wanted=self.HERS) == [THAT_HOUR]

    def test_whose_calendar_it_is_its_address_and_user_name_tell(self):
        google = "https://calendar.google.com/calendar/ical/Olivia%40example.org/private-1/basic.ics"
        assert owner_addresses(google, "") == {"olivia@example.org"}
        assert owner_addresses("https://dav.example.net/home/", " OP@example.net ") == {"op@example.net"}
        assert owner_addresses("https://dav.example.net/@home/a@b/", "olivia") == frozenset()


ANOTHER_HOUR = at("20260603T140000Z", "20260603T150000Z")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["DTSTART:20260602T150000Z", "DTEND:20260602T140000Z"], [THAT_HOUR]),
        (["DTSTART:20260602T150000Z", "DURATION:-PT1H"], [THAT_HOUR]),
        (["DTSTART:20260602T150000Z", "DTEND:20260602T150000Z"], []),
        (["DTSTART;VALUE=DATE:20260606", "DTEND;VALUE=DATE:20260604"], ["06-04 04:00 06-06 04:00"]),
        (["DTSTART:20260604T140000Z", "DTEND:99991231T235959Z"], ["06-04 14:00 07-06 00:00"]),
        (["DTSTART;VALUE=DATE:20260604", "DTEND;VALUE=DATE:99991231"], ["06-04 04:00 07-06 00:00"]),
        (["DTSTART:99991231T230000Z", "DTEND:99991231T235959Z"], []),
        (["DTSTART:00010101T000000Z", "DURATION:PT1H", "RRULE:FREQ=YEARLY"], ["01-01 00:00 01-01 01:00"]),
        (
            ["DTSTART:20260604T140000Z", "RDATE;VALUE=PERIOD:20260605T140000Z/PT2H,20260606T140000Z/P1D"],
            ["06-05 14:00 06-05 16:00", "06-06 14:00 06-07 14:00"],
        ),
        (["DTSTART;TZID=../../etc/passwd:20260604T100000", "DURATION:PT1H"], ["06-04 14:00 06-04 15:00"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_odd_times_keep_busy_what_they_name_and_cost_no_other(lines: list[str], found: list[str]):
    assert busy(event(*lines), ANOTHER_HOUR) == sorted(["06-03 14:00 06-03 15:00", *found], key=in_order)


def in_order(words: str) -> tuple[bool, str]:
    return words < "06", words


@pytest.mark.parametrize(
    "lines",
    [
        ["DTSTART;VALUE=PERIOD:20260602T140000Z/PT2H"],
        ["DTSTART:20260602T140000Z", "DURATION:PT1H", "RDATE;VALUE=PERIOD:rubbish"],
        ["DTSTART:20260602T140000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=-5"],
        ["DTSTART:20260602T140000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY", "RRULE:FREQ=SECONDLY"],
        ["DTSTART:20260602T140000Z\0", "DURATION:PT1H"],
    ],
    ids=lambda lines: lines[-1],
)
def test_what_names_no_time_is_counted_and_costs_no_other(lines: list[str]):
    assert busy(event(*lines), ANOTHER_HOUR, skipped=1) == ["06-03 14:00 06-03 15:00"]


@pytest.mark.parametrize("name", ["Nowhere/../etc", "Customized Time Zone", ""])
def test_a_calendar_that_names_a_zone_nobody_knows_keeps_its_times(name: str):
    assert busy(f"X-WR-TIMEZONE:{name}", at(*HOUR)) == [THAT_HOUR]


def zone(name: str, *lines: str) -> str:
    inner = ["BEGIN:STANDARD", "DTSTART:19700101T000000", *lines, "END:STANDARD"]
    return "\r\n".join(["BEGIN:VTIMEZONE", f"TZID:{name}", *inner, "END:VTIMEZONE"])


def test_a_zone_that_lies_about_a_known_name_is_not_believed():
    lie = zone("Europe/Berlin", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0000")
    assert busy(lie, event("DTSTART;TZID=Europe/Berlin:20260602T160000", "DURATION:PT1H")) == [THAT_HOUR]


@pytest.mark.parametrize("lines", [[], ["TZOFFSETFROM:+0000", "TZOFFSETTO:+9999"]])
def test_a_zone_that_cannot_be_meant_frees_nothing(lines: list[str]):
    assert trouble(calendar(zone("Lie", *lines), at(*HOUR))) is Trouble.NOT_A_CALENDAR


def test_a_zone_that_changes_every_second_is_read():
    ticking = zone("Tick", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0000", "RRULE:FREQ=SECONDLY")
    assert busy(ticking, event("DTSTART;TZID=Tick:20260602T140000", "DURATION:PT1H")) == [THAT_HOUR]


def test_events_that_point_at_each_other_are_read_once():
    assert busy(
        at(*HOUR, "RRULE:FREQ=DAILY;COUNT=2", "RELATED-TO:a", uid="a"),
        at("20260603T140000Z", "20260603T150000Z", "RECURRENCE-ID:20260602T140000Z", uid="a"),
        at(*HOUR, "RECURRENCE-ID:20260603T140000Z", uid="a"),
    ) == [THAT_HOUR, "06-03 14:00 06-03 15:00"]


@pytest.mark.parametrize(
    "text",
    [
        calendar("\r\n".join(["BEGIN:VEVENT"] * 4_000 + ["END:VEVENT"] * 4_000)),
        calendar("BEG\r\n IN:VEVENT\r\nUID:1\r\nDTSTART:20260602T140000Z\r\nEND:VEVENT\r\n" * 60_000),
        calendar(event("DTSTART:20260602T140000Z", "RDATE:" + "20260602T140000Z," * 250_000)),
    ],
    ids=["nested", "folded past the count", "dates without end"],
)
def test_what_gets_past_the_counting_is_cut_off(monkeypatch: pytest.MonkeyPatch, text: bytes):
    monkeypatch.setattr(reading, "CPU_SECONDS", 1)
    assert trouble(text) is Trouble.TOO_HEAVY


def test_what_is_asked_for_is_not_told_to_every_user_of_the_machine(monkeypatch: pytest.MonkeyPatch):
    arguments: list[list[str]] = []
    run = reading.subprocess.run
    monkeypatch.setattr(
        reading.subprocess,
        "run",
        lambda command, **more: arguments.append(command) or run(command, **more),
    )
    busy(at(*HOUR), wanted=TestDeclined.HERS)
    assert "olivia" not in str(arguments)
