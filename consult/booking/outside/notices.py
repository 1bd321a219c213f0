"""What the therapist must know of her other calendars, on her pages and by mail: one too long unread, and a
visit that meets a busy time.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consult.accounts.service import therapist_email
from consult.calendaring.outside import register
from consult.calendaring.outside.register import Outside
from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan
from consult.notifications.compose import Recipient, compose
from consult.notifications.letters import TherapistCalendarClash, TherapistCalendarStale
from consult.notifications.service import enqueue, written_keys
from consult.practice.service import get_therapist
from consult.scheduling import external
from consult.scheduling.queries import get_schedule

from ..ports import Ports


@dataclass(frozen=True)
class CalendarClash:
    """A visit that stands although one of her calendars says she is busy then. `told_as` stays the same while
    the same visit meets a busy time that began when this did.
    """

    booking_id: uuid.UUID
    span: TimeSpan
    calendar_name: str
    told_as: str


@dataclass(frozen=True)
class Notices:
    stale: Sequence[Outside]
    clashes: Sequence[CalendarClash]


def find_notices(session: Session, therapist_id: uuid.UUID, now: datetime) -> Notices:
    """What she should know of before she relies on her free times."""
    calendars = register.list_calendars(session, therapist_id, now)
    if not calendars:
        return Notices([], [])
    names = {calendar.id: calendar.name for calendar in calendars}
    return Notices(
        [calendar for calendar in calendars if calendar.stale],
        [
            CalendarClash(
                clash.booking_id,
                clash.span,
                names.get(clash.calendar_id, ""),
                f"calendar-clash-{clash.appointment_id}-{clash.busy_from:%Y%m%dT%H%M%S}",
            )
            for clash in external.clashes(session, get_schedule(session).id, now)
        ],
    )


def mail_notices(session: Session, now: datetime, ports: Ports) -> None:
    """Write to her of each notice once: of a calendar again when it was read and then failed anew."""
    try:
        therapist = get_therapist(session)
    except NotFound:
        return
    letters = dict(_letters(find_notices(session, therapist.id, now), get_schedule(session).zone, now, ports))
    new = letters.keys() - written_keys(session, letters.keys())
    for key in sorted(new):
        letter, booking_id = letters[key]
        to = Recipient(therapist.name, therapist_email(session, therapist.id))
        message = compose(ports.mail_templates, letter, to, dedupe_key=key)
        enqueue(
            session, kind=letter.kind, message=message, sealer=ports.sealer, now=now, booking_id=booking_id
        )


_Mail = tuple[TherapistCalendarStale | TherapistCalendarClash, uuid.UUID | None]


def _letters(notices: Notices, zone: str, now: datetime, ports: Ports) -> Iterator[tuple[str, _Mail]]:
    """By dedupe key. Of a visit under way she knows by now."""
    for calendar in notices.stale:
        key = f"calendar-stale-{calendar.id}-{calendar.read_at:%Y%m%dT%H%M%S}"
        yield key, (TherapistCalendarStale(ports.links.therapist_calendars()), None)
    for clash in notices.clashes:
        if clash.span.start_at > now:
            page_url = ports.links.therapist_summary(clash.booking_id)
            yield clash.told_as, (TherapistCalendarClash(clash.span, zone, page_url), clash.booking_id)
