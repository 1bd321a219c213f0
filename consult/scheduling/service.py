"""Commands on the schedule's time. Each takes the schedule's lock first, and none commits."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan

from .errors import HoldExpired, SlotNotOffered, SlotTaken
from .guards import is_overlap
from .lifecycle import Command, Status, transition
from .models import Appointment, Schedule
from .offers import find_offered_slot, get_offer, is_open
from .queries import find_live_appointment


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
    offer = get_offer(session, session_type_id)
    _lock_schedule(session, offer.schedule_id)
    _expire_stale(session, offer.schedule_id, now)
    slot = find_offered_slot(session, offer, start_at, now)
    if slot is None:
        raise SlotNotOffered(start_at)
    busy = TimeSpan(slot.start_at, slot.end_at).widened(*(timedelta(minutes=side) for side in offer.buffers))
    appointment = Appointment(
        schedule_id=offer.schedule_id,
        booking_id=booking_id,
        session_type_id=session_type_id,
        status=transition(None, Command.HOLD),
        start_at=slot.start_at,
        end_at=slot.end_at,
        busy_from=busy.start_at,
        busy_until=busy.end_at,
        hold_expires_at=now + hold_ttl,
        created_at=now,
        updated_at=now,
    )
    with _claiming(session, start_at):
        _give_back_hold(session, booking_id, now)
        session.add(appointment)
    return appointment


def extend_hold(session: Session, appointment_id: uuid.UUID, until: datetime, now: datetime) -> Appointment:
    """Keep a hold until `until`, or as long as it was if that is longer.

    Raises HoldExpired, even when nothing has ended the hold yet; TransitionRefused, NotFound.
    """
    appointment = _get_locked(session, appointment_id)
    expires_at = appointment.hold_expires_at or now
    if appointment.status in (Status.HELD, Status.EXPIRED) and expires_at <= now:
        raise HoldExpired(appointment.start_at)
    _apply(appointment, Command.EXTEND, now)
    appointment.hold_expires_at = max(until, expires_at)
    return appointment


def shorten_hold(session: Session, appointment_id: uuid.UUID, until: datetime, now: datetime) -> Appointment:
    """Keep a hold no longer than `until`. Raises TransitionRefused, NotFound."""
    appointment = _get_locked(session, appointment_id)
    _apply(appointment, Command.EXTEND, now)
    appointment.hold_expires_at = min(until, appointment.hold_expires_at or until)
    return appointment


def release_hold(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """Give a hold back. Raises TransitionRefused, NotFound."""
    return _apply(_get_locked(session, appointment_id), Command.RELEASE, now)


def book(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """The hour is paid for: make it the booking's.

    A hold past its time that nobody has ended yet is booked all the same. One that was ended is claimed
    again if its hour is ahead, open and free, and any other hold of the booking is given back. Raises
    SlotTaken when it is not; TransitionRefused when it is booked already or over, or when the booking has
    another hour booked; NotFound.
    """
    appointment = _get_locked(session, appointment_id)
    if appointment.status in (Status.EXPIRED, Status.RELEASED):
        return _reclaim(session, appointment, now)
    return _apply(appointment, Command.BOOK, now)


def cancel(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """Free a booked hour. Raises TransitionRefused, NotFound."""
    return _apply(_get_locked(session, appointment_id), Command.CANCEL, now)


def complete(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """The session took place. Raises TransitionRefused, NotFound."""
    return _apply(_get_locked(session, appointment_id), Command.COMPLETE, now)


def mark_no_show(session: Session, appointment_id: uuid.UUID, now: datetime) -> Appointment:
    """The patient did not come. Raises TransitionRefused, NotFound."""
    return _apply(_get_locked(session, appointment_id), Command.MARK_NO_SHOW, now)


def expire_holds(session: Session, now: datetime) -> int:
    """End every hold that ran out, in all schedules; how many there were."""
    schedule_ids = list(session.scalars(select(Schedule.id).order_by(Schedule.id)))
    count = 0
    for schedule_id in schedule_ids:
        _lock_schedule(session, schedule_id)
        count += _expire_stale(session, schedule_id, now)
    return count


def _reclaim(session: Session, appointment: Appointment, now: datetime) -> Appointment:
    _expire_stale(session, appointment.schedule_id, now)
    start_at = appointment.start_at
    span = TimeSpan(start_at, appointment.end_at)
    if start_at <= now or not is_open(session, appointment.schedule_id, span):
        raise SlotTaken(start_at)
    with _claiming(session, start_at):
        if appointment.booking_id is not None:
            _give_back_hold(session, appointment.booking_id, now)
        _apply(appointment, Command.RECLAIM, now)
    return appointment


def _give_back_hold(session: Session, booking_id: uuid.UUID, now: datetime) -> None:
    """Flushed at once: the booking's next claim may need the very same time."""
    previous = find_live_appointment(session, booking_id)
    if previous is not None:
        _apply(previous, Command.RELEASE, now)
        session.flush()


def _apply(appointment: Appointment, command: Command, now: datetime) -> Appointment:
    appointment.status = transition(appointment.status, command)
    appointment.updated_at = now
    return appointment


@contextmanager
def _claiming(session: Session, start_at: datetime) -> Iterator[None]:
    """All of the block or nothing, in a savepoint, since PostgreSQL gives up a transaction after an error.

    Raises SlotTaken when the guard refuses; any other broken constraint is passed on.
    """
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        if is_overlap(error):
            raise SlotTaken(start_at) from error
        raise


def _get_locked(session: Session, appointment_id: uuid.UUID) -> Appointment:
    schedule_id = session.scalar(select(Appointment.schedule_id).where(Appointment.id == appointment_id))
    if schedule_id is None:
        raise NotFound
    _lock_schedule(session, schedule_id)
    query = select(Appointment).where(Appointment.id == appointment_id)
    return session.scalars(query, execution_options={"populate_existing": True}).one()


def _lock_schedule(session: Session, schedule_id: uuid.UUID) -> None:
    """One claim at a time. Without it PostgreSQL's constraint is still true, but dies of deadlocks.

    SQLite has locked the whole file by now: `transaction` begins IMMEDIATE.
    """
    session.execute(select(Schedule.id).where(Schedule.id == schedule_id).with_for_update(key_share=True))


def _expire_stale(session: Session, schedule_id: uuid.UUID, now: datetime) -> int:
    """The guard cannot know the time, so holds that ran out are ended before a claim meets them."""
    query = select(Appointment).where(
        Appointment.schedule_id == schedule_id,
        Appointment.status == Status.HELD,
        Appointment.hold_expires_at <= now,
    )
    stale = list(session.scalars(query, execution_options={"populate_existing": True}))
    for appointment in stale:
        _apply(appointment, Command.EXPIRE, now)
    session.flush()
    return len(stale)
