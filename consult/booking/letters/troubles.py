"""Mail that somebody has to see to: to whom it did not go, about which visit, how else to reach them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.notifications.text_message import TextMessage
from consult.notifications.undelivered import (
    Undelivered,
    count_undelivered,
    list_undelivered,
    waiting_since,
)
from consult.practice.service import read_contact
from consult.scheduling.queries import find_live_appointment

from ..models import Booking
from ..ports import Ports

_TO_THERAPIST = "therapist_"


@dataclass(frozen=True)
class LostMail:
    """`name`, `email` and `phone` are empty where they are not known any more; `visit_at` is None when no
    visit stands. `subject` is None when what it said is forgotten: then it cannot be sent again. Of a text
    message, `email` is the number and `subject` all it said.
    """

    id: uuid.UUID
    subject: str | None
    to_therapist: bool
    name: str
    email: str
    phone: str
    refused: bool
    created_at: datetime
    booking_id: uuid.UUID | None
    visit_at: datetime | None
    by_text: bool


@dataclass(frozen=True)
class MailTroubles:
    """`count` may be more than are `lost` here. Nothing has waited long when `waiting_since` is None."""

    count: int
    lost: Sequence[LostMail]
    waiting_since: datetime | None


def find_mail_troubles(session: Session, now: datetime, ports: Ports) -> MailTroubles:
    count = count_undelivered(session)
    lost = [_lost(session, mail, ports) for mail in list_undelivered(session, ports.sealer)] if count else []
    return MailTroubles(count, lost, waiting_since(session, now))


def _lost(session: Session, mail: Undelivered, ports: Ports) -> LostMail:
    booking = session.get(Booking, mail.booking_id) if mail.booking_id else None
    appointment = find_live_appointment(session, booking.id) if booking else None
    subject: str | None
    match mail.message:
        case None:
            subject, name, address = None, "", ""
        case TextMessage() as text:
            subject, name, address = text.text, "", text.to_number
        case message:
            subject, name, address = message.subject, message.to_name, message.to_email
    return LostMail(
        id=mail.id,
        subject=subject,
        to_therapist=mail.kind.startswith(_TO_THERAPIST),
        name=name,
        email=address,
        phone=_phone(session, booking, ports) if booking else "",
        refused=mail.refused,
        created_at=mail.created_at,
        booking_id=booking.id if booking and booking.confirmed_at else None,
        visit_at=appointment.start_at if appointment else None,
        by_text=isinstance(mail.message, TextMessage),
    )


def _phone(session: Session, booking: Booking, ports: Ports) -> str:
    if booking.patient_id is None:
        return ""
    try:
        return read_contact(session, booking.patient_id, ports.sealer).phone
    except NotFound:
        return ""
