"""What a patient's calendar program answered, brought to the visit it is about. A hint for the therapist: it
moves and cancels nothing.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.calendaring.event import Status as EventStatus
from consult.calendaring.models import CalendarObject
from consult.calendaring.replies import PartStat, Reply, ReplyRefused, Why, read_reply
from consult.notifications.models import OutboxMessage
from consult.practice.service import plain_email, read_contact
from consult.scheduling.models import Appointment

from .letters.invitations import Present, Reader, mailed, reckon
from .models import Booking
from .ports import Ports


@dataclass(frozen=True, slots=True)
class TakenReply:
    booking_id: uuid.UUID
    patient_name: str
    partstat: PartStat


def take_reply(session: Session, pasted: str, now: datetime, ports: Ports) -> TakenReply:
    """Note the answer; nothing else of what was pasted is kept. Raises ReplyRefused."""
    reply = read_reply(pasted)
    row = session.execute(
        select(CalendarObject, Booking)
        .join(Appointment, Appointment.id == CalendarObject.appointment_id)
        .join(Booking, Booking.id == Appointment.booking_id)
        .where(CalendarObject.uid == reply.uid)
        .with_for_update(of=CalendarObject)
    ).one_or_none()
    if row is None:
        raise ReplyRefused(Why.UNKNOWN)
    event, booking = row
    contact = read_contact(session, booking.known_patient_id, ports.sealer)
    if plain_email(reply.attendee) != plain_email(contact.email):
        raise ReplyRefused(Why.FOREIGN)
    _require_current(session, reply, event, booking, now)
    answered_at = min(reply.answered_at or now, now)
    if event.replied_at is not None and answered_at < event.replied_at:
        raise ReplyRefused(Why.OLD_ANSWER)
    event.partstat, event.replied_at = reply.partstat.value, answered_at
    return TakenReply(booking.id, contact.name, reply.partstat)


def _require_current(
    session: Session, reply: Reply, event: CalendarObject, booking: Booking, now: datetime
) -> None:
    if event.status == EventStatus.CANCELLED:
        raise ReplyRefused(Why.CANCELLED)
    if reply.sequence > event.sequence:
        raise ReplyRefused(Why.NOT_INVITED_SO)
    if reply.sequence < _told_sequence(session, event, booking, now):
        raise ReplyRefused(Why.OLD_INVITATION)


def _told_sequence(session: Session, event: CalendarObject, booking: Booking, now: datetime) -> int:
    """What an answer must be about: the newest that was sent to the patient, if that still says the hour. Not
    every revision is mailed.
    """
    mails = mailed(session, OutboxMessage.booking_id == booking.id).get(booking.id, [])
    present = Present.of(event, now)
    sent = reckon(mails, Reader.PATIENT, present, now).sent
    if sent is None or sent.revision is None or not present.is_said_by(sent):
        return event.sequence
    return sent.revision.sequence
