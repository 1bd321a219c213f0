"""Steps of a story, each in a transaction of its own."""

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from consult.db.transaction import transaction
from consult.scheduling import service
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.scheduling.queries import find_slots
from tests.service.scheduling.factory import NOW, Clinic, add_booking

TTL = timedelta(minutes=10)
LATER = NOW + TTL


def new_booking(session: Session, clinic: Clinic) -> uuid.UUID:
    with transaction(session):
        return add_booking(session, clinic)


def hold(
    session: Session,
    clinic: Clinic,
    booking_id: uuid.UUID,
    start_at: datetime,
    *,
    now: datetime = NOW,
    session_type_id: uuid.UUID | None = None,
) -> uuid.UUID:
    with transaction(session):
        appointment = service.place_hold(
            session,
            booking_id=booking_id,
            session_type_id=session_type_id or clinic.session_type_id,
            start_at=start_at,
            now=now,
            hold_ttl=TTL,
        )
        return appointment.id


def stored(session: Session, appointment_id: uuid.UUID) -> Appointment:
    session.rollback()
    appointment = session.get(Appointment, appointment_id)
    assert appointment is not None
    return appointment


def status(session: Session, appointment_id: uuid.UUID) -> Status:
    return stored(session, appointment_id).status


def book(
    session: Session,
    clinic: Clinic,
    booking_id: uuid.UUID,
    start_at: datetime,
    *,
    now: datetime = NOW,
    session_type_id: uuid.UUID | None = None,
) -> uuid.UUID:
    held = hold(session, clinic, booking_id, start_at, now=now, session_type_id=session_type_id)
    with transaction(session):
        service.book(session, held, now)
    return held


def offered(
    session: Session,
    clinic: Clinic,
    day: date,
    days: int = 1,
    *,
    now: datetime = NOW,
    session_type_id: uuid.UUID | None = None,
    for_booking_id: uuid.UUID | None = None,
    moving_booking_id: uuid.UUID | None = None,
) -> list[datetime]:
    """Starts on those days of New York."""
    session.rollback()
    slots = find_slots(
        session,
        session_type_id or clinic.session_type_id,
        day,
        days,
        now,
        "America/New_York",
        for_booking_id,
        moving_booking_id=moving_booking_id,
    )
    return [slot.start_at for slot in slots]
