"""The therapist's other calendars as they are kept: how to read each, and how that went."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.db.sealing import Place, Sealer

from ..models import ExternalCalendar
from .looking import Access, Kind, Seen, Version
from .troubles import Trouble

CHECK_EVERY = timedelta(minutes=10)
LONGEST_WAIT = timedelta(hours=2)
STALE_AFTER = timedelta(hours=24)
"""After so long without a good read the therapist is warned."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A calendar as its page shows it. `trouble` is None when the last look went well."""

    id: uuid.UUID
    name: str
    kind: Kind
    read_at: datetime
    trouble: Trouble | None
    skipped: int
    stale: bool
    whole_days_busy: bool


@dataclass(frozen=True, repr=False)
class Task:
    """All that a look needs, taken out of the database beforehand."""

    calendar_id: uuid.UUID
    access: Access
    known: Version
    whole_days_busy: bool


def keep_calendar(
    session: Session,
    therapist_id: uuid.UUID,
    name: str,
    access: Access,
    seen: Seen,
    now: datetime,
    sealer: Sealer,
    *,
    whole_days_busy: bool = True,
) -> uuid.UUID:
    """A calendar that was just read for the first time."""
    row = ExternalCalendar(
        therapist_id=therapist_id,
        kind=access.kind,
        name=name,
        failures=0,
        skipped_events=0,
        whole_days_busy=whole_days_busy,
        created_at=now,
    )
    secret = {"url": access.url, "user": access.user, "password": access.password}
    row.access_sealed = sealer.seal(json.dumps(secret), _place(row))
    _note_seen(row, seen, now)
    session.add(row)
    session.flush()
    return row.id


def list_calendars(session: Session, therapist_id: uuid.UUID, now: datetime) -> list[Outside]:
    """Those added first in front."""
    query = select(ExternalCalendar).where(ExternalCalendar.therapist_id == therapist_id)
    rows = session.scalars(query.order_by(ExternalCalendar.created_at, ExternalCalendar.id))
    return [_outside(row, now) for row in rows]


def get_calendar(session: Session, therapist_id: uuid.UUID, calendar_id: uuid.UUID, now: datetime) -> Outside:
    """Raises NotFound, also for another therapist's."""
    row = session.get(ExternalCalendar, calendar_id, populate_existing=True)
    if row is None or row.therapist_id != therapist_id:
        raise NotFound
    return _outside(row, now)


def change_calendar(
    session: Session,
    therapist_id: uuid.UUID,
    calendar_id: uuid.UUID,
    name: str,
    now: datetime,
    *,
    whole_days_busy: bool,
) -> bool:
    """Whether it is to be read again, and whole, changed over there or not: until then what was read before
    counts. Raises NotFound, also for another therapist's.
    """
    row = _locked(session, calendar_id)
    if row is None or row.therapist_id != therapist_id:
        raise NotFound
    again = row.whole_days_busy != whole_days_busy
    row.name, row.whole_days_busy = name, whole_days_busy
    if again:
        # A look that is under way goes by the old setting, and counts for nothing when it ends.
        row.etag = row.last_modified = None
        row.checked_at = row.next_check_at = now
    session.flush()
    return again


def drop_calendar(session: Session, calendar_id: uuid.UUID) -> None:
    """Forget how to read it. Its busy times go first: they are another slice's."""
    row = session.get(ExternalCalendar, calendar_id)
    if row is not None:
        session.delete(row)
        session.flush()


def due_calendars(session: Session, now: datetime) -> Sequence[uuid.UUID]:
    query = select(ExternalCalendar.id).where(ExternalCalendar.next_check_at <= now)
    return list(session.scalars(query.order_by(ExternalCalendar.next_check_at)))


def calendars_not_seen_since(session: Session, since: datetime) -> Sequence[uuid.UUID]:
    """Not even tried."""
    return list(session.scalars(select(ExternalCalendar.id).where(ExternalCalendar.checked_at < since)))


def get_task(session: Session, calendar_id: uuid.UUID, now: datetime, sealer: Sealer) -> Task:
    """Raises NotFound.

    The first look of each day (UTC) reads everything, changed or not: days that come into view are not
    known by a calendar that has not changed.
    """
    row = session.get(ExternalCalendar, calendar_id, populate_existing=True)
    if row is None:
        raise NotFound
    read_today = row.succeeded_at is not None and row.succeeded_at.date() == now.date()
    known = Version(row.etag, row.last_modified) if read_today else Version()
    secret = json.loads(sealer.open(row.access_sealed, _place(row)))
    return Task(row.id, Access(Kind(row.kind), **secret), known, row.whole_days_busy)


def note_seen(session: Session, calendar_id: uuid.UUID, seen: Seen, begun_at: datetime) -> bool:
    """Record a good look; False when it counts for nothing, since the calendar was removed or a look begun
    later was faster.
    """
    row = _locked(session, calendar_id)
    if row is None or (row.checked_at is not None and row.checked_at > begun_at):
        return False
    _note_seen(row, seen, begun_at)
    session.flush()
    return True


def note_trouble(session: Session, calendar_id: uuid.UUID, trouble: Trouble, now: datetime) -> None:
    """What was read before stays, with its age. The wait doubles from look to look."""
    row = _locked(session, calendar_id)
    if row is None:
        return
    wait: timedelta = min(CHECK_EVERY * 2 ** min(row.failures, 10), LONGEST_WAIT)
    row.failures += 1
    row.checked_at, row.last_error, row.next_check_at = now, trouble, now + wait
    session.flush()


def note_tried(session: Session, calendar_id: uuid.UUID, now: datetime) -> None:
    """A hurried look came to nothing, which says little about the calendar."""
    row = _locked(session, calendar_id)
    if row is not None:
        row.checked_at = now
        session.flush()


def _note_seen(row: ExternalCalendar, seen: Seen, now: datetime) -> None:
    row.checked_at = row.succeeded_at = now
    row.next_check_at = now + CHECK_EVERY
    row.failures, row.last_error = 0, None
    row.etag, row.last_modified = seen.version.etag, seen.version.last_modified
    if seen.found is not None:
        row.skipped_events = seen.found.skipped


def _locked(session: Session, calendar_id: uuid.UUID) -> ExternalCalendar | None:
    return session.get(ExternalCalendar, calendar_id, with_for_update=True, populate_existing=True)


def _outside(row: ExternalCalendar, now: datetime) -> Outside:
    read_at = row.succeeded_at or row.created_at
    return Outside(
        id=row.id,
        name=row.name,
        kind=Kind(row.kind),
        read_at=read_at,
        trouble=Trouble(row.last_error) if row.last_error else None,
        skipped=row.skipped_events,
        stale=now - read_at > STALE_AFTER,
        whole_days_busy=row.whole_days_busy,
    )


def _place(row: ExternalCalendar) -> Place:
    return Place("external_calendar", "access_sealed", row.id)
