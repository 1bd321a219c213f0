"""A booking whose form was begun."""

import uuid
from pathlib import Path

import pytest

from consult.booking.models import Booking
from consult.db.transaction import transaction
from consult.intake import service
from consult.intake.catalogue import load_catalogue
from consult.practice.models import Practice, Therapist
from consult.scheduling.models import Schedule, SessionType

FORMS = Path(__file__).parents[3] / "intake_forms"


@pytest.fixture(scope="session")
def catalogue():
    return load_catalogue(FORMS)


@pytest.fixture
def session_type_id(session, clock):
    practice = Practice(
        name="Practice",
        phone="555 0100",
        licensed_states=["OR"],
        full_refund_hours=24,
        late_refund_percent=0,
        privacy_version="1",
        created_at=clock(),
    )
    therapist = Therapist(practice_id=practice.id, name="Therapist", about="", created_at=clock())
    schedule = Schedule(
        therapist_id=therapist.id,
        zone="America/New_York",
        slot_step_minutes=30,
        notice_minutes=60,
        horizon_days=30,
    )
    session_type = SessionType(
        schedule_id=schedule.id,
        name="Consultation",
        minutes=45,
        price_minor=9000,
        currency="usd",
        buffer_before_minutes=0,
        buffer_after_minutes=0,
        position=0,
        active=True,
    )
    with transaction(session):
        for row in (practice, therapist, schedule, session_type):
            session.add(row)
            session.flush()
        return session_type.id


@pytest.fixture
def new_booking(session, clock, session_type_id):
    def make():
        booking = Booking(
            token_digest=uuid.uuid4().hex,
            token_sealed=b"",
            session_type_id=session_type_id,
            zone="America/New_York",
            price_minor=9000,
            currency="usd",
            refund_terms={},
            started_at=clock(),
        )
        with transaction(session):
            session.add(booking)
            session.flush()
            return booking.id

    return make


@pytest.fixture
def booking_id(session, clock, sealer, catalogue, new_booking):
    """A booking whose questionnaire was begun."""
    booking_id = new_booking()
    with transaction(session):
        service.start_response(session, booking_id, catalogue, clock(), sealer)
    return booking_id
