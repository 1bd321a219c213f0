"""The rows a practice begins with."""

import uuid
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.booking.commands import PRIVACY_VERSION
from consult.core.money import Money
from consult.practice.models import Practice, Therapist
from consult.scheduling.models import AvailabilityRule, Schedule, SessionType

_WORKDAYS = range(5)
_OFFICE_HOURS = ((time(9), time(12)), (time(13), time(17)))


def is_set_up(session: Session) -> bool:
    return session.scalar(select(Practice.id).limit(1)) is not None


@dataclass(frozen=True)
class PracticeFacts:
    """What only the therapist can say. `states` are ids of the form's list; the price is of one session."""

    name: str
    zone: str
    phone: str
    states: list[str]
    price: Money


def add_practice(session: Session, facts: PracticeFacts, now: datetime) -> uuid.UUID:
    """Practice, therapist, schedule with office hours, one session type; the therapist's id."""
    practice = Practice(
        name=facts.name,
        phone=facts.phone,
        licensed_states=facts.states,
        full_refund_hours=24,
        late_refund_percent=50,
        move_until_hours=24,
        # The tips are a draft until a clinician adopts them, so each patient's waits for the therapist.
        handout_at_once=False,
        privacy_version=PRIVACY_VERSION,
        created_at=now,
    )
    session.add(practice)
    session.flush()
    therapist = Therapist(
        practice_id=practice.id,
        name=facts.name,
        about=(
            f"{facts.name} is a physical therapist for neck, back and knee pain, who helps people live with"
            " less pain through movement, exercise and advice, without surgery or other invasive treatment."
        ),
        created_at=now,
    )
    session.add(therapist)
    session.flush()
    schedule = Schedule(
        therapist_id=therapist.id, zone=facts.zone, slot_step_minutes=30, notice_minutes=120, horizon_days=60
    )
    session.add(schedule)
    session.flush()
    session.add_all(
        AvailabilityRule(schedule_id=schedule.id, weekday=day, start_time=start, end_time=end)
        for day in _WORKDAYS
        for start, end in _OFFICE_HOURS
    )
    session.add(
        SessionType(
            schedule_id=schedule.id,
            name="Online session",
            minutes=45,
            price_minor=facts.price.minor,
            currency=facts.price.currency,
            buffer_before_minutes=0,
            buffer_after_minutes=15,
            position=0,
            active=True,
        )
    )
    session.flush()
    return therapist.id
