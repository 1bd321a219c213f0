"""The therapist's choice to be invited, and an invitation sent once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.service import therapist_email
from consult.calendaring.event import Status as EventStatus
from consult.calendaring.models import CalendarObject
from consult.core.errors import ConsultError, NotFound
from consult.core.timespan import TimeSpan
from consult.notifications.letters import Cancelled, Confirmation, TherapistCancelled, TherapistNewBooking
from consult.notifications.models import OutboxMessage
from consult.notifications.undelivered import NotUndelivered
from consult.notifications.undelivered import send_again as send_dead_again
from consult.practice.service import get_therapist
from consult.scheduling.models import Appointment

from .changes.taking_back import Actor
from .letters.invitations import Mailed, Present, Reader, mailed, reckon
from .letters.mails import paid
from .letters.sending import (
    is_invited,
    patient_facts,
    revision_of,
    send_to_patient,
    send_to_therapist,
    sends_from,
    therapist_facts,
)
from .models import Booking
from .ports import Ports
from .standing import lock_booking


@dataclass(eq=False)
class SheIsTheSender(ConsultError):
    """Invitations come from the therapist's own address, so she cannot be invited."""

    email: str


def choose_invitations(session: Session, wanted: bool, ports: Ports) -> None:
    """Whether mails about visits to the therapist carry invitations from now on. Raises SheIsTheSender."""
    therapist = get_therapist(session)
    email = therapist_email(session, therapist.id)
    if wanted and sends_from(email, ports):
        raise SheIsTheSender(email)
    therapist.wants_invitations = wanted


def send_again(session: Session, booking: Booking, reader: Reader, now: datetime, ports: Ports) -> bool:
    """Mail the visit's present invitation, same UID, SEQUENCE and stamp, to a reader whose calendar lacks it;
    to the therapist also one that was never sent. False, and nothing happens, when none is needed: said
    twice, one mail goes. Raises NotFound.
    """
    booking = lock_booking(session, booking.id)
    event = _event(session, booking)
    mails = mailed(session, OutboxMessage.booking_id == booking.id).get(booking.id, [])
    told = reckon(mails, reader, Present.of(event, now), now)
    if not told.may_send:
        return False
    if told.dead is not None and _goes_once_more(session, told.dead, now):
        return True
    if reader is Reader.THERAPIST:
        return _write_to_therapist(session, booking, event, mails, now, ports)
    _write_to_patient(session, booking, event, mails, now, ports)
    return True


def _event(session: Session, booking: Booking) -> CalendarObject:
    query = (
        select(CalendarObject)
        .join(Appointment, Appointment.id == CalendarObject.appointment_id)
        .where(Appointment.booking_id == booking.id)
        .order_by(CalendarObject.created_at.desc())
        .limit(1)
    )
    event = session.scalar(query)
    if event is None:
        raise NotFound
    return event


def _goes_once_more(session: Session, dead: Mailed, now: datetime) -> bool:
    """The very mail that could not be delivered, unless what it said is forgotten."""
    try:
        send_dead_again(session, dead.id, now)
    except NotUndelivered:
        return False
    return True


def _write_to_patient(
    session: Session,
    booking: Booking,
    event: CalendarObject,
    mails: Sequence[Mailed],
    now: datetime,
    ports: Ports,
) -> None:
    facts = patient_facts(session, booking, TimeSpan(event.start_at, event.end_at), ports)
    letter: Confirmation | Cancelled = Confirmation(**facts, paid=paid(booking))
    if event.status == EventStatus.CANCELLED:
        # Of the money only the page knows by now.
        letter = Cancelled(
            **facts,
            by_patient=booking.cancelled_by == Actor.PATIENT,
            paid="",
            refunded="",
            pack="",
            pack_left="",
            book_url=ports.links.book(),
        )
    key = revision_of(event).key(letter.kind, len(mails))
    send_to_patient(session, letter, key, booking, now, ports, inviting_to=event)


def _write_to_therapist(
    session: Session,
    booking: Booking,
    event: CalendarObject,
    mails: Sequence[Mailed],
    now: datetime,
    ports: Ports,
) -> bool:
    therapist = get_therapist(session)
    if not is_invited(therapist, therapist_email(session, therapist.id), ports):
        return False
    facts = therapist_facts(session, booking, TimeSpan(event.start_at, event.end_at), ports)
    kind = TherapistCancelled if event.status == EventStatus.CANCELLED else TherapistNewBooking
    letter = kind(**facts)
    key = revision_of(event).key(letter.kind, len(mails))
    send_to_therapist(session, letter, key, booking, now, ports, inviting_to=event)
    return True
