import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from consult.core.clock import FixedClock
from consult.core.timespan import TimeSpan
from consult.db.transaction import transaction
from consult.practice.models import Practice, Therapist
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment, Schedule, SessionType


@pytest.fixture
def practice_id(session: Session, clock: FixedClock) -> uuid.UUID:
    practice = Practice(
        name="Patel",
        phone="+1 555 0100",
        licensed_states=["NY"],
        full_refund_hours=24,
        late_refund_percent=50,
        privacy_version="1",
        created_at=clock(),
    )
    with transaction(session):
        session.add(practice)
    return practice.id


@pytest.fixture
def new_therapist(session: Session, clock: FixedClock, practice_id: uuid.UUID) -> Callable[[], uuid.UUID]:
    def make() -> uuid.UUID:
        therapist = Therapist(practice_id=practice_id, name="Olivia Patel", about="", created_at=clock())
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
    schedule = Schedule(
        therapist_id=therapist_id,
        zone="America/New_York",
        slot_step_minutes=15,
        notice_minutes=0,
        horizon_days=60,
    )
    session_type = SessionType(
        schedule_id=schedule.id,
        name="Session",
        minutes=45,
        price_minor=9500,
        currency="usd",
        buffer_before_minutes=0,
        buffer_after_minutes=0,
        position=0,
        active=True,
    )
    schedule_id, session_type_id = schedule.id, session_type.id
    with transaction(session):
        session.add(schedule)
        session.flush()
        session.add(session_type)

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
