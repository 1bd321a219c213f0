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


@dataclass(frozen=True)
class DueNotice:
    """A mail to her about a notice; `key` is its dedupe key."""

    key: str
    letter: TherapistCalendarStale | TherapistCalendarClash
    booking_id: uuid.UUID | None


def notices_due(session: Session, now: datetime, ports: Ports) -> list[DueNotice]:
    """What `mail_notice` should write: each notice once, of a calendar again when it was read and then failed
    anew. Reads only.
    """
    try:
        therapist, schedule = get_therapist(session), get_schedule(session)
    except NotFound:
        return []
    notices = list(_mails(find_notices(session, therapist.id, now), schedule.zone, now, ports))
    written = written_keys(session, [notice.key for notice in notices])
    return [notice for notice in notices if notice.key not in written]


def mail_notice(session: Session, now: datetime, *, notice: DueNotice, ports: Ports) -> None:
    therapist = get_therapist(session)
    to = Recipient(therapist.name, therapist_email(session, therapist.id))
    enqueue(
        session,
        kind=notice.letter.kind,
        message=compose(ports.mail_templates, notice.letter, to, dedupe_key=notice.key),
        sealer=ports.sealer,
        now=now,
        booking_id=notice.booking_id,
    )


def _mails(notices: Notices, zone: str, now: datetime, ports: Ports) -> Iterator[DueNotice]:
    """Of a visit under way she knows by now."""
    for calendar in notices.stale:
        key = f"calendar-stale-{calendar.id}-{calendar.read_at:%Y%m%dT%H%M%S}"
        yield DueNotice(key, TherapistCalendarStale(ports.links.therapist_calendars()), None)
    for clash in notices.clashes:
        if clash.span.start_at > now:
            page_url = ports.links.therapist_summary(clash.booking_id)
            letter = TherapistCalendarClash(clash.span, zone, page_url)
            yield DueNotice(clash.told_as, letter, clash.booking_id)
