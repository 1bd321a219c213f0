"""Busy times from elsewhere: kept as spans alone, and subtracted from what is on offer.

A session with its buffers may not meet one. They are no claims: they may overlap one another, and sessions
booked before they were known, which stand.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from consult.core.timespan import TimeSpan, merged

from .errors import TakenElsewhere
from .lifecycle import Status
from .models import Appointment, ExternalBusy
from .reasons import BusyElsewhere

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Clash:
    """A session to come, or under way, in a time that another calendar says is busy; `busy_from` is when the
    first such time begins.
    """

    appointment_id: uuid.UUID
    booking_id: uuid.UUID
    span: TimeSpan
    calendar_id: uuid.UUID
    busy_from: datetime


def replace_busy(
    session: Session, schedule_id: uuid.UUID, calendar_id: uuid.UUID, busy: Sequence[TimeSpan]
) -> None:
    """Make these all that the calendar keeps busy. Only what differs is written."""
    now_busy = {(span.start_at, span.end_at) for span in merged(busy)}
    rows = session.scalars(select(ExternalBusy).where(ExternalBusy.external_calendar_id == calendar_id)).all()
    gone = [row.id for row in rows if (row.start_at, row.end_at) not in now_busy]
    known = {(row.start_at, row.end_at) for row in rows}
    for start in range(0, len(gone), _BATCH):
        session.execute(delete(ExternalBusy).where(ExternalBusy.id.in_(gone[start : start + _BATCH])))
    session.add_all(
        ExternalBusy(
            schedule_id=schedule_id, external_calendar_id=calendar_id, start_at=start_at, end_at=end_at
        )
        for start_at, end_at in sorted(now_busy - known)
    )
    session.flush()


def forget_busy(session: Session, calendar_id: uuid.UUID) -> None:
    """Free all that the calendar kept busy."""
    session.execute(delete(ExternalBusy).where(ExternalBusy.external_calendar_id == calendar_id))


def count_busy(
    session: Session, schedule_id: uuid.UUID, from_at: datetime, until_at: datetime
) -> dict[uuid.UUID, int]:
    """How many busy times each calendar has in [from_at, until_at); calendars without any are left out."""
    query = (
        select(ExternalBusy.external_calendar_id, func.count())
        .where(
            ExternalBusy.schedule_id == schedule_id,
            ExternalBusy.end_at > from_at,
            ExternalBusy.start_at < until_at,
        )
        .group_by(ExternalBusy.external_calendar_id)
    )
    return dict(session.execute(query).all())


def busy_elsewhere(
    session: Session, schedule_id: uuid.UUID, from_at: datetime, until_at: datetime
) -> list[BusyElsewhere]:
    """All that has any moment in [from_at, until_at), in order of time."""
    query = (
        select(ExternalBusy.external_calendar_id, ExternalBusy.start_at, ExternalBusy.end_at)
        .where(
            ExternalBusy.schedule_id == schedule_id,
            ExternalBusy.end_at > from_at,
            ExternalBusy.start_at < until_at,
        )
        .order_by(ExternalBusy.start_at, ExternalBusy.end_at)
    )
    return [
        BusyElsewhere(calendar_id, TimeSpan(start_at, end_at))
        for calendar_id, start_at, end_at in session.execute(query)
    ]


def require_not_busy_elsewhere(
    session: Session, schedule_id: uuid.UUID, start_at: datetime, span: TimeSpan
) -> None:
    """For a session at `start_at` that takes `span` with its buffers. Raises TakenElsewhere."""
    for met in busy_elsewhere(session, schedule_id, span.start_at, span.end_at):
        raise TakenElsewhere(start_at, met.calendar_id)


def clashes(session: Session, schedule_id: uuid.UUID, now: datetime) -> list[Clash]:
    """Booked sessions that meet a busy time themselves, buffers not counted, in order of time."""
    query = (
        select(
            Appointment.id,
            Appointment.booking_id,
            Appointment.start_at,
            Appointment.end_at,
            ExternalBusy.external_calendar_id,
            func.min(ExternalBusy.start_at),
        )
        .join(ExternalBusy, ExternalBusy.schedule_id == Appointment.schedule_id)
        .where(
            Appointment.schedule_id == schedule_id,
            Appointment.status == Status.BOOKED,
            Appointment.booking_id.is_not(None),
            Appointment.end_at > now,
            ExternalBusy.end_at > Appointment.start_at,
            ExternalBusy.start_at < Appointment.end_at,
        )
        .group_by(
            Appointment.id,
            Appointment.booking_id,
            Appointment.start_at,
            Appointment.end_at,
            ExternalBusy.external_calendar_id,
        )
        .order_by(Appointment.start_at, ExternalBusy.external_calendar_id)
    )
    return [
        Clash(appointment_id, booking_id, TimeSpan(start_at, end_at), calendar_id, busy_from)
        for appointment_id, booking_id, start_at, end_at, calendar_id, busy_from in session.execute(query)
        if booking_id is not None
    ]
