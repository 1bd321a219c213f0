"""What lies ahead out of the ordinary: extra hours, time off, public holidays, the therapist's own entries,
and appointments that stand although her hours no longer hold them.
"""

import uuid
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from consult.core.timespan import TimeSpan

from ..lifecycle import Status
from ..models import Appointment, ExtraHours, Schedule, TimeOff
from ..public_holidays import holidays_of, region_choices
from ..rulebook import get_rules


def coming_extra_hours(session: Session, schedule: Schedule, now: datetime) -> list[ExtraHours]:
    """From today on, in order."""
    query = select(ExtraHours).where(
        ExtraHours.schedule_id == schedule.id, ExtraHours.open_on >= _wall_clock(schedule, now).date()
    )
    return list(session.scalars(query.order_by(ExtraHours.open_on, ExtraHours.start_time)))


def coming_time_off(session: Session, schedule: Schedule, now: datetime) -> list[TimeOff]:
    """What is not over, in order."""
    local = _wall_clock(schedule, now)
    query = select(TimeOff).where(TimeOff.schedule_id == schedule.id, TimeOff.ends_on >= local.date())
    rows = session.scalars(query.order_by(TimeOff.starts_on, TimeOff.start_time))
    return [row for row in rows if (row.ends_on, row.end_time) > (local.date(), local.time())]


def coming_holidays(schedule: Schedule, now: datetime, count: int) -> list[tuple[date, str]]:
    """The next days off by name; none where the therapist works on holidays, or `region_lost`."""
    if schedule.holiday_region is None or region_lost(schedule):
        return []
    today = _wall_clock(schedule, now).date()
    days = (holidays_of(schedule.holiday_region, year) for year in (today.year, today.year + 1))
    ahead = ((day, name) for of_year in days for day, name in of_year.items() if day >= today)
    return sorted(ahead)[:count]


def region_lost(schedule: Schedule) -> bool:
    """Whether the library knows no holidays of the chosen region any more, so that none are kept free."""
    return schedule.holiday_region is not None and schedule.holiday_region not in region_choices()


def coming_own_entries(session: Session, schedule_id: uuid.UUID, now: datetime) -> list[Appointment]:
    """Those not over, in order."""
    return list(session.scalars(_booked(schedule_id, now).where(Appointment.session_type_id.is_(None))))


def booked_outside_hours(session: Session, schedule_id: uuid.UUID, now: datetime) -> list[Appointment]:
    """Appointments with patients to come that do not lie in open time any more, in order. Raises NotFound."""
    rules = get_rules(session, schedule_id)
    rows = session.scalars(_booked(schedule_id, now).where(Appointment.session_type_id.is_not(None)))
    return [row for row in rows if not rules.is_open(TimeSpan(row.start_at, row.end_at))]


def _booked(schedule_id: uuid.UUID, now: datetime) -> Select[Appointment]:
    return (
        select(Appointment)
        .where(
            Appointment.schedule_id == schedule_id,
            Appointment.status == Status.BOOKED,
            Appointment.end_at > now,
        )
        .order_by(Appointment.start_at)
    )


def _wall_clock(schedule: Schedule, now: datetime) -> datetime:
    return now.astimezone(ZoneInfo(schedule.zone))
