import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from consult.calendaring.itip import Method, Party
from consult.calendaring.models import CalendarObject
from consult.calendaring.redrawing import redraw, shown
from consult.calendaring.service import (
    Detail,
    EventWithdrawn,
    Texts,
    download,
    invitation_for,
    publish,
    reinstate,
    withdraw,
)
from consult.core.clock import FixedClock
from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan
from consult.db.sealing import Sealer
from consult.db.transaction import transaction

START = datetime(2026, 6, 2, 19, 0, tzinfo=UTC)
TEXTS = Texts(
    title="Online appointment",
    patient_name="Jane Canary Doe",
    patient_url="https://book.example.org/b/s3cret-token",
    therapist_url="https://book.example.org/therapist/bookings/1",
)
ANN = Party("Jane Doe", "jane@example.com")


class Desk:
    """Publishes and withdraws one appointment, each in a transaction of its own."""

    def __init__(
        self,
        session: Session,
        clock: FixedClock,
        sealer: Sealer,
        therapist_id: uuid.UUID,
        appointment_id: uuid.UUID,
    ) -> None:
        self.session, self.clock, self.sealer = session, clock, sealer
        self.therapist_id, self.appointment_id = therapist_id, appointment_id

    def redraw(self, texts: Texts) -> None:
        with transaction(self.session):
            rows = self.session.execute(shown(self.therapist_id, self.clock())).all()
            redraw(self.session, self.therapist_id, rows, lambda _: texts, self.clock())

    def row(self) -> CalendarObject:
        return self.session.scalars(select(CalendarObject)).one()

    def publish(self, start_at: datetime = START, minutes: int = 45) -> CalendarObject:
        with transaction(self.session):
            return publish(
                self.session,
                appointment_id=self.appointment_id,
                therapist_id=self.therapist_id,
                span=TimeSpan(start_at, start_at + timedelta(minutes=minutes)),
                booking_ids=(),
                texts=TEXTS,
                domain="book.example.org",
                sealer=self.sealer,
                now=self.clock(),
            )

    def withdraw(self) -> CalendarObject:
        with transaction(self.session):
            return withdraw(
                self.session, appointment_id=self.appointment_id, booking_ids=(), now=self.clock()
            )

    def reinstate(self, *, cancel_sent: bool) -> None:
        with transaction(self.session):
            reinstate(self.session, appointment_id=self.appointment_id, cancel_sent=cancel_sent)

    def invite(self) -> tuple[Method, icalendar.Event]:
        sent = invitation_for(
            self.session,
            self.appointment_id,
            organizer="Olivia Patel <bookings@example.org>",
            attendee=ANN,
            sealer=self.sealer,
        )
        return sent.method, icalendar.Calendar.from_ical(sent.ics).walk("VEVENT")[0]


@pytest.fixture
def desk(
    session: Session,
    clock: FixedClock,
    sealer: Sealer,
    therapist_id: uuid.UUID,
    new_appointment: Callable[[datetime], tuple[uuid.UUID, TimeSpan]],
) -> Desk:
    appointment_id, _ = new_appointment(START)
    return Desk(session, clock, sealer, therapist_id, appointment_id)


def test_a_new_appointment_has_sequence_0_and_a_random_uid_of_ours(desk: Desk) -> None:
    row = desk.publish()

    assert (row.sequence, row.status) == (0, "CONFIRMED")
    assert row.uid.endswith("@book.example.org")
    assert uuid.UUID(row.uid.partition("@")[0]).version == 4
    assert row.revised_at == row.created_at == desk.clock()


def test_a_moved_appointment_keeps_its_uid_and_rises_in_sequence_and_stamp(desk: Desk) -> None:
    first = desk.publish().uid
    desk.clock.advance(timedelta(hours=1))
    row = desk.publish(START + timedelta(days=1))

    method, event = desk.invite()
    assert method is Method.REQUEST
    assert (str(event["UID"]), event["SEQUENCE"]) == (first, 1)
    assert event["DTSTART"].dt == START + timedelta(days=1)
    assert event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt == desk.clock() == row.revised_at
    assert event["CREATED"].dt == desk.clock() - timedelta(hours=1)


def test_two_revisions_within_a_second_bear_rising_stamps_of_whole_seconds(desk: Desk) -> None:
    desk.clock.advance(timedelta(microseconds=999_999))
    stamps = [desk.publish().revised_at for _ in range(3)]

    assert stamps == [datetime(2026, 6, 1, 12, 0, second, tzinfo=UTC) for second in range(3)]


def test_a_withdrawn_appointment_is_cancelled_with_its_own_uid_and_hour(desk: Desk) -> None:
    uid = desk.publish().uid
    desk.withdraw()

    method, event = desk.invite()
    assert method is Method.CANCEL
    assert (str(event["UID"]), event["SEQUENCE"], str(event["STATUS"])) == (uid, 1, "CANCELLED")
    assert event["DTSTART"].dt == START
    assert str(event["SUMMARY"]) == "Cancelled: Online appointment"


def test_what_was_withdrawn_is_neither_published_nor_withdrawn_again(desk: Desk) -> None:
    desk.publish()
    desk.withdraw()

    with pytest.raises(EventWithdrawn):
        desk.publish()
    with pytest.raises(EventWithdrawn):
        desk.withdraw()


