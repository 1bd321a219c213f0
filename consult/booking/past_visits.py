"""Visits that are over: those not noted as done or missed yet, and all of them, page by page. Reads only."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from consult.practice.models import Patient
from consult.practice.service import read_contact
from consult.scheduling.lifecycle import SESSIONS, Status
from consult.scheduling.models import Appointment, Schedule

from .models import Booking
from .ports import Ports

AT_ONCE = 30


@dataclass(frozen=True, slots=True)
class PastVisit:
    booking_id: uuid.UUID
    start_at: datetime
    patient_name: str
    status: Status


@dataclass(frozen=True, slots=True)
class PastVisits:
    """Newest first, up to `AT_ONCE`; `older` when there are more before them."""

    zone: str
    visits: Sequence[PastVisit]
    older: bool


# Claims do not overlap, so the index on `busy_from` has them in order of time.
_PAST = (
    select(Appointment, Booking.id, Patient)
    .join(Booking, Booking.id == Appointment.booking_id)
    .join(Patient, Patient.id == Booking.patient_id)
    .order_by(Appointment.busy_from.desc())
)


def past_visits(session: Session, schedule: Schedule, before_at: datetime, ports: Ports) -> PastVisits:
    """Those that were over by then."""
    return _found(session, _PAST.where(Appointment.status.in_(SESSIONS)), schedule, before_at, ports)


def unmarked_visits(session: Session, schedule: Schedule, before_at: datetime, ports: Ports) -> PastVisits:
    """Those of them that are still to be noted as done or missed."""
    return _found(session, _PAST.where(Appointment.status == Status.BOOKED), schedule, before_at, ports)


def _found(
    session: Session,
    which: Select[Appointment, uuid.UUID, Patient],
    schedule: Schedule,
    before_at: datetime,
    ports: Ports,
) -> PastVisits:
    over = which.where(Appointment.schedule_id == schedule.id, Appointment.end_at <= before_at)
    rows = session.execute(over.limit(AT_ONCE + 1)).all()
    visits = [
        PastVisit(
            booking_id,
            appointment.start_at,
            read_contact(session, patient.id, ports.sealer).name,
            appointment.status,
        )
        for appointment, booking_id, patient in rows[:AT_ONCE]
    ]
    return PastVisits(schedule.zone, visits, older=len(rows) > AT_ONCE)
