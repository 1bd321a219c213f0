"""How long, and how often, a time is kept that nobody has paid for.

A visitor's holds come in runs. A run begins with a hold and lasts `HOLD_LIMIT`; within it another time may be
chosen as often as one likes, and a time given back may be chosen again. After that, or once a hold ran out,
the next hold is a repeat: it needs an e-mail address that was confirmed by a code, and one such address may
keep times for `HELD_A_DAY` in all.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError, NotFound
from consult.payments.lifecycle import LIVE, PaymentState
from consult.payments.models import Payment
from consult.practice.models import Patient
from consult.scheduling import service as scheduling
from consult.scheduling.errors import SlotNotOffered, SlotTaken
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.scheduling.offers import look, refuse_taken
from consult.scheduling.policies import HOLD_TTL
from consult.scheduling.queries import find_live_appointment

from .models import Booking, EmailConfirmation

HOLD_LIMIT = timedelta(minutes=45)
"""However slowly the forms are filled in, a hold is not renewed beyond this, counted from the run's first. A
time chosen just before still has its `HOLD_TTL`.
"""

HELD_A_DAY = timedelta(hours=4)
"""What one confirmed address may keep unpaid within a day, all its holds together."""

IN_DOUBT_TTL = timedelta(minutes=2)
"""How much longer an hour is kept each time that nobody could say whether it was paid for."""

_DAY = timedelta(days=1)
_UNPAID = (Status.HELD, Status.RELEASED, Status.EXPIRED)

_CONFIRMED = select(EmailConfirmation.email_digest).where(
    EmailConfirmation.booking_id == bindparam("booking_id"), EmailConfirmation.confirmed_at.is_not(None)
)


@dataclass(eq=False)
class EmailNotConfirmed(ConsultError):
    """This hold needs an e-mail address confirmed by a code first."""


@dataclass(eq=False)
class HeldTooLong(ConsultError):
    """This address has kept times unpaid for as long as it may in a day."""


def begin_hold(session: Session, booking: Booking, now: datetime, *, confirmed_only: bool = False) -> None:
    """Say that the booking is about to hold a time. `confirmed_only` asks for a confirmed address already
    before its very first. Raises EmailNotConfirmed, HeldTooLong.
    """
    first = booking.first_held_at is None
    repeat = not first and is_repeat(session, booking, now)
    if repeat or (first and confirmed_only):
        require_confirmed(session, booking, now)
    if first or repeat:
        booking.first_held_at = now
    end_other_holds(session, booking, now)


def is_repeat(session: Session, booking: Booking, now: datetime) -> bool:
    """Whether another hold would be more than the booking's present run allows."""
    begun_at = booking.first_held_at
    if begun_at is None or now >= begun_at + HOLD_LIMIT:
        return begun_at is not None
    ran_out = or_(
        Appointment.status == Status.EXPIRED,
        (Appointment.status == Status.HELD) & (Appointment.hold_expires_at <= now),
    )
    of_this_run = (Appointment.booking_id == booking.id) & (Appointment.created_at >= begun_at)
    return session.scalar(select(exists().where(of_this_run, ran_out))) or False


def require_confirmed(session: Session, booking: Booking, now: datetime) -> None:
    """Raises EmailNotConfirmed, HeldTooLong."""
    digest = confirmed_digest(session, booking.id)
    if digest is None:
        raise EmailNotConfirmed
    if held_for(session, digest, now) >= HELD_A_DAY:
        raise HeldTooLong


def confirmed_digest(session: Session, booking_id: uuid.UUID) -> str | None:
    """Of the address confirmed for this booking."""
    return session.scalar(_CONFIRMED, {"booking_id": booking_id})


