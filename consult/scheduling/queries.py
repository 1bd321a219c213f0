"""What scheduling is asked: the schedule, what is on offer, who comes when."""

import heapq
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Uuid, bindparam, func, or_, select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan
from consult.db.glance import Reader

from .claims import CLAIMS_BETWEEN, STILL_CLAIMED
from .explanation import DayExplanation, explain
from .external import busy_elsewhere
from .lifecycle import LIVE, SESSIONS, Status
from .models import Appointment, Schedule, SessionType
from .offers import get_offer, look, taken_around
from .reasons import Claim
from .rules import Offer
from .slots import Slot
from .wall_clock import day_start
from .zones import canonical

_CLAIM, _TYPE = Appointment.__table__.c, SessionType.__table__.c

_AGENDA = (
    select(_CLAIM.id, _CLAIM.booking_id, _TYPE.name, _CLAIM.status, _CLAIM.start_at, _CLAIM.end_at)
    .where(
        CLAIMS_BETWEEN,
        _TYPE.id == _CLAIM.session_type_id,
        or_(*(_CLAIM.status == status for status in SESSIONS)),
        _CLAIM.start_at < bindparam("until_at"),
        _CLAIM.end_at > bindparam("from_at"),
    )
    .order_by(_CLAIM.start_at)
)

_CLAIMS = (
    select(
        _CLAIM.id,
        _CLAIM.booking_id,
        func.coalesce(_CLAIM.title, _TYPE.name),
        _CLAIM.status,
        _CLAIM.start_at,
        _CLAIM.end_at,
        _CLAIM.busy_from,
        _CLAIM.busy_until,
        _CLAIM.hold_expires_at,
    )
    .join_from(Appointment.__table__, SessionType.__table__, isouter=True)
    .where(CLAIMS_BETWEEN, STILL_CLAIMED)
    .order_by(_CLAIM.busy_from)
)

# Made once, like all that a booking's steps ask: making a statement costs as much as asking it.
_SCHEDULE = select(Schedule)
_SESSION_TYPES = (
    select(SessionType)
    .where(SessionType.schedule_id == bindparam("schedule_id", type_=Uuid()), SessionType.active)
    .order_by(SessionType.position, SessionType.name)
)
_LIVE = select(Appointment).where(
    Appointment.booking_id == bindparam("booking_id", type_=Uuid()),
    or_(*(Appointment.status == status for status in LIVE)),
)

_YEARS = range(1971, 9999)
"""Days can be reckoned with well inside these."""

_NEAR = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class AgendaRow:
    appointment_id: uuid.UUID
    booking_id: uuid.UUID | None
    session_name: str
    status: Status
    start_at: datetime
    end_at: datetime


def get_schedule(session: Session) -> Schedule:
    """The one schedule of this installation. Raises NotFound before it is set up."""
    schedule = session.scalars(_SCHEDULE).one_or_none()
    if schedule is None:
        raise NotFound
    return schedule


def list_session_types(session: Session, schedule_id: uuid.UUID) -> list[SessionType]:
    """The kinds of session a patient may choose, in the therapist's order."""
    return list(session.scalars(_SESSION_TYPES, {"schedule_id": schedule_id}))


def find_slots(
    reader: Reader,
    session_type_id: uuid.UUID,
    first_on: date,
    days: int,
    now: datetime,
    zone: str,
    for_booking_id: uuid.UUID | None = None,
    *,
    moving_booking_id: uuid.UUID | None = None,
) -> list[Slot]:
    """Slots that start on `days` days from `first_on`, days as the patient in `zone` counts them.

    Holds that ran out count for nothing, whether or not anything has marked them yet; nor does the hold of
    `for_booking_id`, since choosing another time gives it back; nor the booked hour of `moving_booking_id`,
    which is looking for another of the same length, and whose session type may be retired meanwhile. Its own
    start is among the slots as long as the rules would offer it. Raises NotFound, UnknownZone.
    """
    bounds = partial(_bounds, first_on, days, now, ZoneInfo(canonical(zone)))
    found = look(reader, session_type_id, bounds, now, for_booking_id, moving_booking_id=moving_booking_id)
    return found.slots() if found else []


