"""The gate every claim on time passes: one at a time for each schedule, and all or nothing."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan

from .errors import SlotTaken
from .guards import is_overlap
from .lifecycle import Command, Status, transition
from .models import Appointment, Schedule
from .queries import find_live_appointment

_STALE = select(Appointment).where(
    Appointment.schedule_id == bindparam("schedule_id", type_=Uuid()),
    Appointment.status == Status.HELD,
    Appointment.hold_expires_at <= bindparam("now"),
)
_READ_AGAIN = {"populate_existing": True}


def give_back_hold(session: Session, booking_id: uuid.UUID, now: datetime) -> None:
    """Flushed at once: the booking's next claim may need the very same time."""
    previous = find_live_appointment(session, booking_id)
    if previous is not None:
        apply(previous, Command.RELEASE, now)
        session.flush()


def new_claim(
    command: Command, schedule_id: uuid.UUID, span: TimeSpan, busy: TimeSpan, now: datetime, **what: Any
) -> Appointment:
    """A hold or an entry over `span`, with its buffers `busy`; `what` it is for, in columns."""
    return Appointment(
        schedule_id=schedule_id,
        status=transition(None, command),
        start_at=span.start_at,
        end_at=span.end_at,
        busy_from=busy.start_at,
        busy_until=busy.end_at,
        created_at=now,
        updated_at=now,
        **what,
    )


def apply(appointment: Appointment, command: Command, now: datetime) -> Appointment:
    appointment.status = transition(appointment.status, command)
    appointment.updated_at = now
    return appointment


@contextmanager
def claiming(session: Session, start_at: datetime) -> Iterator[None]:
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


def get_locked(session: Session, appointment_id: uuid.UUID) -> Appointment:
    schedule_id = session.scalar(select(Appointment.schedule_id).where(Appointment.id == appointment_id))
    if schedule_id is None:
        raise NotFound
    lock_schedule(session, schedule_id)
    query = select(Appointment).where(Appointment.id == appointment_id)
    return session.scalars(query, execution_options=_READ_AGAIN).one()


def lock_schedule(session: Session, schedule_id: uuid.UUID) -> None:
    """One claim at a time. Without it PostgreSQL's constraint is still true, but dies of deadlocks.

    SQLite has locked the whole file by now: `transaction` begins IMMEDIATE. Raises NotFound.
    """
    query = select(Schedule.id).where(Schedule.id == schedule_id).with_for_update(key_share=True)
    if session.scalar(query) is None:
        raise NotFound


def expire_stale(session: Session, schedule_id: uuid.UUID, now: datetime) -> int:
    """The guard cannot know the time, so holds that ran out are ended before a claim meets them."""
    of_schedule = {"schedule_id": schedule_id, "now": now}
    stale = list(session.scalars(_STALE, of_schedule, execution_options=_READ_AGAIN))
    for appointment in stale:
        apply(appointment, Command.EXPIRE, now)
    session.flush()
    return len(stale)
