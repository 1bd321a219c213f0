import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import icalendar
import ics
import pytest
import vobject

from consult.calendaring import feed
from consult.calendaring.event import EventFacts, vevent
from consult.calendaring.feed import (
    calendar_bytes,
    compressed,
    etag,
    feed_bytes,
    month_start,
    not_modified,
    window,
)

Facts = Callable[..., EventFacts]

MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_feed_is_head_events_tail_and_every_reader_finds_all_events(facts: Facts) -> None:
    body = feed_bytes([vevent(facts(uid=f"{n}@x")) for n in range(3)])

    uids = {"0@x", "1@x", "2@x"}
    assert {str(event["UID"]) for event in icalendar.Calendar.from_ical(body).walk("VEVENT")} == uids
    assert {event.uid.value for event in vobject.readOne(body.decode()).vevent_list} == uids
    assert {event.uid for event in ics.Calendar(body.decode()).events} == uids


def test_a_feed_names_itself_asks_to_be_read_hourly_and_is_no_message() -> None:
    head = feed_bytes([]).decode().splitlines()

    assert head == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Consult//Online appointments//EN",
        "CALSCALE:GREGORIAN",
        "X-WR-CALNAME:Online appointments",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "END:VCALENDAR",
    ]


def test_a_file_to_download_is_a_plain_calendar_without_method(facts: Facts) -> None:
    calendar = icalendar.Calendar.from_ical(calendar_bytes([vevent(facts())]))

    assert set(calendar) == {"VERSION", "PRODID", "CALSCALE"}
    assert len(calendar.walk("VEVENT")) == 1
    assert "ATTENDEE" not in calendar.walk("VEVENT")[0]


def test_compression_gives_back_the_feed_and_the_same_bytes_each_time() -> None:
    body = feed_bytes([b"y" * 1000])

    assert gzip.decompress(compressed(body)) == body
    assert compressed(body)[4:8] == bytes(4), "the time of compression must not be in it (RFC 1952 MTIME)"


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        (
            datetime(2026, 6, 1, tzinfo=UTC),
            datetime(2026, 3, 1, tzinfo=UTC),
            datetime(2028, 1, 1, tzinfo=UTC),
        ),
        (
            datetime(2026, 6, 30, 23, 59, tzinfo=UTC),
            datetime(2026, 3, 1, tzinfo=UTC),
            datetime(2028, 1, 1, tzinfo=UTC),
        ),
        (
            datetime(2026, 1, 31, tzinfo=UTC),
            datetime(2025, 10, 1, tzinfo=UTC),
            datetime(2027, 8, 1, tzinfo=UTC),
        ),
        (
            datetime(2026, 12, 5, tzinfo=UTC),
            datetime(2026, 9, 1, tzinfo=UTC),
            datetime(2028, 7, 1, tzinfo=UTC),
        ),
    ],
)
def test_the_window_moves_on_month_boundaries_only(now: datetime, start: datetime, end: datetime) -> None:
    assert (window(now).start_at, window(now).end_at) == (start, end)
    assert month_start(now) == now.replace(day=1, hour=0, minute=0)


def test_the_etag_tells_apart_everything_that_changes_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    tags = [
        etag(1, MARCH, MARCH, gzipped=False),
        etag(2, MARCH, MARCH, gzipped=False),
        etag(1, MARCH + timedelta(seconds=1), MARCH, gzipped=False),
        etag(1, MARCH, MARCH + timedelta(days=31), gzipped=False),
        etag(1, MARCH, MARCH, gzipped=True),
    ]
    monkeypatch.setattr(feed, "FORMAT", feed.FORMAT + 1)
    tags.append(etag(1, MARCH, MARCH, gzipped=False))

    assert len(set(tags)) == len(tags)
    assert etag(1, MARCH, MARCH, gzipped=False) == tags[-1]
    assert all(tag[0] == tag[-1] == '"' for tag in tags)


TAG = '"abc"'
CHANGED = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
THEN, BEFORE = "Mon, 01 Jun 2026 12:00:00 GMT", "Mon, 01 Jun 2026 11:59:59 GMT"


@pytest.mark.parametrize(
    ("none_match", "since", "unchanged"),
    [
        (None, None, False),
        ('"abc"', None, True),
        ('W/"abc"', None, True),
        ('"x", W/"abc" ,"y"', None, True),
        ("*", None, True),
        ('"abcd"', None, False),
        ("abc", None, False),
        ("", None, False),
        ('"old"', THEN, False),
        ('"abc"', BEFORE, True),
        (None, THEN, True),
        (None, BEFORE, False),
        (None, "Mon, 01 Jun 2026 12:00:00 -0000", True),
        (None, "yesterday", False),
        (None, "", False),
        (None, "Mon, 01 Jun 99999999999 12:00:00 GMT", False),
    ],
)
def test_a_conditional_request_gets_304_only_when_nothing_changed(
    none_match: str | None, since: str | None, unchanged: bool
) -> None:
    assert not_modified(none_match, since, TAG, CHANGED) is unchanged
