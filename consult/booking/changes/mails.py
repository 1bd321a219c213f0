"""Mails about a visit moved, cancelled or taking place after all.

Each change takes back what still waits and is no longer so. A key holds the revision of the calendar entry,
whose stamp rises with every change, so that no two changes share one.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from consult.calendaring.models import CalendarObject
from consult.core.money import Money
from consult.core.timespan import TimeSpan
from consult.notifications import service as notifications
from consult.notifications.compose import (
    Cancelled,
    Confirmation,
    EarlierOffer,
    Moved,
    Reinstated,
    SafetyRelease,
    TherapistCancelled,
    TherapistMoved,
)
from consult.scheduling.models import Appointment

from ..letters import patient_facts, send_to_patient, send_to_therapist, span_of, therapist_facts
from ..mails import send_confirmation
from ..models import Booking
from ..ports import Ports
from .taking_back import Actor

_BY_A_MOVE = frozenset({Moved.kind, Reinstated.kind})
_BY_A_CANCELLATION = _BY_A_MOVE | {EarlierOffer.kind, SafetyRelease.kind}


def take_back_moved(session: Session, booking: Booking) -> bool:
    """Whether the mail about the last move certainly never left; then it never will."""
    return Moved.kind in notifications.withdraw(session, booking.id, _BY_A_MOVE)


def take_back_cancelled(session: Session, booking: Booking) -> bool:
    """The same for the mail, and with it the CANCEL, of a cancellation."""
    return Cancelled.kind in notifications.withdraw(session, booking.id, [Cancelled.kind])


def send_moved(
    session: Session,
    booking: Booking,
    appointment: Appointment,
    event: CalendarObject,
    old_span: TimeSpan,
    by: Actor,
    now: datetime,
    ports: Ports,
    *,
    due_at: datetime | None = None,
) -> None:
    """To the patient, with the invitation brought up to date. A patient who moves before the confirmation
    could leave gets one of the new time instead.
    """
    if by is Actor.PATIENT and Confirmation.kind in notifications.withdraw(
        session, booking.id, [Confirmation.kind]
    ):
        send_confirmation(session, booking, appointment, now, ports)
        return
    letter = Moved(
        **patient_facts(session, booking, span_of(appointment), ports),
        old_span=old_span,
        by_patient=by is Actor.PATIENT,
    )
    key = _key(letter.kind, event)
    send_to_patient(session, letter, key, booking, now, ports, inviting_to=appointment.id, due_at=due_at)


def tell_therapist_of_move(
    session: Session,
    booking: Booking,
    appointment: Appointment,
    event: CalendarObject,
    old_span: TimeSpan,
    now: datetime,
    ports: Ports,
) -> None:
    facts = therapist_facts(session, booking, span_of(appointment), ports)
    letter = TherapistMoved(**facts, old_span=old_span)
    send_to_therapist(session, letter, _key(letter.kind, event), booking, now, ports)


def send_cancelled(
    session: Session,
    booking: Booking,
    event: CalendarObject,
    told_span: TimeSpan,
    by: Actor,
    paid: Money,
    refunded: Money,
    now: datetime,
    ports: Ports,
    *,
    due_at: datetime | None = None,
) -> None:
    """To the patient, with the CANCEL; `told_span` is the visit as they know of it."""
    overtaken = _BY_A_CANCELLATION | ({Confirmation.kind} if by is Actor.PATIENT else set())
    notifications.withdraw(session, booking.id, overtaken)
    letter = Cancelled(
        **patient_facts(session, booking, told_span, ports),
        by_patient=by is Actor.PATIENT,
        paid=str(paid) if paid.minor else "",
        refunded=str(refunded) if refunded.minor else "",
        book_url=ports.links.book(),
    )
    key = _key(letter.kind, event)
    send_to_patient(
        session, letter, key, booking, now, ports, inviting_to=event.appointment_id, due_at=due_at
    )


def tell_therapist_of_cancellation(
    session: Session,
    booking: Booking,
    appointment: Appointment,
    event: CalendarObject,
    now: datetime,
    ports: Ports,
) -> None:
    letter = TherapistCancelled(**therapist_facts(session, booking, span_of(appointment), ports))
    send_to_therapist(session, letter, _key(letter.kind, event), booking, now, ports)


def send_reinstated(
    session: Session,
    booking: Booking,
    appointment: Appointment,
    event: CalendarObject,
    now: datetime,
    ports: Ports,
) -> None:
    """To the patient, who was told that the visit is cancelled; with a new invitation."""
    letter = Reinstated(**patient_facts(session, booking, span_of(appointment), ports))
    key = _key(letter.kind, event)
    send_to_patient(session, letter, key, booking, now, ports, inviting_to=appointment.id)


def _key(kind: str, event: CalendarObject) -> str:
    return f"{kind}-{event.appointment_id}-{event.revised_at:%Y%m%dT%H%M%S}"
