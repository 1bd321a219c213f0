"""Moving and cancelling a booked visit, by its patient or by the therapist.

Each command locks the booking first and decides on what it then finds. Said twice it changes nothing. Where
`seen_start_at` or `seen_refund` tell what the page said, a visit that has changed since is left alone.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consult.calendaring import service as calendaring
from consult.core.errors import ConsultError
from consult.core.money import Money
from consult.core.timespan import TimeSpan
from consult.payments.refund_service import left_to_refund, refund_booking
from consult.payments.refunds import UNDO_WINDOW, RefundTerms
from consult.scheduling import service as scheduling
from consult.scheduling.kept import give_back_kept, keep_for_undo
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.scheduling.queries import find_live_appointment

from ..letters.sending import span_of
from ..models import Booking
from ..pack_use import give_session_back, lock_share
from ..patient_feed import bookings_of_mailbox
from ..ports import Ports
from ..reactions import publish_visit
from ..standing import VisitOver, lock_booking
from . import mails as change_mails
from .money import counted_moves, grace_of, refund_now
from .moving import Immovable, why_immovable
from .taking_back import Actor, tell_at


@dataclass(eq=False)
class VisitBegun(ConsultError):
    """Too late for the patient to cancel it."""

    start_at: datetime


@dataclass(eq=False)
class VisitChanged(ConsultError):
    """The visit, or what cancelling gives back, is not what the page said."""


@dataclass(eq=False)
class VisitImmovable(ConsultError):
    """The patient cannot move it."""

    why: Immovable


def find_immovable(booking: Booking, appointment: Appointment, now: datetime) -> Immovable | None:
    """Why the patient cannot move this visit; None when they can."""
    return why_immovable(
        RefundTerms.from_json(booking.refund_terms),
        start_at=appointment.start_at,
        grace_until=grace_of(booking) or now,
        on_safety_hold=booking.on_safety_hold,
        moves=counted_moves(booking),
        now=now,
    )


def reschedule(
    session: Session,
    booking: Booking,
    start_at: datetime,
    now: datetime,
    ports: Ports,
    *,
    by: Actor,
    seen_start_at: datetime | None = None,
) -> None:
    """The same visit at another time, nothing paid again: a patient's at a time on offer until the limit in
    their terms, the therapist's at any time to come.

    Raises SlotTaken, SlotNotOffered, VisitImmovable, VisitChanged, VisitOver.
    """
    booking = lock_booking(session, booking.id)
    appointment = _booked(session, booking)
    if appointment.start_at == start_at:
        return
    _require_seen(appointment, seen_start_at)
    if by is Actor.THERAPIST:
        _move_by_therapist(session, booking, appointment, start_at, now, ports)
        return
    why = find_immovable(booking, appointment, now)
    if why is not None:
        raise VisitImmovable(why)
    _move_by_patient(session, booking, appointment, start_at, now, ports)


def take_earlier_time(
    session: Session, booking: Booking, start_at: datetime, now: datetime, ports: Ports
) -> None:
    """Move the visit to a time that the practice offered this patient: no limit stands against that, nor does
    the time have to be on offer still. Raises SlotTaken, SlotNotOffered when it is past, VisitOver.
    """
    booking = lock_booking(session, booking.id)
    appointment = _booked(session, booking)
    if appointment.start_at != start_at:
        _move_by_patient(session, booking, appointment, start_at, now, ports, anyhow=True)


def cancel(
    session: Session,
    booking: Booking,
    now: datetime,
    ports: Ports,
    *,
    by: Actor,
    seen_start_at: datetime | None = None,
    seen_refund: Money | None = None,
    seen_full: bool | None = None,
) -> None:
    """Free the hour, request what the terms give back, tell whom it concerns. `seen_full` is whether the page
    said that it is in time, which decides what becomes of a session of a pack.

    Raises VisitBegun for a patient, VisitChanged, VisitOver.
    """
    booking = lock_booking(session, booking.id)
    if booking.cancelled_at is not None:
        return
    appointment = _booked(session, booking)
    _require_seen(appointment, seen_start_at)
    lock_share(session, booking)
    decision = refund_now(session, booking, appointment, by, now)
    if decision is None:
        raise VisitBegun(appointment.start_at)
    if seen_refund not in (None, decision.amount) or seen_full not in (None, decision.percent == 100):
        raise VisitChanged
    pack = give_session_back(session, booking, decision, now)
    told_span = _told_span(session, booking, appointment) if by is Actor.THERAPIST else span_of(appointment)
    scheduling.cancel(session, appointment.id, now)
    if by is Actor.THERAPIST:
        keep_for_undo(session, appointment.id, appointment.start_at, now + UNDO_WINDOW, now)
    else:
        give_back_kept(session, appointment.id, now)
    mailbox = bookings_of_mailbox(session, booking, ports)
    event = calendaring.withdraw(session, appointment_id=appointment.id, booking_ids=mailbox, now=now)
    booking.cancelled_at, booking.cancelled_by = now, by
    # Of a pack it is the session that is given back or used; the mail says nothing of money that stays.
    paid = decision.amount if pack else left_to_refund(session, booking.id, booking.currency)
    refund_booking(session, booking.id, decision.amount, decision.reason, now)
    due_at = tell_at(now, appointment.start_at, told_span.start_at) if by is Actor.THERAPIST else now
    change_mails.send_cancelled(
        session, booking, event, told_span, by, paid, decision.amount, pack, now, ports, due_at=due_at
    )
    change_mails.tell_therapist_of_cancellation(
        session, booking, appointment, event, by, now, ports, due_at=due_at
    )


def _booked(session: Session, booking: Booking) -> Appointment:
    appointment = find_live_appointment(session, booking.id)
    if booking.confirmed_at is None or appointment is None or appointment.status is not Status.BOOKED:
        raise VisitOver
    return appointment


def _require_seen(appointment: Appointment, seen_start_at: datetime | None) -> None:
    if seen_start_at not in (None, appointment.start_at):
        raise VisitChanged


def _move_by_patient(
    session: Session,
    booking: Booking,
    appointment: Appointment,
    start_at: datetime,
    now: datetime,
    ports: Ports,
    *,
    anyhow: bool = False,
) -> None:
    old_span = span_of(appointment)
    give_back_kept(session, appointment.id, now)
    appointment = scheduling.move(session, appointment.id, start_at, now, by_therapist=anyhow)
    change_mails.take_back_moves(session, booking)
    answers_a_move = booking.moved_by == Actor.THERAPIST
    if answers_a_move:
        booking.therapist_moved_at = booking.moved_at
    if not (anyhow or answers_a_move):
        booking.patient_moves += 1
    booking.moved_at, booking.moved_by, booking.moved_from_at = now, Actor.PATIENT, old_span.start_at
    event = publish_visit(session, booking, appointment, now, ports)
    change_mails.send_moved(session, booking, appointment, event, old_span, Actor.PATIENT, now, ports)
    change_mails.tell_therapist_of_move(
        session, booking, appointment, event, old_span, Actor.PATIENT, now, ports
    )


def _move_by_therapist(
    session: Session,
    booking: Booking,
    appointment: Appointment,
    start_at: datetime,
    now: datetime,
    ports: Ports,
) -> None:
    """Two moves of which the patient has heard nothing are one, and none when they end where they began."""
    left, old_span = span_of(appointment), _told_span(session, booking, appointment)
    if booking.moved_by == Actor.THERAPIST and old_span == left:
        # That move was told, and is no longer the last: what it gave the patient goes on.
        booking.therapist_moved_at = booking.moved_at
    appointment = scheduling.move(session, appointment.id, start_at, now, by_therapist=True)
    give_back_kept(session, appointment.id, now)
    event = publish_visit(session, booking, appointment, now, ports)
    change_mails.tell_therapist_of_move(
        session, booking, appointment, event, left, Actor.THERAPIST, now, ports
    )
    if start_at == old_span.start_at:
        booking.moved_at = booking.moved_by = booking.moved_from_at = None
        return
    keep_for_undo(session, appointment.id, old_span.start_at, now + UNDO_WINDOW, now)
    booking.moved_at, booking.moved_by, booking.moved_from_at = now, Actor.THERAPIST, old_span.start_at
    due_at = tell_at(now, start_at, old_span.start_at)
    change_mails.send_moved(
        session, booking, appointment, event, old_span, Actor.THERAPIST, now, ports, due_at=due_at
    )


def _told_span(session: Session, booking: Booking, appointment: Appointment) -> TimeSpan:
    """The visit as its patient knows of it: a therapist's move whose mail never left is taken out of it, and
    that mail with it.
    """
    span = span_of(appointment)
    from_at = booking.moved_from_at if booking.moved_by == Actor.THERAPIST else None
    if from_at is None or not change_mails.take_back_moved(session, appointment):
        return span
    return TimeSpan(from_at, from_at + (span.end_at - span.start_at))
