"""A booking whose form was begun."""

from pathlib import Path

import pytest

from consult.db.transaction import transaction
from consult.intake import service
from consult.intake.catalogue import load_catalogue
from tests.rows import new_booking as unsaved_booking
from tests.rows import save, save_session_type

FORMS = Path(__file__).parents[3] / "intake_forms"


@pytest.fixture(scope="session")
def catalogue():
    return load_catalogue(FORMS)


@pytest.fixture
def session_type_id(session):
    with transaction(session):
        return save_session_type(session).id


@pytest.fixture
def new_booking(session, clock, session_type_id):
    def make():
        booking = unsaved_booking(session_type_id, started_at=clock())
        with transaction(session):
            save(session, booking)
            return booking.id

    return make


@pytest.fixture
def booking_id(session, clock, sealer, catalogue, new_booking):
    """A booking whose questionnaire was begun."""
    booking_id = new_booking()
    with transaction(session):
        service.start_response(session, booking_id, catalogue, clock(), sealer)
    return booking_id
