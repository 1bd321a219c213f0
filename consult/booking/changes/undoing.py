"""Taking a therapist's change back, and noting whether a visit took place."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consult.calendaring import service as calendaring
from consult.core.errors import ConsultError
from consult.core.timespan import TimeSpan
from consult.payments.refund_service import withdraw_refund
from consult.payments.refunds import Cause
from consult.scheduling import service as scheduling
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment

from ..letters.mails import tell_therapist_of_booking
from ..letters.sending import span_of
from ..models import Booking
from ..pack_use import take_session_again
from ..ports import Ports
from ..reactions import publish_visit
from ..standing import VisitOver, lock_booking, newest_appointment
from . import mails as change_mails
from .taking_back import NEAR, Actor, Change, Kind, tell_at, therapists_change


@dataclass(eq=False)
class UndoTooLate(ConsultError):
    """The money, the session of a pack, or the time to think again is gone."""


@dataclass(eq=False)
class VisitNotBegun(ConsultError):
    """Nobody can say yet whether it took place."""

    start_at: datetime


@dataclass(eq=False)
class NotToldInTime(ConsultError):
    """The therapist moved it so shortly before that its patient may not have known."""

    start_at: datetime


def may_be_missed(booking: Booking, appointment: Appointment) -> bool:
    """Whether the patient had time to hear when the visit is, so that staying away is theirs to answer for.

    Who chose the time themselves knows it. After the therapist's move, or one of hers told and taken back,
    the mail must have been due `NEAR` or more before the visit.
    """
    if booking.moved_by == Actor.PATIENT:
        return True
    if booking.moved_at is not None and booking.moved_from_at is not None:
        told_at = tell_at(booking.moved_at, appointment.start_at, booking.moved_from_at)
    elif booking.therapist_moved_at is not None:
        told_at = booking.therapist_moved_at
    else:
        return True
    return told_at + NEAR <= appointment.start_at


def find_change(booking: Booking) -> Change | None:
    """The therapist's last change of this booking, if nothing has happened to it since."""
    return therapists_change(
        cancelled_at=booking.cancelled_at,
        cancelled_by=booking.cancelled_by,
        moved_at=booking.moved_at,
        moved_by=booking.moved_by,
    )


def undo(session: Session, booking: Booking, changed_at: datetime, now: datetime, ports: Ports) -> None:
    """Take back the therapist's change made at `changed_at`: the hour, the money, the mails that wait. A
    patient who was told already is told again. Nothing happens when it was taken back, or changed again,
    before.

    Raises UndoTooLate; SlotTaken, SlotNotOffered when the former time is not to be had any more.
    """
    booking = lock_booking(session, booking.id)
    change, appointment = find_change(booking), newest_appointment(session, booking)
    if change is None or change.at != changed_at or appointment is None:
        return
    if now >= change.until_at:
        raise UndoTooLate
    if change.kind is Kind.CANCELLED:
        _restore(session, booking, appointment, now, ports)
    else:
        _move_back(session, booking, appointment, now, ports)


def mark(session: Session, booking: Booking, outcome: Status, now: datetime) -> None:
    """Note that the visit took place (DONE), that its patient did not come (NO_SHOW, which gives nothing
    back), or take such a note back (BOOKED). Said twice, or of a visit noted otherwise meanwhile, it changes
    nothing.

    Raises VisitNotBegun, VisitOver; NotToldInTime for a NO_SHOW.
    """
    booking = lock_booking(session, booking.id)
    appointment = newest_appointment(session, booking)
    if appointment is None or appointment.status is Status.CANCELLED:
        raise VisitOver
    marked = appointment.status in (Status.DONE, Status.NO_SHOW)
    if outcome is Status.BOOKED:
        if marked:
            scheduling.reopen(session, appointment.id, now)
        return
    if marked:
        return
    if now < appointment.start_at:
        raise VisitNotBegun(appointment.start_at)
    if outcome is Status.NO_SHOW and not may_be_missed(booking, appointment):
        raise NotToldInTime(appointment.start_at)
    note = scheduling.complete if outcome is Status.DONE else scheduling.mark_no_show
    note(session, appointment.id, now)


def _restore(
    session: Session, booking: Booking, appointment: Appointment, now: datetime, ports: Ports
) -> None:
    if not take_session_again(session, booking, now) or not withdraw_refund(
        session, booking.id, Cause.THERAPIST
    ):
        raise UndoTooLate
    appointment = scheduling.restore(session, appointment.id, now)
    untold = change_mails.take_back_cancelled(session, appointment)
    # Where a CANCEL has left, the visit comes back as another entry, and the old one has to go.
    calendaring.reinstate(session, appointment_id=appointment.id, cancel_sent=not untold)
    booking.cancelled_at = booking.cancelled_by = None
    event = publish_visit(session, booking, appointment, now, ports)
    if not untold:
        tell_therapist_of_booking(session, booking, appointment, event, now, ports, her_own=True)
        change_mails.send_reinstated(session, booking, appointment, event, now, ports)
    elif _move_untold(session, booking) and booking.moved_from_at is not None:
        old_span = _at(booking.moved_from_at, span_of(appointment))
        change_mails.send_moved(session, booking, appointment, event, old_span, Actor.THERAPIST, now, ports)


def _move_untold(session: Session, booking: Booking) -> bool:
    """Whether the mail about the therapist's move was taken back for the cancellation."""
    if booking.moved_at is None or booking.moved_by != Actor.THERAPIST:
        return False
    return not change_mails.is_told_of_move(session, booking, booking.moved_at)


def _move_back(
    session: Session, booking: Booking, appointment: Appointment, now: datetime, ports: Ports
) -> None:
    old_span, former_at = span_of(appointment), booking.moved_from_at
    if appointment.status is not Status.BOOKED or former_at is None:
        raise UndoTooLate
    appointment = scheduling.move(session, appointment.id, former_at, now, by_therapist=True)
    untold = change_mails.take_back_moved(session, appointment)
    booking.moved_at = booking.moved_by = booking.moved_from_at = None
    event = publish_visit(session, booking, appointment, now, ports)
    change_mails.tell_therapist_of_move(
        session, booking, appointment, event, old_span, Actor.THERAPIST, now, ports
    )
    if not untold:
        # Told twice where to be, the patient may have made other plans: this counts as a move too.
        booking.therapist_moved_at = now
        change_mails.send_moved(session, booking, appointment, event, old_span, Actor.THERAPIST, now, ports)


def _at(start_at: datetime, span: TimeSpan) -> TimeSpan:
    """The same length from another start."""
    return TimeSpan(start_at, start_at + (span.end_at - span.start_at))
