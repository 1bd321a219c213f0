"""Rows that many tests need before their own: a practice, its therapist, a schedule, a kind of session, a
booking. Each in the fewest words that satisfy its table; what a test is about it says itself.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from consult.booking.models import Booking
from consult.practice.models import Practice, Therapist
from consult.scheduling.models import Schedule, SessionType

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
"""A Monday, eight in the morning in New York."""


def new_practice(**facts: Any) -> Practice:
    usual: dict[str, Any] = {
        "name": "Harbour Physio",
        "phone": "+1 555 0100",
        "licensed_states": ["NY"],
        "full_refund_hours": 24,
        "late_refund_percent": 50,
        "privacy_version": "1",
        "created_at": NOW,
    }
    return Practice(**{**usual, **facts})


def new_therapist(practice_id: uuid.UUID, **facts: Any) -> Therapist:
    usual = {"name": "R. Vale", "about": "", "created_at": NOW}
    return Therapist(practice_id=practice_id, **{**usual, **facts})


def new_schedule(therapist_id: uuid.UUID, **facts: Any) -> Schedule:
    usual: dict[str, Any] = {
        "zone": "America/New_York",
        "slot_step_minutes": 30,
        "notice_minutes": 120,
        "horizon_days": 30,
    }
    return Schedule(therapist_id=therapist_id, **{**usual, **facts})


def new_session_type(schedule_id: uuid.UUID, **facts: Any) -> SessionType:
    usual: dict[str, Any] = {
        "name": "First consultation",
        "minutes": 60,
        "price_minor": 9000,
        "currency": "usd",
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "position": 1,
        "active": True,
    }
    return SessionType(schedule_id=schedule_id, **{**usual, **facts})


def new_booking(session_type_id: uuid.UUID, **facts: Any) -> Booking:
    usual: dict[str, Any] = {
        "token_digest": uuid.uuid4().hex * 2,
        "token_sealed": b"sealed",
        "zone": "America/New_York",
        "price_minor": 9000,
        "currency": "usd",
        "refund_terms": {},
        "started_at": NOW,
    }
    return Booking(session_type_id=session_type_id, **{**usual, **facts})


def save(session: Session, *rows: object) -> None:
    """One after another, since each may point at the one before."""
    for row in rows:
        session.add(row)
        session.flush()


def save_session_type(session: Session, **facts: Any) -> SessionType:
    """With the practice, therapist and schedule that it belongs to."""
    practice = new_practice()
    therapist = new_therapist(practice.id)
    schedule = new_schedule(therapist.id)
    session_type = new_session_type(schedule.id, **facts)
    save(session, practice, therapist, schedule, session_type)
    return session_type
