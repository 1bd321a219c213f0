"""Commands on the schedule's time. Each takes the schedule's lock first, and none commits."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan

from .errors import HoldExpired, NotOffered, SlotNotOffered, SlotTaken
from .external import require_not_busy_elsewhere
from .gate import apply, claiming, expire_stale, get_locked, give_back_hold, lock_schedule, new_claim
from .kept import make_way
from .lifecycle import Command, Status, transition
from .models import Appointment, Schedule
from .offers import get_offer, offer_for, require_free
from .rulebook import get_rules
from .rules import Offer
from .slots import Slot


def place_hold(
    session: Session,
    *,
    booking_id: uuid.UUID,
    session_type_id: uuid.UUID,
    start_at: datetime,
    now: datetime,
    hold_ttl: timedelta,
) -> Appointment:
    """Keep this time for the booking until `hold_ttl` from now, giving back any other hold it has.

    Raises NotFound for the session type, SlotNotOffered, SlotTaken, and TransitionRefused when the booking
    has a booked appointment already. After a refusal the hold it had still stands.
    """
    offer = get_offer(session, session_type_id, lock=True)
    expire_stale(session, offer.schedule_id, now)
    slot = offer.slot_at(start_at, now)
    require_free(session, offer, slot, now, booking_id)
    hold = _new_hold(offer, session_type_id, slot, now, now + hold_ttl, booking_id)
    with claiming(session, start_at):
        give_back_hold(session, booking_id, now)
        session.add(hold)
    return hold


def place_offer_hold(
    session: Session,
    *,
    session_type_id: uuid.UUID,
    start_at: datetime,
    now: datetime,
    until: datetime,
    moving_booking_id: uuid.UUID | None = None,
) -> Appointment:
    """Keep this time until `until` for nobody yet: somebody is about to be offered it.

    For a booking that would move there, the hold is as long as its session, which does not count towards
    caps; but both claims stand until it has moved, so they may not overlap. Raises NotFound, SlotNotOffered,
    SlotTaken.
    """
    offer = get_offer(session, session_type_id, moving_booking_id=moving_booking_id, lock=True)
    expire_stale(session, offer.schedule_id, now)
    slot = offer.slot_at(start_at, now)
    require_free(session, offer, slot, now)
    hold = _new_hold(offer, session_type_id, slot, now, until)
    with claiming(session, start_at):
        session.add(hold)
    return hold


def block_time(
    session: Session, *, schedule_id: uuid.UUID, span: TimeSpan, title: str, now: datetime
) -> Appointment:
    """An entry of the therapist's own, within or outside her hours. Raises SlotTaken, NotFound."""
    lock_schedule(session, schedule_id)
    expire_stale(session, schedule_id, now)
    entry = new_claim(Command.BLOCK, schedule_id, span, span, now, title=title)
    with claiming(session, span.start_at):
        make_way(session, schedule_id, span, now)
        session.add(entry)
    return entry


