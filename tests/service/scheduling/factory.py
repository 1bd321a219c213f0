"""Rows other slices own, in the fewest words that satisfy their tables, and a schedule to book on."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from consult.scheduling.lifecycle import Status
from consult.scheduling.models import (
    Appointment,
    AvailabilityRule,
    ExtraHours,
    Schedule,
    SessionType,
    TimeOff,
)
from consult.scheduling.rulebook import bump_rules
from tests.rows import NOW, new_booking, new_practice, new_schedule, new_session_type, new_therapist, save


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """That UTC time in June 2026; New York is four hours behind."""
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


@dataclass(frozen=True)
class Clinic:
    schedule_id: uuid.UUID
    session_type_id: uuid.UUID


def add_clinic(
    session: Session,
    *,
    zone: str = "America/New_York",
    step_minutes: int = 30,
    notice_minutes: int = 120,
    horizon_days: int = 30,
    minutes: int = 60,
    buffers: tuple[int, int] = (0, 0),
    max_per_day: int | None = None,
    max_per_week: int | None = None,
    holiday_region: str | None = None,
) -> Clinic:
    """A practice whose therapist works from nine to five, Mondays to Fridays, and offers one session."""
    practice = new_practice()
    therapist = new_therapist(practice.id)
    schedule = new_schedule(
        therapist.id,
        zone=zone,
        slot_step_minutes=step_minutes,
        notice_minutes=notice_minutes,
        horizon_days=horizon_days,
        max_per_day=max_per_day,
        max_per_week=max_per_week,
        holiday_region=holiday_region,
    )
    save(session, practice, therapist, schedule)
    session_type = add_session_type(session, schedule.id, minutes=minutes, buffers=buffers)
    for weekday in range(5):
        session.add(
            AvailabilityRule(schedule_id=schedule.id, weekday=weekday, start_time=time(9), end_time=time(17))
        )
    session.flush()
    return Clinic(schedule.id, session_type.id)


def add_session_type(
    session: Session,
    schedule_id: uuid.UUID,
    *,
    name: str = "First consultation",
    minutes: int = 60,
    buffers: tuple[int, int] = (0, 0),
    position: int = 1,
    active: bool = True,
) -> SessionType:
    session_type = new_session_type(
        schedule_id,
        name=name,
        minutes=minutes,
        buffer_before_minutes=buffers[0],
        buffer_after_minutes=buffers[1],
        position=position,
        active=active,
    )
    save(session, session_type)
    return session_type


def add_booking(session: Session, clinic: Clinic) -> uuid.UUID:
    booking = new_booking(clinic.session_type_id)
    save(session, booking)
    return booking.id


def add_time_off(session: Session, clinic: Clinic, start_at: datetime, end_at: datetime) -> None:
    """Both instants are put on the wall clock of the schedule."""
    zone = ZoneInfo(session.get_one(Schedule, clinic.schedule_id).zone)
    start, end = start_at.astimezone(zone), end_at.astimezone(zone)
    session.add(
        TimeOff(
            schedule_id=clinic.schedule_id,
            starts_on=start.date(),
            start_time=start.time(),
            ends_on=end.date(),
            end_time=end.time(),
        )
    )
    bump_rules(session, clinic.schedule_id)


def add_extra_hours(session: Session, clinic: Clinic, day: date, start_time: time, end_time: time) -> None:
    session.add(
        ExtraHours(schedule_id=clinic.schedule_id, open_on=day, start_time=start_time, end_time=end_time)
    )
    bump_rules(session, clinic.schedule_id)


def add_hours(session: Session, clinic: Clinic, weekday: int, start_time: time, end_time: time) -> None:
    session.add(
        AvailabilityRule(
            schedule_id=clinic.schedule_id, weekday=weekday, start_time=start_time, end_time=end_time
        )
    )
    bump_rules(session, clinic.schedule_id)


def retire(session: Session, session_type_id: uuid.UUID) -> None:
    session_type = session.get_one(SessionType, session_type_id)
    session_type.active = False
    bump_rules(session, session_type.schedule_id)


def new_appointment(
    clinic: Clinic,
    start_at: datetime,
    *,
    minutes: int = 60,
    status: Status = Status.BOOKED,
    booking_id: uuid.UUID | None = None,
    hold_expires_at: datetime | None = None,
) -> Appointment:
    """A claim as a row, past every rule but the database's own."""
    end_at = start_at + timedelta(minutes=minutes)
    if status is Status.HELD and hold_expires_at is None:
        hold_expires_at = NOW + timedelta(minutes=10)
    return Appointment(
        schedule_id=clinic.schedule_id,
        booking_id=booking_id,
        session_type_id=clinic.session_type_id,
        status=status,
        start_at=start_at,
        end_at=end_at,
        busy_from=start_at,
        busy_until=end_at,
        hold_expires_at=hold_expires_at,
        created_at=NOW,
        updated_at=NOW,
    )
