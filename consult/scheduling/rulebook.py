"""The rules as they stand in the database, kept by each process until their version changes."""

import uuid
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Connection, Uuid, bindparam, select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.db.engine import WRITE
from consult.db.glance import Reader

from .availability import Absence, DayHours, Hours, WeeklyHours
from .models import AvailabilityRule, ExtraHours, Schedule, SessionType, TimeOff
from .policies import BookingWindow, Caps
from .public_holidays import holiday_name
from .rules import Rules, Terms

_SCHEDULE, _TYPE = Schedule.__table__.c, SessionType.__table__.c
_RULE, _EXTRA, _OFF = AvailabilityRule.__table__.c, ExtraHours.__table__.c, TimeOff.__table__.c
_ID: BindParameter[uuid.UUID] = bindparam("schedule_id", type_=Uuid())

_SCHEDULE_OF_TYPE = (
    select(_TYPE.schedule_id).where(_TYPE.id == bindparam("session_type_id")).scalar_subquery()
)
_VERSION = select(_SCHEDULE.id, _SCHEDULE.rules_version)
_VERSION_BY_ID = _VERSION.where(_SCHEDULE.id == _ID)
_VERSION_BY_TYPE = _VERSION.where(_SCHEDULE.id == _SCHEDULE_OF_TYPE)
_LOCK_BY_TYPE = _VERSION_BY_TYPE.with_for_update(key_share=True)

_POLICY = select(
    _SCHEDULE.zone,
    _SCHEDULE.notice_minutes,
    _SCHEDULE.horizon_days,
    _SCHEDULE.slot_step_minutes,
    _SCHEDULE.max_per_day,
    _SCHEDULE.max_per_week,
    _SCHEDULE.holiday_region,
).where(_SCHEDULE.id == _ID)
_TERMS = select(
    _TYPE.id, _TYPE.minutes, _TYPE.buffer_before_minutes, _TYPE.buffer_after_minutes, _TYPE.active
).where(_TYPE.schedule_id == _ID)
_WEEKLY = select(
    _RULE.weekday, _RULE.start_time, _RULE.end_time, _RULE.valid_from_on, _RULE.valid_until_on
).where(_RULE.schedule_id == _ID)
_EXTRA_HOURS = select(_EXTRA.open_on, _EXTRA.start_time, _EXTRA.end_time).where(_EXTRA.schedule_id == _ID)
_TIME_OFF = select(_OFF.starts_on, _OFF.start_time, _OFF.ends_on, _OFF.end_time, _OFF.note).where(
    _OFF.schedule_id == _ID
)

_kept: dict[uuid.UUID, Rules] = {}


def get_rules(session: Session, schedule_id: uuid.UUID) -> Rules:
    """Raises NotFound."""
    return _at_version(session, session.execute(_VERSION_BY_ID, {"schedule_id": schedule_id}).one_or_none())


def get_rules_of_type(reader: Reader, session_type_id: uuid.UUID, *, lock: bool = False) -> Rules:
    """The rules of the schedule this session type belongs to, with the schedule's lock if asked for.

    Raises NotFound.
    """
    query = _LOCK_BY_TYPE if lock else _VERSION_BY_TYPE
    return _at_version(reader, reader.execute(query, {"session_type_id": session_type_id}).one_or_none())


def remembered_rules(session_type_id: uuid.UUID) -> Rules | None:
    """What this process knows of the schedule of this session type, at whatever version."""
    # A copy, as another thread may be keeping its own just now.
    return next((rules for rules in list(_kept.values()) if session_type_id in rules.terms), None)


def bump_rules(session: Session, schedule_id: uuid.UUID) -> None:
    """The schedule's rules, hours, time off or session types change in this transaction.

    To be called with every such change, else other processes go on with what they know. Takes the schedule's
    lock: whoever claims time meanwhile waits, and then sees the change. Raises NotFound.
    """
    schedule = session.get(Schedule, schedule_id, with_for_update={"key_share": True}, populate_existing=True)
    if schedule is None:
        raise NotFound
    schedule.rules_version += 1
    session.flush()


def _at_version(reader: Reader, row: tuple[uuid.UUID, int] | None) -> Rules:
    """Kept ones only at exactly this version, which was read first: what is read after it is never older.

    Nothing is kept that a write transaction has read: its changes may yet be rolled back.
    """
    if row is None:
        raise NotFound
    schedule_id, version = row
    kept = _kept.get(schedule_id)
    if kept is not None and kept.version == version:
        return kept
    rules = _read(reader, schedule_id, version)
    connection = reader if isinstance(reader, Connection) else reader.connection()
    if not connection.get_execution_options().get(WRITE, False):
        _kept[schedule_id] = rules
    return rules


def _read(reader: Reader, schedule_id: uuid.UUID, version: int) -> Rules:
    this = {"schedule_id": schedule_id}
    zone_name, notice, horizon_days, step, per_day, per_week, region = reader.execute(_POLICY, this).one()
    zone = ZoneInfo(zone_name)
    hours = Hours(
        zone,
        weekly=[WeeklyHours(*row) for row in reader.execute(_WEEKLY, this)],
        extra=[DayHours(*row) for row in reader.execute(_EXTRA_HOURS, this)],
        absences=[Absence(*row) for row in reader.execute(_TIME_OFF, this)],
        holiday=partial(holiday_name, region),
    )
    return Rules(
        schedule_id,
        version,
        BookingWindow(timedelta(minutes=notice), horizon_days, zone),
        step,
        Caps(per_day, per_week),
        hours,
        {
            type_id: Terms(minutes, (before, after), active)
            for type_id, minutes, before, after, active in reader.execute(_TERMS, this)
        },
    )