def _bounds(
    first_on: date, days: int, now: datetime, zone: ZoneInfo, offer: Offer
) -> tuple[datetime, datetime] | None:
    """Those days as far as they can be booked, from and until; None where none of them can."""
    earliest_at, latest_at = _horizon(now, offer)
    first = max(first_on.toordinal(), earliest_at.astimezone(zone).toordinal())
    until = min(first_on.toordinal() + days, latest_at.astimezone(zone).toordinal() + 1)
    if first >= until:
        return None
    return (
        max(earliest_at, day_start(date.fromordinal(first), zone)),
        min(latest_at, day_start(date.fromordinal(until), zone)),
    )


def nearest_slots(
    reader: Reader,
    session_type_id: uuid.UUID,
    around: datetime,
    count: int,
    now: datetime,
    for_booking_id: uuid.UUID | None = None,
    *,
    moving_booking_id: uuid.UUID | None = None,
) -> list[Slot]:
    """The `count` free slots that start closest to `around`, in order of time, free as `find_slots` says.

    Raises NotFound.
    """
    slots: list[Slot] = []
    # None outside the days around is nearer than any inside, so the whole horizon is seldom worked out.
    for bounds in (partial(_near, around, now), partial(_horizon, now)):
        found = look(
            reader, session_type_id, bounds, now, for_booking_id, moving_booking_id=moving_booking_id
        )
        slots = found.slots() if found else []
        if len(slots) >= count:
            break
    return sorted(heapq.nsmallest(count, slots, key=lambda slot: abs(slot.start_at - around)))


def _near(middle: datetime, now: datetime, offer: Offer) -> tuple[datetime, datetime] | None:
    """What can be booked no further than `_NEAR` from the middle; None where nothing can."""
    earliest_at, latest_at = _horizon(now, offer)
    from_at, until_at = max(earliest_at, middle - _NEAR), min(latest_at, middle + _NEAR)
    return (from_at, until_at) if from_at < until_at else None


def _horizon(now: datetime, offer: Offer) -> tuple[datetime, datetime]:
    return offer.window.earliest_at(now), offer.window.latest_at(now)


def find_live_appointment(session: Session, booking_id: uuid.UUID) -> Appointment | None:
    """The booking's held or booked appointment; a hold past `hold_expires_at` too while nothing ended it."""
    return session.scalars(_LIVE, {"booking_id": booking_id}).one_or_none()


def agenda(
    session: Session, schedule_id: uuid.UUID, from_at: datetime, until_at: datetime
) -> list[AgendaRow]:
    """The sessions booked, done or missed with any moment in [from_at, until_at), in order of time."""
    bounds = {"schedule_id": schedule_id, "from_at": from_at, "until_at": until_at}
    return [AgendaRow(*row) for row in session.execute(_AGENDA, bounds)]


def claims_between(
    session: Session, schedule_id: uuid.UUID, from_at: datetime, until_at: datetime, now: datetime
) -> list[Claim]:
    """All that takes time in [from_at, until_at), buffers counted, in order: sessions, holds that have
    not run out, and the therapist's own entries.
    """
    bounds = {"schedule_id": schedule_id, "from_at": from_at, "until_at": until_at, "now": now}
    return [
        Claim(*row[:4], TimeSpan(row[4], row[5]), TimeSpan(row[6], row[7]), row[8])
        for row in session.execute(_CLAIMS, bounds)
    ]


def explain_day(session: Session, session_type_id: uuid.UUID, day: date, now: datetime) -> DayExplanation:
    """Why each time of the therapist's day is on offer for this session type, or why not. Raises NotFound."""
    offer = get_offer(session, session_type_id)
    if day.year not in _YEARS:
        raise NotFound
    zone = offer.window.zone
    start_at, end_at = day_start(day, zone), day_start(day + timedelta(days=1), zone)
    before, after = (timedelta(minutes=buffer) for buffer in offer.buffers)
    until_at = end_at + timedelta(minutes=offer.minutes) + after
    claims = claims_between(session, offer.schedule_id, start_at - before, until_at, now)
    taken = taken_around(session, offer, start_at, start_at, now)
    elsewhere = busy_elsewhere(session, offer.schedule_id, start_at - before, until_at)
    return explain(offer, day, now, claims, offer.rules.counts(taken.session_starts), elsewhere)
