import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import icalendar
import ics
import pytest
import vobject

from consult.calendaring.event import EventFacts, Status, vevent
from consult.calendaring.itip import Invitation, Method, Party
from consult.calendaring.models import CalendarObject
from consult.calendaring.therapist_invitation import therapist_invitation

Facts = Callable[..., EventFacts]

PRACTICE = "Dr. Olivia Patel <bookings@example.org>"
OLIVIA = Party("Olivia Patel", "olivia@example.com")
DESK = "https://book.example.org/therapist/bookings/1"
START = datetime(2026, 6, 2, 19, 0, tzinfo=UTC)

HOSTILE_NAMES = [
    "Ann\r\nATTENDEE:mailto:eve@example.org",
    'Ann "the boss" ^n Lee, Ann; (x): y',
    "Ann\x00\x07\u2028Lee\x85",
    "\u202eeeL\u202c",
    "🙂" * 300,
    "x" * 300,
    "Ann\ud800",
    "",
]


def row(facts: EventFacts | None) -> CalendarObject:
    """As the feed shows it; withdrawn without facts."""
    return CalendarObject(
        appointment_id=uuid.uuid4(),
        therapist_id=uuid.uuid4(),
        uid="5d0b6c1e@book.example.org",
        sequence=facts.sequence if facts else 1,
        status=Status.CONFIRMED if facts else Status.CANCELLED,
        start_at=START,
        end_at=START + timedelta(minutes=45),
        created_at=datetime(2026, 6, 1, 11, 0, tzinfo=UTC),
        revised_at=datetime(2026, 6, 1, 12 if facts else 13, 0, tzinfo=UTC),
        vevent_therapist=vevent(facts) if facts else None,
        patient_texts_sealed=b"",
    )


def sent(entry: CalendarObject, to: Party = OLIVIA) -> Invitation:
    return therapist_invitation(entry, organizer=PRACTICE, attendee=to)


@pytest.fixture
def shown(facts: Facts) -> EventFacts:
    return facts(summary="Online appointment – A. L.", description=f"Open: {DESK}", url=DESK, location=DESK)


def event_of(invited: Invitation) -> icalendar.Event:
    return icalendar.Calendar.from_ical(invited.ics).events[0]


def test_she_is_invited_to_what_her_feed_shows(shown: EventFacts) -> None:
    invited = sent(row(shown))
    event, in_feed = event_of(invited), icalendar.Event.from_ical(vevent(shown))

    assert invited.method is Method.REQUEST
    for name, value in in_feed.items():
        assert event[name] == value, name
    assert event.keys() - in_feed.keys() == {"ORGANIZER", "ATTENDEE"}
    assert str(event["ORGANIZER"]) == "mailto:bookings@example.org"
    assert [str(one) for one in event.attendees] == ["mailto:olivia@example.com"]


def test_a_feed_that_only_says_busy_makes_an_invitation_that_says_no_more(facts: Facts) -> None:
    invited = sent(row(facts(summary="Busy", description="", url=None, location="")))
    assert event_of(invited)["SUMMARY"] == "Busy"
    assert not event_of(invited).keys() & {"URL", "DESCRIPTION", "LOCATION", "CONFERENCE"}


def test_the_cancel_is_of_the_same_entry_and_says_nothing_of_the_patient(shown: EventFacts) -> None:
    first, gone = event_of(sent(row(shown))), sent(row(None))
    last = event_of(gone)

    assert gone.method is Method.CANCEL
    for same in ("UID", "DTSTART", "DTEND", "ORGANIZER", "CREATED"):
        assert first[same].to_ical() == last[same].to_ical()
    assert (first["SEQUENCE"], last["SEQUENCE"], last["STATUS"]) == (0, 1, "CANCELLED")
    assert first["DTSTAMP"].dt < last["DTSTAMP"].dt
    assert b"A. L." not in gone.ics
    assert b"therapist" not in gone.ics


def test_the_same_revision_gives_the_same_bytes(shown: EventFacts) -> None:
    assert sent(row(shown)) == sent(row(shown))
    assert sent(row(None)) == sent(row(None))


def test_three_independent_readers_read_the_same_hour(shown: EventFacts) -> None:
    for invited, status in ((sent(row(shown)), "CONFIRMED"), (sent(row(None)), "CANCELLED")):
        text = invited.ics.decode()
        first, second = event_of(invited), vobject.readOne(text)
        (third,) = ics.Calendar(text).events
        assert first["DTSTART"].dt == second.vevent.dtstart.value == third.begin.datetime == START
        assert first["DTEND"].dt == second.vevent.dtend.value == third.end.datetime
        assert second.method.value == invited.method
        assert first["STATUS"] == second.vevent.status.value == third.status == status
        assert second.vevent.attendee.value == "mailto:olivia@example.com"
        assert [one.email for one in third.attendees] == ["olivia@example.com"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_breaks_out_of_its_line(facts: Facts, name: str) -> None:
    body = sent(row(facts(summary=f"Online appointment – {name}")), Party(name, "olivia@example.com")).ics

    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    assert not set(body) & (set(range(32)) - {10, 13})
    assert b"\xe2\x80\xae" not in body
    event = icalendar.Calendar.from_ical(body).events[0]
    assert [str(one) for one in event.attendees] == ["mailto:olivia@example.com"]
    assert len(event["SUMMARY"]) <= 120
    assert vobject.readOne(body.decode()).vevent.attendee.value == "mailto:olivia@example.com"
    assert len(ics.Calendar(body.decode()).events) == 1