def unblock_time(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """Free the time of an own entry. Raises TransitionRefused; NotFound, also for a patient's appointment."""
    appointment = get_locked(session, appointment_id)
    if appointment.session_type_id is not None:
        raise NotFound
    return apply(appointment, Command.CANCEL, now)


def extend_hold(session: Session, appointment_id: uuid.UUID, until: datetime, now: datetime) -> Appointment:
    """Keep a hold until `until`, or as long as it was if that is longer.

    Raises HoldExpired, even when nothing has ended the hold yet; TransitionRefused, NotFound.
    """
    appointment = get_locked(session, appointment_id)
    expires_at = appointment.hold_expires_at or now
    if appointment.status in (Status.HELD, Status.EXPIRED) and expires_at <= now:
        raise HoldExpired(appointment.start_at)
    apply(appointment, Command.EXTEND, now)
    appointment.hold_expires_at = max(until, expires_at)
    return appointment


def shorten_hold(session: Session, appointment_id: uuid.UUID, until: datetime, now: datetime) -> Appointment:
    """Keep a hold no longer than `until`. Raises TransitionRefused, NotFound."""
    appointment = get_locked(session, appointment_id)
    apply(appointment, Command.EXTEND, now)
    appointment.hold_expires_at = min(until, appointment.hold_expires_at or until)
    return appointment


def release_hold(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """Give a hold back. Raises TransitionRefused, NotFound."""
    return apply(get_locked(session, appointment_id), Command.RELEASE, now)


def book(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """The hour is paid for: make it the booking's.

    A hold past its time that nobody has ended yet is booked all the same. One that was ended is claimed
    again if its hour is ahead, open and free, and any other hold of the booking is given back. Raises
    SlotTaken when it is not; TransitionRefused when it is booked already or over, or when the booking has
    another hour booked; NotFound.
    """
    appointment = get_locked(session, appointment_id)
    if appointment.status in (Status.EXPIRED, Status.RELEASED):
        return _reclaim(session, appointment, now)
    return apply(appointment, Command.BOOK, now)


def cancel(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """Free a booked hour. Raises TransitionRefused, NotFound."""
    return apply(get_locked(session, appointment_id), Command.CANCEL, now)


def move(
    session: Session,
    appointment_id: uuid.UUID,
    start_at: datetime,
    now: datetime,
    *,
    by_therapist: bool = False,
) -> Appointment:
    """Another time for a booked session, as long as before, with the buffers its session type has now.

    A patient may have what is on offer, also of a session type retired meanwhile. The therapist may put it,
    or an entry of her own, at any free time to come, within her hours or not; a session not into a busy time
    of another calendar of hers. Its own claim is never in the way, and a move to where it is already changes
    nothing. Raises SlotNotOffered, SlotTaken (TakenElsewhere), TransitionRefused; NotFound, for a patient
    also when it is an entry of the therapist's.
    """
    appointment = get_locked(session, appointment_id)
    transition(appointment.status, Command.MOVE)
    if start_at == appointment.start_at:
        return appointment
    expire_stale(session, appointment.schedule_id, now)
    offer = offer_for(session, appointment)
    if by_therapist:
        if start_at < now:
            raise SlotNotOffered(start_at, NotOffered.PAST)
        slot = offer.slot_from(start_at)
        if appointment.session_type_id is not None:
            require_not_busy_elsewhere(session, offer.schedule_id, start_at, offer.busy_span(slot))
    else:
        if appointment.session_type_id is None:
            raise NotFound
        slot = offer.slot_at(start_at, now)
        require_free(session, offer, slot, now)
    busy = offer.busy_span(slot)
    with claiming(session, start_at):
        if by_therapist:
            make_way(session, appointment.schedule_id, busy, now)
        appointment.start_at, appointment.end_at = slot
        appointment.busy_from, appointment.busy_until = busy.start_at, busy.end_at
        apply(appointment, Command.MOVE, now)
    return appointment


def restore(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """Take a cancellation back, inside the hours or not, giving back any hold the booking has.

    Raises SlotTaken when somebody else has the hour now or it is over; TransitionRefused, also when the
    booking has another hour booked; NotFound.
    """
    appointment = get_locked(session, appointment_id)
    transition(appointment.status, Command.RESTORE)
    if appointment.end_at <= now:
        raise SlotTaken(appointment.start_at)
    with claiming(session, appointment.start_at):
        make_way(session, appointment.schedule_id, _busy(appointment), now)
        return _claim_again(session, appointment, Command.RESTORE, now)


def reopen(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """Take a mark back, done or no-show. Raises TransitionRefused, NotFound."""
    return _claim_again(session, get_locked(session, appointment_id), Command.REOPEN, now)


def complete(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """The session took place. Raises TransitionRefused, NotFound."""
    return apply(get_locked(session, appointment_id), Command.COMPLETE, now)


def mark_no_show(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """The patient did not come. Raises TransitionRefused, NotFound."""
    return apply(get_locked(session, appointment_id), Command.MARK_NO_SHOW, now)


def expire_holds(session: Session, now: datetime) -> int:
    """End every hold that ran out, in all schedules; how many there were."""
    schedule_ids = list(session.scalars(select(Schedule.id).order_by(Schedule.id)))
    count = 0
    for schedule_id in schedule_ids:
        lock_schedule(session, schedule_id)
        count += expire_stale(session, schedule_id, now)
    return count


def _reclaim(session: Session, appointment: Appointment, now: datetime) -> Appointment:
    """Neither notice nor caps are asked: the hour is paid for, and it was on offer when it was chosen."""
    span = TimeSpan(appointment.start_at, appointment.end_at)
    if span.start_at <= now or not get_rules(session, appointment.schedule_id).is_open(span):
        raise SlotTaken(span.start_at)
    return _claim_again(session, appointment, Command.RECLAIM, now)


def _claim_again(session: Session, appointment: Appointment, command: Command, now: datetime) -> Appointment:
    transition(appointment.status, command)
    expire_stale(session, appointment.schedule_id, now)
    with claiming(session, appointment.start_at):
        if appointment.booking_id is not None:
            give_back_hold(session, appointment.booking_id, now)
        apply(appointment, command, now)
    return appointment


def _busy(appointment: Appointment) -> TimeSpan:
    return TimeSpan(appointment.busy_from, appointment.busy_until)


def _new_hold(
    offer: Offer,
    session_type_id: uuid.UUID,
    slot: Slot,
    now: datetime,
    until: datetime,
    booking_id: uuid.UUID | None = None,
) -> Appointment:
    return new_claim(
        Command.HOLD,
        offer.schedule_id,
        TimeSpan(*slot),
        offer.busy_span(slot),
        now,
        session_type_id=session_type_id,
        booking_id=booking_id,
        hold_expires_at=until,
    )
