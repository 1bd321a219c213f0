"""The therapist's other calendars: read from outside, kept as busy times, looked at again before a payment.

The network is asked between transactions, never inside one. A failure frees nothing: what was read last
counts until it is read again, and its age is shown.
"""

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from time import monotonic

from sqlalchemy.orm import Session

from consult.calendaring.outside import register
from consult.calendaring.outside.fetch import Reach, web_address
from consult.calendaring.outside.looking import LONGEST, Access, Kind, Seen, Version, look
from consult.calendaring.outside.reading import Wanted
from consult.calendaring.outside.register import Outside, Task
from consult.calendaring.outside.troubles import CannotRead, Trouble
from consult.core.ages import age_words
from consult.core.errors import NotFound
from consult.core.given import Faults
from consult.core.text import clean_text
from consult.core.timespan import TimeSpan
from consult.payments.service import find_live_payment
from consult.practice.service import get_therapist
from consult.scheduling import external
from consult.scheduling import service as scheduling
from consult.scheduling.errors import SlotTaken
from consult.scheduling.lifecycle import Status
from consult.scheduling.queries import find_live_appointment, get_schedule

from .checkout import Counter
from .models import Booking
from .ports import Ports
from .standing import lock_booking

DAYS_READ = 400
"""Further ahead than anything can be booked."""

FRESH = timedelta(minutes=2)
"""A calendar looked at so lately is not asked again before a payment."""

HURRY_SECONDS = 3.0
"""How long a patient who wants to pay waits for all calendars together."""

WEEKS_SHOWN = 8

_AT_ONCE = 4
_NAME_LIMIT, _FIELD_LIMIT = 120, 1000


@dataclass(frozen=True)
class GivenCalendar:
    """As typed; `kind` and `url` decide how it is read."""

    name: str
    kind: str
    url: str
    user: str = ""
    password: str = ""


@dataclass(frozen=True)
class CalendarRow:
    """`busy` is how many busy times it has in the next `WEEKS_SHOWN` weeks."""

    calendar: Outside
    busy: int


@dataclass(frozen=True)
class CalendarClash:
    """A visit that stands although one of her calendars says she is busy then."""

    booking_id: uuid.UUID
    start_at: datetime
    calendar_name: str


@dataclass(frozen=True)
class Notices:
    stale: Sequence[Outside]
    clashes: Sequence[CalendarClash]


def check_given(given: GivenCalendar) -> tuple[str, Access]:
    """Name and access. Raises NotSaved."""
    faults = Faults()
    name, url = clean_text(given.name, _NAME_LIMIT), web_address(given.url)
    if not name:
        faults.note("name", "Give it a name, such as Family.")
    if given.kind not in list(Kind):
        faults.note("kind", "Choose how it is read.")
    if "://" not in url:
        faults.note("url", "Give the whole address. It begins with https:// or webcal://")
    if max(map(len, (url, given.user, given.password))) > _FIELD_LIMIT:
        faults.note("url", "That is too long to be an address.")
    if given.kind == Kind.CALDAV and not (given.user.strip() and given.password):
        faults.note("user", "Give the user name and the app password.")
    faults.refuse()
    return name, Access(Kind(given.kind), url, given.user.strip(), given.password)


def add_calendar(counter: Counter, therapist_id: uuid.UUID, name: str, access: Access) -> uuid.UUID:
    """Read it once, then keep it: one that cannot be read is not kept. Raises CannotRead, NotFound."""
    begun_at = counter.clock()
    wanted = _wanted(counter.session, begun_at, counter.ports)
    counter.session.rollback()
    seen = look(access, Version(), wanted, counter.ports.reach)
    with counter.transaction():
        calendar_id = register.keep_calendar(
            counter.session, therapist_id, name, access, seen, begun_at, counter.ports.sealer
        )
        _keep_busy(counter.session, calendar_id, seen)
    return calendar_id


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


def calendars_due(session: Session, now: datetime) -> Sequence[uuid.UUID]:
    """What `check_calendar` should read now."""
    return register.due_calendars(session, now)