def test_reinstated_before_a_cancel_left_it_goes_on_under_its_own_uid(desk: Desk) -> None:
    uid = desk.publish().uid
    withdrawn = desk.withdraw()
    stamp = withdrawn.revised_at
    desk.reinstate(cancel_sent=False)
    desk.publish()

    method, event = desk.invite()
    assert method is Method.REQUEST
    assert (str(event["UID"]), event["SEQUENCE"], str(event["STATUS"])) == (uid, 2, "CONFIRMED")
    assert event["DTSTAMP"].dt > stamp
    assert desk.publish().vevent_therapist is not None


def test_reinstated_after_a_cancel_left_it_is_a_new_event(desk: Desk) -> None:
    uid = desk.publish().uid
    desk.withdraw()
    desk.reinstate(cancel_sent=True)
    desk.publish()

    _, event = desk.invite()
    assert str(event["UID"]) != uid
    assert event["SEQUENCE"] == 0
    assert desk.session.scalar(text("SELECT count(*) FROM calendar_object")) == 1


@pytest.mark.parametrize("cancel_sent", [False, True])
def test_what_was_not_withdrawn_is_not_touched_by_reinstating(desk: Desk, cancel_sent: bool) -> None:
    uid = desk.publish().uid
    desk.reinstate(cancel_sent=cancel_sent)

    assert str(desk.invite()[1]["UID"]) == uid


def test_an_appointment_never_published_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.withdraw()
    with pytest.raises(NotFound):
        desk.reinstate(cancel_sent=False)
    with pytest.raises(NotFound):
        desk.invite()
    with pytest.raises(NotFound):
        download(desk.session, desk.appointment_id, sealer=desk.sealer)


def test_the_invitation_is_for_the_patient_alone_and_links_the_private_page(desk: Desk) -> None:
    desk.publish()
    _, event = desk.invite()

    assert [str(one) for one in event.attendees] == ["mailto:jane@example.com"]
    assert str(event["ORGANIZER"]) == "mailto:bookings@example.org"
    assert str(event["URL"]) == str(event["LOCATION"]) == TEXTS.patient_url
    assert TEXTS.patient_url in str(event["DESCRIPTION"])


def test_the_same_revision_is_sent_with_the_same_bytes(desk: Desk) -> None:
    desk.publish()
    first = desk.invite()[1].to_ical()
    desk.clock.advance(timedelta(days=1))

    assert desk.invite()[1].to_ical() == first


def test_the_download_is_the_same_event_with_nobody_to_answer(desk: Desk) -> None:
    uid = desk.publish().uid
    calendar = icalendar.Calendar.from_ical(download(desk.session, desk.appointment_id, sealer=desk.sealer))
    (event,) = calendar.walk("VEVENT")

    assert "METHOD" not in calendar
    assert str(event["UID"]) == uid
    assert "ORGANIZER" not in event
    assert "ATTENDEE" not in event


def test_the_therapist_sees_initials_and_a_link_behind_the_sign_in_only(desk: Desk) -> None:
    body = desk.publish().vevent_therapist or b""

    assert "SUMMARY:Online appointment – J. D." in body.decode()
    assert b"https://book.example.org/therapist/bookings/1" in body
    for secret in (b"Jane", b"Canary", b"Doe", b"s3cret-token"):
        assert secret not in body


@pytest.mark.parametrize(
    ("detail", "summary", "has_link"),
    [
        (Detail.BUSY, "Busy", False),
        (Detail.INITIALS, "Online appointment – J. D.", True),
        (Detail.NAME, "Online appointment – Jane Canary Doe", True),
    ],
)
def test_the_therapists_feed_shows_as_much_as_she_chose(
    desk: Desk, detail: Detail, summary: str, has_link: bool
) -> None:
    before = desk.publish()
    sequence, stamp = before.sequence, before.revised_at
    desk.clock.advance(timedelta(hours=1))
    desk.redraw(replace(TEXTS, detail=detail))
    row = desk.row()
    event = icalendar.Calendar.from_ical(
        b"BEGIN:VCALENDAR\r\n" + row.vevent_therapist + b"END:VCALENDAR\r\n"
    ).events[0]
    assert str(event["SUMMARY"]) == summary
    assert ("URL" in event, "LOCATION" in event) == (has_link,) * 2
    assert "CONFERENCE" not in event, "her link opens the summary, which is no call"
    assert event["LAST-MODIFIED"].dt == (stamp if detail is Detail.INITIALS else desk.clock())
    assert (row.sequence, row.revised_at) == (sequence, stamp), "no revision of the appointment"


def test_a_withdrawn_appointment_is_not_shown_again_by_another_choice(desk: Desk) -> None:
    desk.publish()
    desk.withdraw()
    desk.redraw(replace(TEXTS, detail=Detail.NAME))
    assert desk.row().vevent_therapist is None


def test_no_row_holds_the_name_or_the_secret_address_in_plain(desk: Desk) -> None:
    desk.publish()
    row = desk.session.execute(text("SELECT * FROM calendar_object")).one()

    stored = b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    for secret in (b"Jane", b"Canary", b"Doe", b"s3cret-token"):
        assert secret not in stored


def test_a_deleted_appointment_takes_its_calendar_object_along(desk: Desk) -> None:
    desk.publish()
    with transaction(desk.session):
        desk.session.execute(text("DELETE FROM appointment"))

    assert desk.session.scalar(text("SELECT count(*) FROM calendar_object")) == 0
