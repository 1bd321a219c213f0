"""A session type as it can be booked: its schedule's rules, hours and time off, read as plain columns."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan

from .availability import WeeklyHours, open_spans
from .claims import read_busy
from .models import AvailabilityRule, Schedule, SessionType, TimeOff
from .policies import BookingWindow
from .slots import Seconds, Slot, open_slots
from .wall_clock import instant

_SCHEDULE, _TYPE = Schedule.__table__.c, SessionType.__table__.c
_RULE, _OFF = AvailabilityRule.__table__.c, TimeOff.__table__.c

_OFFER = select(
    _SCHEDULE.id,
    _SCHEDULE.zone,
    _SCHEDULE.notice_minutes,
    _SCHEDULE.horizon_days,
    _SCHEDULE.slot_step_minutes,
    _TYPE.minutes,
    _TYPE.buffer_before_minutes,
    _TYPE.buffer_after_minutes,
).where(_TYPE.schedule_id == _SCHEDULE.id, _TYPE.id == bindparam("session_type_id"), _TYPE.active)

_WEEKLY = select(
    _RULE.weekday, _RULE.start_time, _RULE.end_time, _RULE.valid_from_on, _RULE.valid_until_on
).where(_RULE.schedule_id == bindparam("schedule_id"))

_TIME_OFF = select(_OFF.starts_on, _OFF.start_time, _OFF.ends_on, _OFF.end_time).where(
    _OFF.schedule_id == bindparam("schedule_id"),
    _OFF.ends_on >= bindparam("first_on"),
    _OFF.starts_on <= bindparam("last_on"),
)

_ZONE = select(_SCHEDULE.zone).where(_SCHEDULE.id == bindparam("schedule_id"))


@dataclass(frozen=True, slots=True)
class Offer:
    schedule_id: uuid.UUID
    window: BookingWindow
    step_minutes: int
    minutes: int
    buffers: tuple[int, int]


def get_offer(session: Session, session_type_id: uuid.UUID) -> Offer:
    """Raises NotFound for a session type that is unknown or no longer offered."""
    row = session.execute(_OFFER, {"session_type_id": session_type_id}).one_or_none()
    if row is None:
        raise NotFound
    schedule_id, zone, notice, horizon_days, step, minutes, before, after = row
    window = BookingWindow(timedelta(minutes=notice), horizon_days, ZoneInfo(zone))
    return Offer(schedule_id, window, step, minutes, (before, after))


def free_slots(
    session: Session,
    offer: Offer,
    from_at: datetime,
    until_at: datetime,
    now: datetime,
    for_booking_id: uuid.UUID | None,
) -> list[Slot]:
    """Slots that start in [from_at, until_at), for `for_booking_id` as if its own hold were given back."""
    before, after = (timedelta(minutes=buffer) for buffer in offer.buffers)
    reach = timedelta(minutes=offer.minutes) + after
    busy = read_busy(session, offer.schedule_id, from_at - before, until_at + reach, now, for_booking_id)
    return _slots(session, offer, from_at, until_at, busy)


def find_offered_slot(session: Session, offer: Offer, start_at: datetime, now: datetime) -> Slot | None:
    """The slot on offer at this very start, whoever may have taken it; None when there never was one."""
    if not offer.window.earliest_at(now) <= start_at < offer.window.latest_at(now):
        return None
    slots = _slots(session, offer, start_at, start_at + timedelta(seconds=1), busy=())
    return slots[0] if slots and slots[0].start_at == start_at else None


def is_open(session: Session, schedule_id: uuid.UUID, span: TimeSpan) -> bool:
    """Whether the therapist's hours and time off leave the whole span open."""
    zone = session.execute(_ZONE, {"schedule_id": schedule_id}).scalar_one()
    spans = _read_open_spans(session, schedule_id, ZoneInfo(zone), span.start_at, span.end_at)
    return any(open_span.contains(span) for open_span in spans)


def _slots(
    session: Session, offer: Offer, from_at: datetime, until_at: datetime, busy: Iterable[Seconds]
) -> list[Slot]:
    return open_slots(
        _read_open_spans(session, offer.schedule_id, offer.window.zone, from_at, until_at),
        busy,
        minutes=offer.minutes,
        buffers=offer.buffers,
        step_minutes=offer.step_minutes,
        earliest_at=from_at,
        latest_at=until_at,
    )


def _read_open_spans(
    session: Session, schedule_id: uuid.UUID, zone: ZoneInfo, from_at: datetime, until_at: datetime
) -> list[TimeSpan]:
    """Open time of every day of the therapist's that [from_at, until_at) touches, whole days."""
    first_on, last_on = from_at.astimezone(zone).date(), until_at.astimezone(zone).date()
    bounds = {"schedule_id": schedule_id, "first_on": first_on, "last_on": last_on}
    weekly = [WeeklyHours(*row) for row in session.execute(_WEEKLY, {"schedule_id": schedule_id})]
    time_off = [
        TimeSpan(instant(starts_on, start, zone), instant(ends_on, end, zone))
        for starts_on, start, ends_on, end in session.execute(_TIME_OFF, bounds)
    ]
    return open_spans(weekly, time_off, zone, first_on, (last_on - first_on).days + 1)