def held_for(session: Session, digest: str, now: datetime) -> timedelta:
    """How long the bookings of one confirmed address have kept times unpaid in the last day."""
    holds = session.execute(
        select(
            Appointment.status, Appointment.created_at, Appointment.updated_at, Appointment.hold_expires_at
        )
        .join(EmailConfirmation, EmailConfirmation.booking_id == Appointment.booking_id)
        .where(
            EmailConfirmation.email_digest == digest,
            EmailConfirmation.confirmed_at.is_not(None),
            Appointment.status.in_(_UNPAID),
            Appointment.created_at > now - _DAY,
        )
    )
    kept = timedelta()
    for status, created_at, updated_at, expires_at in holds:
        ended_at = now if status == Status.HELD else updated_at
        kept += min(ended_at, expires_at or ended_at) - created_at
    return kept


def keep_hold(session: Session, booking: Booking, now: datetime) -> None:
    """A patient who goes on keeps the time a little longer, up to `HOLD_LIMIT`."""
    appointment = find_live_appointment(session, booking.id)
    if appointment is None or appointment.hold_expires_at is None or appointment.hold_expires_at <= now:
        return
    until = min(now + HOLD_TTL, (booking.first_held_at or appointment.created_at) + HOLD_LIMIT)
    if until > appointment.hold_expires_at:
        scheduling.extend_hold(session, appointment.id, until, now)


def refuse_if_gone(session: Session, booking: Booking, start_at: datetime, now: datetime) -> None:
    """Say that a time is gone before anybody waits in line for it: of two hundred who want one hour, one has
    to.

    It promises nothing to whom it lets pass: that a time is free is decided under the lock. Raises SlotTaken,
    SlotNotOffered.
    """
    try:
        found = look(session, booking.session_type_id, lambda _: (start_at, start_at), now, booking.id)
        if found is not None:
            refuse_taken(found.offer, found.offer.slot_at(start_at, now), found.taken)
    except (SlotTaken, SlotNotOffered):
        # What another booking of theirs holds is given back first, as `end_other_holds` says.
        if confirmed_digest(session, booking.id) is None:
            raise
    except NotFound:
        return


def keep_hours_in_doubt(session: Session, now: datetime) -> None:
    """Keep every hour whose payment page is over while the gateway cannot say whether it was paid: sold to
    somebody else meanwhile, it would be paid for twice. Soon after the answer it is free.
    """
    in_doubt = (
        select(Appointment.id)
        .join(Payment, Payment.booking_id == Appointment.booking_id)
        .where(Payment.state.in_((PaymentState.CREATED, PaymentState.OPEN)), Payment.expires_at <= now)
        .where(Appointment.status == Status.HELD, Appointment.hold_expires_at > now)
    )
    for appointment_id in session.scalars(in_doubt).all():
        scheduling.extend_hold(session, appointment_id, now + IN_DOUBT_TTL, now)


def end_other_holds(session: Session, booking: Booking, now: datetime) -> None:
    """One hold a person: what other bookings of the address confirmed here hold ends now, unless it is just
    being paid for. Does nothing without a confirmed address, since any address can be typed by anybody.
    """
    digest = confirmed_digest(session, booking.id)
    if digest is None:
        return
    same_address = or_(
        exists().where(
            EmailConfirmation.booking_id == Booking.id,
            EmailConfirmation.email_digest == digest,
            EmailConfirmation.confirmed_at.is_not(None),
        ),
        exists().where(Patient.id == Booking.patient_id, Patient.email_digest == digest),
    )
    others = (
        select(Appointment.id)
        .join(Booking, Booking.id == Appointment.booking_id)
        .where(
            Booking.id != booking.id,
            Booking.confirmed_at.is_(None),
            Appointment.status == Status.HELD,
            Appointment.hold_expires_at > now,
            same_address,
            ~exists().where(Payment.booking_id == Booking.id, Payment.state.in_(LIVE)),
        )
    )
    for appointment_id in session.scalars(others).all():
        # Ended as one that ran out, so that taking the time back again would be a repeat.
        scheduling.shorten_hold(session, appointment_id, now, now)
