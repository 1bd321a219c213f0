"""Looking into the therapist's other calendars: when it is due, and again before a time is booked.

The network is asked between transactions, never inside one. A failure frees nothing: what was read last
counts until it is read again, and its age is shown.
"""

import logging
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, time, timedelta
from time import monotonic

from sqlalchemy.orm import Session

from consult.accounts.service import therapist_email
from consult.calendaring.outside import register
from consult.calendaring.outside.fetch import Reach
from consult.calendaring.outside.looking import LONGEST, Access, Seen, Version, look
from consult.calendaring.outside.owner import owner_addresses
from consult.calendaring.outside.reading import Wanted
from consult.calendaring.outside.register import Task
from consult.calendaring.outside.troubles import CannotRead, Trouble
from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan
from consult.db.sealing import SealBroken, UnknownKey
from consult.payments.service import find_live_payment
from consult.practice.service import get_therapist
from consult.scheduling import external
from consult.scheduling import service as scheduling
from consult.scheduling.errors import SlotTaken
from consult.scheduling.lifecycle import Status
from consult.scheduling.queries import find_live_appointment, get_schedule

from ..checkout import Counter
from ..models import Booking
from ..ports import Ports
from ..standing import lock_booking

DAYS_READ = 400
"""Further ahead than anything can be booked."""

FRESH = timedelta(minutes=2)
"""A calendar looked at so lately is not asked again before a time is booked."""

HURRY_SECONDS = 3.0
"""How long whoever wants a time waits for all calendars together."""

_AT_ONCE = 4

_log = logging.getLogger("consult.calendars")


def calendars_due(session: Session, now: datetime) -> Sequence[uuid.UUID]:
    """What `check_calendar` should read now."""
    return register.due_calendars(session, now)


def first_look(counter: Counter, access: Access, begun_at: datetime, *, whole_days_busy: bool) -> Seen:
    """At a calendar that is not kept yet. Raises CannotRead, NotFound."""
    wanted = _wanted(counter.session, begun_at, counter.ports)
    counter.session.rollback()
    return look(access, Version(), _told(wanted, access, whole_days_busy), counter.ports.reach)


def check_calendar(counter: Counter, calendar_id: uuid.UUID) -> None:
    """Read it again and keep what is found, or note why it could not be read. One removed is left alone."""
    begun_at = counter.clock()
    tasks = _tasks(counter, [calendar_id], begun_at)
    wanted = _wanted(counter.session, begun_at, counter.ports)
    counter.session.rollback()
    for task in tasks:
        outcome = _outcome(task, wanted, counter.ports.reach, LONGEST)
        with counter.transaction():
            if isinstance(outcome, Trouble):
                register.note_trouble(counter.session, calendar_id, outcome, begun_at)
            else:
                _note_seen(counter.session, calendar_id, outcome, begun_at)


def look_before_booking(counter: Counter) -> None:
    """Read what has not been looked at for a while, all at once and in a hurry. What cannot be read in time
    keeps nobody from booking: then the busy times known before count.
    """
    begun_at = counter.clock()
    calendar_ids = register.calendars_not_seen_since(counter.session, begun_at - FRESH)
    if not calendar_ids:
        return
    tasks = _tasks(counter, calendar_ids, begun_at)
    wanted = _wanted(counter.session, begun_at, counter.ports)
    counter.session.rollback()
    deadline = monotonic() + HURRY_SECONDS
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        outcomes = list(
            pool.map(
                lambda task: _outcome(task, wanted, counter.ports.reach, deadline - monotonic()),
                tasks,
            )
        )
    with counter.transaction():
        for task, outcome in zip(tasks, outcomes, strict=True):
            if isinstance(outcome, Trouble):
                register.note_tried(counter.session, task.calendar_id, begun_at)
            else:
                _note_seen(counter.session, task.calendar_id, outcome, begun_at)


def require_still_free(counter: Counter, booking_id: uuid.UUID) -> None:
    """Just before a payment: look at her other calendars again, and give the held time back where one of
    them has become busy. A payment page that is open already is left open. Raises SlotTaken.
    """
    look_before_booking(counter)
    now = counter.clock()
    with counter.transaction():
        booking = lock_booking(counter.session, booking_id)
        lost_at = None
        if find_live_payment(counter.session, booking.id) is None:
            lost_at = _give_back_if_busy(counter.session, booking, now)
    if lost_at is not None:
        raise SlotTaken(lost_at)


def keep_busy(session: Session, calendar_id: uuid.UUID, seen: Seen) -> None:
    """What a look found, if it found anything new."""
    if seen.found is not None:
        external.replace_busy(session, get_schedule(session).id, calendar_id, seen.found.busy)


def _give_back_if_busy(session: Session, booking: Booking, now: datetime) -> datetime | None:
    held = find_live_appointment(session, booking.id)
    if held is None or held.status is not Status.HELD:
        return None
    if not external.busy_elsewhere(session, held.schedule_id, held.busy_from, held.busy_until):
        return None
    scheduling.release_hold(session, held.id, now)
    return held.start_at


def _tasks(counter: Counter, calendar_ids: Sequence[uuid.UUID], now: datetime) -> list[Task]:
    """Of those whose address can be opened: of another the busy times known before count, until she is told
    that it is not read any more.
    """
    tasks = []
    for calendar_id in calendar_ids:
        try:
            tasks.append(register.get_task(counter.session, calendar_id, now, counter.ports.sealer))
        except NotFound:
            continue
        except (SealBroken, UnknownKey) as error:
            _log.error("calendar %s: %s", calendar_id, type(error).__name__)
    return tasks


def _wanted(session: Session, now: datetime, ports: Ports) -> Wanted:
    """From the start of this day (UTC), so that what is cut off there stays the same all day."""
    from_at = datetime.combine(now.date(), time(), now.tzinfo)
    span = TimeSpan(from_at, from_at + timedelta(days=DAYS_READ))
    signs_in_as = therapist_email(session, get_therapist(session).id)
    owner = frozenset({signs_in_as.lower()})
    return Wanted(span, get_schedule(session).zone, ports.links.domain, owner=owner)


def _told(wanted: Wanted, access: Access, whole_days_busy: bool) -> Wanted:
    """With what holds for this calendar alone."""
    owner = wanted.owner | owner_addresses(access.url, access.user)
    return replace(wanted, whole_days_busy=whole_days_busy, owner=owner)


def _outcome(task: Task, wanted: Wanted, reach: Reach, seconds: float) -> Seen | Trouble:
    try:
        return look(task.access, task.known, _told(wanted, task.access, task.whole_days_busy), reach, seconds)
    except CannotRead as refusal:
        return refusal.trouble


def _note_seen(session: Session, calendar_id: uuid.UUID, seen: Seen, begun_at: datetime) -> None:
    if register.note_seen(session, calendar_id, seen, begun_at):
        keep_busy(session, calendar_id, seen)
