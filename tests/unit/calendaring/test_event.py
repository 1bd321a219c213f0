import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import icalendar
import ics
import pytest
import vobject

from consult.calendaring.event import EventFacts, Status, vevent
from consult.calendaring.feed import calendar_bytes
from consult.core.timespan import TimeSpan

Facts = Callable[..., EventFacts]

PAGE = "https://book.example.org/b/k3y"

HOSTILE = [
    "Ann\r\nATTENDEE:mailto:eve@example.org",
    "Ann\nEND:VEVENT",
    "Ann\x00\x07\x1b",
    "Ann\u2028BEGIN:VEVENT\u2029x\x85y\x0bz\x0c",
    "\"Ann\" 'Lee'; DROP, \\n ^n ^'",
    "👩‍⚕️ 🏳️‍🌈 Zoë",
    "\u202eeeL nnA\u202c",
    "x" * 300,
    "🙂" * 300,
    "",
    "Ann\ud800",
]


def parsed(body: bytes) -> icalendar.Event:
    return icalendar.Calendar.from_ical(body).walk("VEVENT")[0]


def test_an_event_has_every_property_once_and_in_utc(facts: Facts) -> None:
    lines = vevent(facts(sequence=3)).replace(b"\r\n ", b"").decode().splitlines()

    assert [lines[0], lines[-1]] == ["BEGIN:VEVENT", "END:VEVENT"]
    assert sorted(lines[1:-1]) == [
        "CLASS:PRIVATE",
        "CONFERENCE;VALUE=URI;FEATURE=VIDEO;LABEL=Join:https://book.example.org/b/k3y",
        "CREATED:20260601T110000Z",
        f"DESCRIPTION:When it is\\, and where to join: {PAGE}\\nIn an emergency call 911.",
        "DTEND:20260602T194500Z",
        "DTSTAMP:20260601T120000Z",
        "DTSTART:20260602T190000Z",
        "LAST-MODIFIED:20260601T120000Z",
        "LOCATION:https://book.example.org/b/k3y",
        "SEQUENCE:3",
        "STATUS:CONFIRMED",
        "SUMMARY:Online appointment",
        "TRANSP:OPAQUE",
        "UID:5d0b6c1e@book.example.org",
        "URL:https://book.example.org/b/k3y",
    ]


@pytest.mark.parametrize("zone", [ZoneInfo("America/New_York"), timezone(timedelta(hours=2)), UTC])
def test_no_time_zone_ever_reaches_the_event(facts: Facts, zone: ZoneInfo | timezone) -> None:
    start = datetime(2026, 7, 1, 9, 0, tzinfo=zone)
    body = vevent(facts(span=TimeSpan(start, start + timedelta(hours=1)), revised_at=start, created_at=start))

    assert b"TZID" not in body
    utc = f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}".encode()
    assert body.count(utc) == 4


def test_a_naive_time_is_refused(facts: Facts) -> None:
    with pytest.raises(ValueError, match="naive"):
        facts(revised_at=datetime(2026, 6, 1, 12, 0))  # noqa: DTZ001


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://x.example/\r\nSUMMARY:x", "https://x.example/a b", ""]
)
def test_an_address_that_is_no_web_address_is_refused(facts: Facts, url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        facts(url=url)


@pytest.mark.parametrize("changes", [{"status": Status.CANCELLED}, {"by_video": False}, {"url": None}])
def test_only_a_standing_video_visit_offers_a_call_to_join(facts: Facts, changes: dict[str, object]) -> None:
    event = parsed(calendar_bytes([vevent(facts(**changes))]))

    assert event["STATUS"] == changes.get("status", "CONFIRMED")
    assert "CONFERENCE" not in event


def test_the_same_facts_give_the_same_bytes(facts: Facts) -> None:
    assert vevent(facts(summary="Zoë, 🙂")) == vevent(facts(summary="Zoë, 🙂"))


@pytest.mark.parametrize("field", ["summary", "description", "location"])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_breaks_out_of_its_property(facts: Facts, field: str, text: str) -> None:
    body = calendar_bytes([vevent(facts(**{field: text}))])

    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    assert body.count(b"\r\n") == body.count(b"\n") == body.count(b"\r")
    assert len(body.decode().splitlines()) == body.count(b"\r\n")
    assert not set(body) & (set(range(32)) - {10, 13})
    names = [line.split(b":")[0].split(b";")[0] for line in body.replace(b"\r\n ", b"").splitlines()]
    assert names.count(b"BEGIN") == names.count(b"END") == 2
    assert b"ATTENDEE" not in names
    assert parsed(body)["UID"] == "5d0b6c1e@book.example.org"


@pytest.mark.parametrize("text", [text for text in HOSTILE if text and "\\" not in text])
def test_three_independent_readers_agree_on_time_uid_and_title(facts: Facts, text: str) -> None:
    # None with a backslash: ics takes the two characters of an escaped one, then n, for a line break.
    body = calendar_bytes([vevent(facts(summary=text))]).decode()
    start = datetime(2026, 6, 2, 19, 0, tzinfo=UTC)

    first = parsed(body.encode())
    second = vobject.readOne(body).vevent
    with warnings.catch_warnings(action="ignore"):
        (third,) = ics.Calendar(body).events

    assert first["DTSTART"].dt == second.dtstart.value == third.begin.datetime == start
    assert first["DTEND"].dt == second.dtend.value == third.end.datetime == start + timedelta(minutes=45)
    assert str(first["UID"]) == second.uid.value == third.uid
    assert str(first["SUMMARY"]) == second.summary.value == third.name
