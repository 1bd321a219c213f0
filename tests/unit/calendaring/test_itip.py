from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import icalendar
import ics
import pytest
import vobject

from consult.calendaring.event import EventFacts, Status
from consult.calendaring.itip import Invitation, Method, Party, invitation

Facts = Callable[..., EventFacts]

PRACTICE = Party.of("Dr. Olivia Patel <bookings@example.org>")
ANN = Party("Ann Lee", "ann@example.com")


def unfolded(sent: Invitation) -> list[str]:
    return sent.ics.replace(b"\r\n ", b"").decode().splitlines()


@pytest.fixture
def request_(facts: Facts) -> Invitation:
    return invitation(facts(), PRACTICE, ANN)


@pytest.fixture
def cancel(facts: Facts) -> Invitation:
    later = datetime(2026, 6, 1, 13, 0, tzinfo=UTC)
    return invitation(facts(status=Status.CANCELLED, sequence=1, revised_at=later), PRACTICE, ANN)


def test_a_request_is_a_whole_calendar_with_its_method_on_top(request_: Invitation) -> None:
    lines = unfolded(request_)
    head = lines[1 : lines.index("BEGIN:VEVENT")]

    assert request_.method is Method.REQUEST
    assert sorted(line.split(":")[0] for line in head) == ["CALSCALE", "METHOD", "PRODID", "VERSION"]
    assert "METHOD:REQUEST" in head
    assert "CALSCALE:GREGORIAN" in head
    assert "VERSION:2.0" in head


def test_a_cancellation_says_so_in_method_and_status(cancel: Invitation) -> None:
    lines = unfolded(cancel)

    assert cancel.method is Method.CANCEL
    assert "METHOD:CANCEL" in lines
    assert "STATUS:CANCELLED" in lines
    assert "METHOD:REQUEST" not in lines


def test_only_the_recipient_attends_and_the_practice_organises(
    request_: Invitation, cancel: Invitation
) -> None:
    attendee = (
        'ATTENDEE;CN="Ann Lee";CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE'
        ":mailto:ann@example.com"
    )
    organizer = 'ORGANIZER;CN="Dr. Olivia Patel":mailto:bookings@example.org'
    for sent in (request_, cancel):
        assert [line for line in unfolded(sent) if line.startswith("ATTENDEE")] == [attendee]
        assert [line for line in unfolded(sent) if line.startswith("ORGANIZER")] == [organizer]


def test_a_cancellation_is_the_same_event_one_sequence_and_one_stamp_on(
    request_: Invitation, cancel: Invitation
) -> None:
    first, second = (icalendar.Calendar.from_ical(sent.ics).walk("VEVENT")[0] for sent in (request_, cancel))

    for same in ("UID", "DTSTART", "DTEND", "ORGANIZER", "CREATED"):
        assert first[same].to_ical() == second[same].to_ical()
    assert (first["SEQUENCE"], second["SEQUENCE"]) == (0, 1)
    assert first["DTSTAMP"].dt < second["DTSTAMP"].dt == second["LAST-MODIFIED"].dt


@pytest.mark.parametrize(
    "absent", ["X-WR-CALNAME", "NAME", "VTIMEZONE", "TZID", "X-GOOGLE", "X-MICROSOFT", "VALARM"]
)
def test_nothing_stands_in_an_invitation_that_some_program_stumbles_over(
    request_: Invitation, cancel: Invitation, absent: str
) -> None:
    for sent in (request_, cancel):
        assert not any(absent in line.split(":")[0] or line == f"BEGIN:{absent}" for line in unfolded(sent))


def test_the_uid_stands_in_the_event_only(request_: Invitation) -> None:
    assert [line for line in unfolded(request_) if line.startswith("UID")] == [
        "UID:5d0b6c1e@book.example.org"
    ]


def test_the_same_revision_gives_the_same_bytes(facts: Facts, request_: Invitation) -> None:
    assert invitation(facts(), PRACTICE, ANN) == request_


HOSTILE_NAMES = [
    "Ann\r\nATTENDEE:mailto:eve@example.org",
    'Ann "the boss" ^n Lee',
    "Lee, Ann; (x): y",
    "Ann\x00\x07\u2028Lee\x85",
    "\u202eeeL\u202c",
    "🙂" * 300,
    "x" * 300,
    "Ann\ud800",
    "",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_breaks_out_of_its_parameter(facts: Facts, name: str) -> None:
    body = invitation(facts(), Party(name, "bookings@example.org"), Party(name, "ann@example.com")).ics

    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    assert not set(body) & (set(range(32)) - {10, 13})
    assert b"^" not in body
    event = icalendar.Calendar.from_ical(body).walk("VEVENT")[0]
    assert [str(one) for one in event.attendees] == ["mailto:ann@example.com"]
    assert str(event["ORGANIZER"]) == "mailto:bookings@example.org"
    assert vobject.readOne(body.decode()).vevent.attendee.value == "mailto:ann@example.com"


@pytest.mark.parametrize(
    ("email", "written"),
    [
        ("o'brien+x@example.com", "mailto:o'brien+x@example.com"),
        ("ann@x.example\r\nX:y", "mailto:ann@x.example%0D%0AX%3Ay"),
        ("ann@x.example, eve@x.example", "mailto:ann@x.example%2C%20eve@x.example"),
        ("jörg@müller.example", "mailto:j%C3%B6rg@m%C3%BCller.example"),
        ("ann\u2028\x00@x.example", "mailto:ann%E2%80%A8%00@x.example"),
        ("ann\ud800@x.example", "mailto:ann?@x.example"),
        ("", "mailto:"),
    ],
)
def test_no_address_breaks_out_of_its_line(facts: Facts, email: str, written: str) -> None:
    event = icalendar.Calendar.from_ical(invitation(facts(), Party("", email), Party("", email)).ics).events[
        0
    ]

    assert [str(one) for one in event.attendees] == [written]
    assert str(event["ORGANIZER"]) == written


def test_three_independent_readers_read_the_same_hour(request_: Invitation, cancel: Invitation) -> None:
    start = datetime(2026, 6, 2, 19, 0, tzinfo=UTC)
    for sent, status in ((request_, "CONFIRMED"), (cancel, "CANCELLED")):
        text = sent.ics.decode()
        first = icalendar.Calendar.from_ical(text).walk("VEVENT")[0]
        second = vobject.readOne(text)
        (third,) = ics.Calendar(text).events
        assert first["DTSTART"].dt == second.vevent.dtstart.value == third.begin.datetime == start
        assert first["DTEND"].dt - start == timedelta(minutes=45)
        assert second.method.value == sent.method
        assert first["STATUS"] == second.vevent.status.value == third.status == status
