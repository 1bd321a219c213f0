"""Which mails a booking sends, and what each says. Every one is a row written with the fact it tells of."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from consult.accounts.service import therapist_email
from consult.calendaring.itip import Party
from consult.calendaring.service import invitation_for
from consult.core.money import Money
from consult.core.timespan import TimeSpan
from consult.notifications.compose import (
    Confirmation,
    Letter,
    Recipient,
    RefundNotice,
    SafetyHold,
    SafetyRelease,
    TherapistNewBooking,
    TherapistSafetyAlert,
    compose,
)
from consult.notifications.service import enqueue
from consult.practice.service import get_practice, get_therapist, read_contact
from consult.scheduling.models import Appointment
from consult.scheduling.queries import find_live_appointment, get_schedule

from .models import Booking
from .ports import Ports
from .tokens import read_token


def send_confirmation(
    session: Session, booking: Booking, appointment: Appointment, now: datetime, ports: Ports
) -> None:
    """To the patient, with the invitation."""
    contact = read_contact(session, booking.known_patient_id, ports.sealer)
    invitation = invitation_for(
        session,
        appointment.id,
        organizer=ports.organizer,
        attendee=Party(contact.name, contact.email),
        sealer=ports.sealer,
    )
    letter = _for_patient(Confirmation, session, booking, appointment, ports)
    message = compose(
        ports.mail_templates,
        letter,
        Recipient(contact.name, contact.email),
        dedupe_key=f"confirmation-{appointment.id}",
        calendar=invitation.ics,
        calendar_method=invitation.method,
    )
    enqueue(session, kind=letter.kind, message=message, sealer=ports.sealer, now=now, booking_id=booking.id)


def send_safety_hold(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """To the patient: the visit waits; why stands on the private page only."""
    _send_about_hold(SafetyHold, "safety", session, booking, now, ports)


def send_safety_release(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """To the patient: the visit takes place after all."""
    _send_about_hold(SafetyRelease, "safety-release", session, booking, now, ports)


def _send_about_hold(
    kind: type[SafetyHold] | type[SafetyRelease],
    fact: str,
    session: Session,
    booking: Booking,
    now: datetime,
    ports: Ports,
) -> None:
    appointment = find_live_appointment(session, booking.id)
    if appointment is None:
        return
    contact = read_contact(session, booking.known_patient_id, ports.sealer)
    letter = _for_patient(kind, session, booking, appointment, ports)
    to = Recipient(contact.name, contact.email)
    _send(session, letter, to, _dated(fact, appointment, now), booking, now, ports)


def _dated(fact: str, appointment: Appointment, now: datetime) -> str:
    """A dedupe key for what may happen to an appointment more than once."""
    return f"{fact}-{appointment.id}-{now:%Y%m%dT%H%M%S}"


def send_refund_notice(
    session: Session, booking: Booking, payment_id: uuid.UUID, amount: Money, now: datetime, ports: Ports
) -> None:
    """To the patient: paid, but there is no visit for it; all of it goes back."""
    if booking.patient_id is None:
        return
    contact = read_contact(session, booking.patient_id, ports.sealer)
    letter = RefundNotice(phone=get_practice(session).phone, amount=str(amount), book_url=ports.links.book())
    to = Recipient(contact.name, contact.email)
    _send(session, letter, to, f"refund-{payment_id}", booking, now, ports)


def tell_therapist_of_booking(
    session: Session, booking: Booking, appointment: Appointment, now: datetime, ports: Ports
) -> None:
    letter = _for_therapist(TherapistNewBooking, session, booking, appointment, ports)
    _send(session, letter, _therapist(session), f"new-{appointment.id}", booking, now, ports)


def alert_therapist(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """A warning sign came up after booking. The mail only says where to look."""
    appointment = find_live_appointment(session, booking.id)
    if appointment is not None:
        letter = _for_therapist(TherapistSafetyAlert, session, booking, appointment, ports)
        key = _dated("alert", appointment, now)
        _send(session, letter, _therapist(session), key, booking, now, ports)


def _send(
    session: Session,
    letter: Letter,
    to: Recipient,
    dedupe_key: str,
    booking: Booking,
    now: datetime,
    ports: Ports,
) -> None:
    message = compose(ports.mail_templates, letter, to, dedupe_key=dedupe_key)
    enqueue(session, kind=letter.kind, message=message, sealer=ports.sealer, now=now, booking_id=booking.id)


def _for_patient(
    kind: type[Confirmation] | type[SafetyHold] | type[SafetyRelease],
    session: Session,
    booking: Booking,
    appointment: Appointment,
    ports: Ports,
) -> Letter:
    return kind(
        therapist_name=get_therapist(session).name,
        phone=get_practice(session).phone,
        span=TimeSpan(appointment.start_at, appointment.end_at),
        zone=booking.zone,
        page_url=ports.links.private_page(read_token(booking, ports.sealer)),
    )


def _for_therapist(
    kind: type[TherapistNewBooking] | type[TherapistSafetyAlert],
    session: Session,
    booking: Booking,
    appointment: Appointment,
    ports: Ports,
) -> Letter:
    return kind(
        span=TimeSpan(appointment.start_at, appointment.end_at),
        zone=get_schedule(session).zone,
        page_url=ports.links.therapist_summary(booking.id),
    )


def _therapist(session: Session) -> Recipient:
    therapist = get_therapist(session)
    return Recipient(therapist.name, therapist_email(session, therapist.id))
