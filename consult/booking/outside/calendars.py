"""The therapist's other calendars: adding one, changing and removing it, and what is shown of each."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from consult.calendaring.outside import register
from consult.calendaring.outside.fetch import web_address
from consult.calendaring.outside.looking import Access, Kind
from consult.calendaring.outside.register import Outside
from consult.core.ages import age_words
from consult.core.given import Faults
from consult.core.text import clean_text
from consult.practice.service import get_therapist
from consult.scheduling import external
from consult.scheduling.queries import get_schedule

from ..checkout import Counter
from .looks import check_calendar, first_look, keep_busy

WEEKS_SHOWN = 8

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


def check_given(given: GivenCalendar) -> tuple[str, Access]:
    """Name and access. Raises NotSaved."""
    faults = Faults()
    name, url = _checked_name(given.name, faults), web_address(given.url)
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


def add_calendar(
    counter: Counter, therapist_id: uuid.UUID, name: str, access: Access, *, whole_days_busy: bool = True
) -> uuid.UUID:
    """Read it once, then keep it: one that cannot be read is not kept. Raises CannotRead, NotFound."""
    begun_at = counter.clock()
    seen = first_look(counter, access, begun_at, whole_days_busy=whole_days_busy)
    with counter.transaction():
        calendar_id = register.keep_calendar(
            counter.session,
            therapist_id,
            name,
            access,
            seen,
            begun_at,
            counter.ports.sealer,
            whole_days_busy=whole_days_busy,
        )
        keep_busy(counter.session, calendar_id, seen)
    return calendar_id


def change_calendar(
    counter: Counter, therapist_id: uuid.UUID, calendar_id: uuid.UUID, name: str, *, whole_days_busy: bool
) -> None:
    """Read again at once where that changes its busy times; when it cannot be read, those known before count
    until it can. Raises NotSaved, NotFound.
    """
    faults = Faults()
    name = _checked_name(name, faults)
    faults.refuse()
    with counter.transaction():
        again = register.change_calendar(
            counter.session,
            therapist_id,
            calendar_id,
            name,
            counter.clock(),
            whole_days_busy=whole_days_busy,
        )
    if again:
        check_calendar(counter, calendar_id)


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


def calendar_names(session: Session, now: datetime) -> dict[uuid.UUID, str]:
    """Each with the age of what is known of it: `your calendar “Family”, read 4 minutes ago`."""
    calendars = register.list_calendars(session, get_therapist(session).id, now)
    return {
        calendar.id: f"your calendar “{calendar.name}”, read {age_words(calendar.read_at, now)}"
        for calendar in calendars
    }


def _checked_name(given: str, faults: Faults) -> str:
    name = clean_text(given, _NAME_LIMIT)
    if not name:
        faults.note("name", "Give it a name, such as Family.")
    return name
