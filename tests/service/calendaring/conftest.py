import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from consult.core.clock import FixedClock
from consult.core.timespan import TimeSpan
from consult.db.transaction import transaction
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from tests.rows import new_practice, new_schedule, new_session_type, save
from tests.rows import new_therapist as unsaved_therapist


@pytest.fixture
def practice_id(session: Session, clock: FixedClock) -> uuid.UUID:
    practice = new_practice(name="Patel", created_at=clock())
    with transaction(session):
        session.add(practice)
    return practice.id


@pytest.fixture
def new_therapist(session: Session, clock: FixedClock, practice_id: uuid.UUID) -> Callable[[], uuid.UUID]:
    def make() -> uuid.UUID:
        therapist = unsaved_therapist(practice_id, name="Olivia Patel", created_at=clock())
        with transaction(session):
            session.add(therapist)
        return therapist.id

    return make


@pytest.fixture
def therapist_id(new_therapist: Callable[[], uuid.UUID]) -> uuid.UUID:
    return new_therapist()


@pytest.fixture
def new_appointment(
    session: Session, clock: FixedClock, therapist_id: uuid.UUID
) -> Callable[[datetime], tuple[uuid.UUID, TimeSpan]]:
    """An appointment of 45 minutes from the given start: its id and span."""
    schedule = new_schedule(therapist_id)
    session_type = new_session_type(schedule.id, minutes=45)
    schedule_id, session_type_id = schedule.id, session_type.id
    with transaction(session):
        save(session, schedule, session_type)

    def make(start_at: datetime) -> tuple[uuid.UUID, TimeSpan]:
        span = TimeSpan(start_at, start_at + timedelta(minutes=45))
        appointment = Appointment(
            schedule_id=schedule_id,
            session_type_id=session_type_id,
            status=Status.BOOKED,
            start_at=span.start_at,
            end_at=span.end_at,
            busy_from=span.start_at,
            busy_until=span.end_at,
            created_at=clock(),
            updated_at=clock(),
        )
        with transaction(session):
            session.add(appointment)
            appointment_id = appointment.id
        return appointment_id, span

    return make