def look_before_payment(counter: Counter) -> None:
    """Read what has not been looked at for a while, all at once and in a hurry. What cannot be read in time
    keeps nobody from paying: then the busy times known before count.
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


def remove_calendar(session: Session, therapist_id: uuid.UUID, calendar_id: uuid.UUID, now: datetime) -> None:
    """Its times are free at once. Raises NotFound."""
    register.get_calendar(session, therapist_id, calendar_id, now)
    external.forget_busy(session, calendar_id)
    register.drop_calendar(session, calendar_id)


def list_calendars(session: Session, therapist_id: uuid.UUID, now: datetime) -> list[CalendarRow]:
    calendars = register.list_calendars(session, therapist_id, now)
    if not calendars:
        return []
    until_at = now + timedelta(weeks=WEEKS_SHOWN)
    busy = external.count_busy(session, get_schedule(session).id, now, until_at)
    return [CalendarRow(calendar, busy.get(calendar.id, 0)) for calendar in calendars]


def find_notices(session: Session, therapist_id: uuid.UUID, now: datetime) -> Notices:
    """What she should know of before she relies on her free times."""
    calendars = register.list_calendars(session, therapist_id, now)
    if not calendars:
        return Notices([], [])
    names = {calendar.id: calendar.name for calendar in calendars}
    return Notices(
        [calendar for calendar in calendars if calendar.stale],
        [
            CalendarClash(clash.booking_id, clash.start_at, names.get(clash.calendar_id, ""))
            for clash in external.clashes(session, get_schedule(session).id, now)
        ],
    )


def calendar_names(session: Session, now: datetime) -> dict[uuid.UUID, str]:
    """Each with the age of what is known of it: `your calendar “Family”, read 4 minutes ago`."""
    calendars = register.list_calendars(session, get_therapist(session).id, now)
    return {
        calendar.id: f"your calendar “{calendar.name}”, read {age_words(calendar.read_at, now)}"
        for calendar in calendars
    }


def require_still_free(counter: Counter, booking_id: uuid.UUID) -> None:
    """Just before a payment: look at her other calendars again, and give the held time back where one of
    them has become busy. A payment page that is open already is left open. Raises SlotTaken.
    """
    look_before_payment(counter)
    now = counter.clock()
    with counter.transaction():
        booking = lock_booking(counter.session, booking_id)
        lost_at = None
        if find_live_payment(counter.session, booking.id) is None:
            lost_at = _give_back_if_busy(counter.session, booking, now)
    if lost_at is not None:
        raise SlotTaken(lost_at)


def _give_back_if_busy(session: Session, booking: Booking, now: datetime) -> datetime | None:
    held = find_live_appointment(session, booking.id)
    if held is None or held.status is not Status.HELD:
        return None
    if not external.busy_elsewhere(session, held.schedule_id, held.busy_from, held.busy_until):
        return None
    scheduling.release_hold(session, held.id, now)
    return held.start_at


def _tasks(counter: Counter, calendar_ids: Sequence[uuid.UUID], now: datetime) -> list[Task]:
    tasks = []
    for calendar_id in calendar_ids:
        with suppress(NotFound):
            tasks.append(register.get_task(counter.session, calendar_id, now, counter.ports.sealer))
    return tasks


def _wanted(session: Session, now: datetime, ports: Ports) -> Wanted:
    """From the start of this day (UTC), so that what is cut off there stays the same all day."""
    from_at = datetime.combine(now.date(), time(), now.tzinfo)
    span = TimeSpan(from_at, from_at + timedelta(days=DAYS_READ))
    return Wanted(span, get_schedule(session).zone, ports.links.domain)


def _outcome(task: Task, wanted: Wanted, reach: Reach, seconds: float) -> Seen | Trouble:
    try:
        return look(task.access, task.known, wanted, reach, seconds)
    except CannotRead as refusal:
        return refusal.trouble


def _note_seen(session: Session, calendar_id: uuid.UUID, seen: Seen, begun_at: datetime) -> None:
    if register.note_seen(session, calendar_id, seen, begun_at):
        _keep_busy(session, calendar_id, seen)


def _keep_busy(session: Session, calendar_id: uuid.UUID, seen: Seen) -> None:
    if seen.found is not None:
        external.replace_busy(session, get_schedule(session).id, calendar_id, seen.found.busy)
