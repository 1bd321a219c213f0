"""Mails about a visit moved, cancelled or taking place after all.

A patient's change is final and takes back all that still waits. A therapist's may itself be taken back, so it
touches no mail about the visit but that of her own change before it; what else waits goes, or is overtaken
when hers has gone. A key holds the revision of the calendar entry, which is another with every change, so
that no two changes share one.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.calendaring.models import CalendarObject
from consult.core.money import Money
from consult.core.timespan import TimeSpan
from consult.notifications import service as notifications
from consult.notifications.letters import (
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

from ..letters.mails import send_confirmation
from ..letters.sending import (
    patient_facts,
    revision_of,
    send_to_patient,
    send_to_therapist,
    span_of,
    therapist_facts,
)
from ..letters.text_messages import text_change, text_key
from ..models import Booking
from ..pack_use import SessionFate
from ..ports import Ports
from .taking_back import Actor

_BY_A_MOVE = frozenset({Moved.kind, Reinstated.kind})
_BY_A_PATIENTS_CANCELLATION = _BY_A_MOVE | {Confirmation.kind, EarlierOffer.kind, SafetyRelease.kind}


def take_back_moves(session: Session, booking: Booking) -> None:
    """All that waits about moves, since the patient's own follows."""
    notifications.withdraw(session, booking.id, _BY_A_MOVE)


def take_back_moved(session: Session, appointment: Appointment) -> bool:
    """Whether the mail about the move that was the last change certainly never left; then it never will."""
    key = _key(Moved.kind, _event(session, appointment))
    return notifications.withdraw_untried(session, key, text_key(key))


def take_back_cancelled(session: Session, appointment: Appointment) -> bool:
    """The same for both mails of a cancellation, and with them their CANCELs. Where one has left, the other
    goes as well: its UID is not used again, in nobody's calendar.
    """
    event = _event(session, appointment)
    key, hers = _key(Cancelled.kind, event), _key(TherapistCancelled.kind, event)
    return notifications.withdraw_untried(session, key, text_key(key), hers)


def _event(session: Session, appointment: Appointment) -> CalendarObject:
    of_it = select(CalendarObject).where(CalendarObject.appointment_id == appointment.id)
    return session.scalars(of_it).one()


def is_told_of_move(session: Session, booking: Booking, moved_at: datetime) -> bool:
    """Whether a mail waits, or has gone, that says when the visit is after the move of that instant."""
    return notifications.has_written(session, booking.id, _BY_A_MOVE, moved_at)


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
        send_confirmation(session, booking, appointment, event, now, ports)
        return
    letter = Moved(
        **patient_facts(session, booking, span_of(appointment), ports),
        old_span=old_span,
        by_patient=by is Actor.PATIENT,
    )
    key = _key(letter.kind, event)
    send_to_patient(session, letter, key, booking, now, ports, inviting_to=event, due_at=due_at)
    if by is Actor.THERAPIST:
        start_at, old_start_at = appointment.start_at, old_span.start_at
        text_change(session, letter.kind, key, booking, start_at, old_start_at, now, ports, due_at)


def tell_therapist_of_move(
    session: Session,
    booking: Booking,
    appointment: Appointment,
    event: CalendarObject,
    old_span: TimeSpan,
    by: Actor,
    now: datetime,
    ports: Ports,
) -> None:
    facts = therapist_facts(session, booking, span_of(appointment), ports)
    letter = TherapistMoved(**facts, old_span=old_span)
    key, her_own = _key(letter.kind, event), by is Actor.THERAPIST
    send_to_therapist(session, letter, key, booking, now, ports, inviting_to=event, her_own=her_own)


def send_cancelled(
    session: Session,
    booking: Booking,
    event: CalendarObject,
    told_span: TimeSpan,
    by: Actor,
    paid: Money,
    refunded: Money,
    pack: SessionFate | None,
    now: datetime,
    ports: Ports,
    *,
    due_at: datetime | None = None,
) -> None:
    """To the patient, with the CANCEL; `told_span` is the visit as they know of it."""
    overtaken = _BY_A_PATIENTS_CANCELLATION if by is Actor.PATIENT else {EarlierOffer.kind}
    notifications.withdraw(session, booking.id, overtaken)
    letter = Cancelled(
        **patient_facts(session, booking, told_span, ports),
        by_patient=by is Actor.PATIENT,
        paid=str(paid) if paid.minor else "",
        refunded=str(refunded) if refunded.minor else "",
        pack=pack.fate if pack else "",
        pack_left=f"{pack.left} of {pack.sessions}" if pack else "",
        book_url=ports.links.book(),
    )
    key = _key(letter.kind, event)
    send_to_patient(session, letter, key, booking, now, ports, inviting_to=event, due_at=due_at)
    if by is Actor.THERAPIST:
        start_at = told_span.start_at
        text_change(session, letter.kind, key, booking, start_at, start_at, now, ports, due_at)


def tell_therapist_of_cancellation(
    session: Session,
    booking: Booking,
    appointment: Appointment,
    event: CalendarObject,
    by: Actor,
    now: datetime,
    ports: Ports,
    *,
    due_at: datetime,
) -> None:
    letter = TherapistCancelled(**therapist_facts(session, booking, span_of(appointment), ports))
    key, her_own = _key(letter.kind, event), by is Actor.THERAPIST
    send_to_therapist(
        session, letter, key, booking, now, ports, inviting_to=event, her_own=her_own, due_at=due_at
    )


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
    send_to_patient(session, letter, key, booking, now, ports, inviting_to=event)
    start_at = appointment.start_at
    text_change(session, letter.kind, key, booking, start_at, start_at, now, ports)


def _key(kind: str, event: CalendarObject) -> str:
    return revision_of(event).key(kind)
