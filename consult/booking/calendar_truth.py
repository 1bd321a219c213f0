"""What the calendars know: what was sent about each visit, who reads the feeds, how old other calendars are.
Reads only.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.service import therapist_email
from consult.calendaring.models import CalendarObject, FeedSubscription
from consult.calendaring.subscriptions import count_subscriptions
from consult.calendaring.text import initials
from consult.core.text import clean_text
from consult.notifications.models import OutboxMessage
from consult.practice.models import Patient
from consult.practice.service import get_therapist, open_contact, read_contact
from consult.scheduling.models import Appointment
from consult.scheduling.queries import get_schedule

from .letters.invitations import Mailed, Present, Reader, Told, mailed, reckon
from .letters.sending import is_invited, sends_from
from .models import Booking
from .outside.calendars import CalendarRow, list_calendars
from .ports import Ports

AT_ONCE = 50
"""So many visits, and patients' feeds, stand on one page."""
SINCE = timedelta(days=14)
FEED_QUIET = timedelta(hours=48)
"""A calendar program that came before and did not for so long is likely to have lost the address."""
FEED_UNUSED = timedelta(hours=24)

_AGENT_LIMIT = 60


@dataclass(frozen=True)
class Feed:
    """A live address. `whose` are a patient's initials, empty for the therapist's own. `quiet`: nobody came
    for long; `unused`: nobody ever did.
    """

    whose: str
    made_at: datetime
    fetched_at: datetime | None
    agent: str
    quiet: bool
    unused: bool


@dataclass(frozen=True)
class VisitTruth:
    """`partstat` is what the patient's calendar answered, if we were shown it. `told` is by reader, without
    hers when she is not invited.
    """

    booking_id: uuid.UUID
    patient_id: uuid.UUID
    patient_name: str
    start_at: datetime
    end_at: datetime
    cancelled: bool
    over: bool
    sequence: int
    partstat: str | None
    replied_at: datetime | None
    told: dict[Reader, Told] = field(default_factory=dict)

    @property
    def late(self) -> bool:
        return any(told.late for told in self.told.values())


@dataclass(frozen=True)
class CalendarTruth:
    """`wants` is her choice; `invited` is false with it where invitations would come from her own address
    (`is_sender`). `coming` is one of `pages`; `late_elsewhere` are on others. Of `past` ones and of patients'
    feeds there is a first page only, with `more_past` and `more_feeds` left out.
    """

    zone: str
    wants: bool
    invited: bool
    is_sender: bool
    email: str
    feeds: Sequence[Feed]
    more_feeds: int
    coming: Sequence[VisitTruth]
    pages: int
    late: int
    late_elsewhere: Sequence[VisitTruth]
    past: Sequence[VisitTruth]
    more_past: int
    outside: Sequence[CalendarRow]

    @property
    def twice(self) -> bool:
        """Whether she sees every visit in her calendar twice."""
        return self.invited and any(not feed.whose and feed.fetched_at for feed in self.feeds)


def calendar_truth(session: Session, now: datetime, ports: Ports, page: int = 1) -> CalendarTruth:
    """With one page of the visits to come. Of the others, which may be thousands, no more is read than tells
    which calendars are late. Raises NotFound before there is a practice.
    """
    therapist = get_therapist(session)
    email = therapist_email(session, therapist.id)
    invited = is_invited(therapist, email, ports)
    readers = (Reader.PATIENT, Reader.THERAPIST) if invited else (Reader.PATIENT,)
    mails = _mails(session, therapist.id, now)
    visits = [
        _visit(row, mails.get(row.booking_id, []), readers, now)
        for row in session.execute(_visits(therapist.id, now))
    ]
    coming = [visit for visit in visits if not visit.over]
    past = [visit for visit in reversed(visits) if visit.over]
    late = [visit for visit in coming if visit.late]
    first = (page - 1) * AT_ONCE
    on_page = coming[first : first + AT_ONCE]
    elsewhere = [visit for visit in late if visit not in on_page]
    named = _naming(session, [*on_page, *elsewhere[:AT_ONCE], *past[:AT_ONCE]], ports)
    feeds, more_feeds = _feeds(session, therapist.id, now, ports)
    return CalendarTruth(
        zone=get_schedule(session).zone,
        wants=therapist.wants_invitations,
        invited=invited,
        is_sender=sends_from(email, ports),
        email=email,
        feeds=feeds,
        more_feeds=more_feeds,
        coming=named(on_page),
        pages=-(-len(coming) // AT_ONCE),
        late=len(late),
        late_elsewhere=named(elsewhere[:AT_ONCE]),
        past=named(past[:AT_ONCE]),
        more_past=max(0, len(past) - AT_ONCE),
        outside=list_calendars(session, therapist.id, now),
    )


def stale_feed(session: Session, therapist_id: uuid.UUID, now: datetime) -> Feed | None:
    """The therapist's own, when no calendar program comes for it any more."""
    query = select(FeedSubscription).where(
        FeedSubscription.therapist_id == therapist_id, FeedSubscription.revoked_at.is_(None)
    )
    feeds = [_feed(row, "", now) for row in session.scalars(query)]
    return next((feed for feed in feeds if feed.quiet or feed.unused), None)


def _visits(therapist_id: uuid.UUID, now: datetime) -> Any:
    return (
        select(
            CalendarObject.id,
            CalendarObject.sequence,
            CalendarObject.status,
            CalendarObject.start_at,
            CalendarObject.end_at,
            CalendarObject.revised_at,
            CalendarObject.partstat,
            CalendarObject.replied_at,
            Appointment.booking_id,
            Booking.patient_id,
        )
        .join(Appointment, Appointment.id == CalendarObject.appointment_id)
        .join(Booking, Booking.id == Appointment.booking_id)
        .where(
            CalendarObject.therapist_id == therapist_id,
            CalendarObject.start_at >= now - SINCE,
            Booking.patient_id.is_not(None),
        )
        .order_by(CalendarObject.start_at, CalendarObject.id)
    )


def _mails(session: Session, therapist_id: uuid.UUID, now: datetime) -> dict[uuid.UUID, list[Mailed]]:
    shown = (
        select(Appointment.booking_id)
        .join(CalendarObject, CalendarObject.appointment_id == Appointment.id)
        .where(CalendarObject.therapist_id == therapist_id, CalendarObject.start_at >= now - SINCE)
    )
    return mailed(session, OutboxMessage.booking_id.in_(shown))


def _visit(row: Any, mails: Sequence[Mailed], readers: Iterable[Reader], now: datetime) -> VisitTruth:
    """Without the name, which is sealed."""
    present = Present.of(row, now)
    return VisitTruth(
        booking_id=row.booking_id,
        patient_id=row.patient_id,
        patient_name="",
        start_at=row.start_at,
        end_at=row.end_at,
        cancelled=present.cancelled,
        over=present.over,
        sequence=row.sequence,
        partstat=row.partstat,
        replied_at=row.replied_at,
        told={reader: reckon(mails, reader, present, now) for reader in readers},
    )


def _naming(
    session: Session, shown: Sequence[VisitTruth], ports: Ports
) -> Callable[[Sequence[VisitTruth]], list[VisitTruth]]:
    """What puts their patients' names to these visits."""
    query = select(Patient.id, Patient.contact_sealed).where(
        Patient.id.in_({visit.patient_id for visit in shown})
    )
    names = {
        patient_id: open_contact(patient_id, sealed, ports.sealer).name
        for patient_id, sealed in session.execute(query)
    }
    return lambda visits: [replace(visit, patient_name=names[visit.patient_id]) for visit in visits]


def _feeds(session: Session, therapist_id: uuid.UUID, now: datetime, ports: Ports) -> tuple[list[Feed], int]:
    """Hers, and those of patients, first of all those not read for longest; and how many more there are."""
    live = select(FeedSubscription).where(FeedSubscription.revoked_at.is_(None))
    hers = live.where(FeedSubscription.therapist_id == therapist_id).order_by(FeedSubscription.created_at)
    theirs = (
        live.add_columns(Patient)
        .join(Booking, Booking.id == FeedSubscription.booking_id)
        .outerjoin(Patient, Patient.id == Booking.patient_id)
        .order_by(FeedSubscription.last_fetched_at.asc().nulls_first(), FeedSubscription.created_at)
    )
    shown = session.execute(theirs.limit(AT_ONCE)).all()
    count = len(shown)
    if count == AT_ONCE:
        count = count_subscriptions(session, FeedSubscription.booking_id.is_not(None))
    feeds = [_feed(row, "", now) for row in session.scalars(hers)]
    feeds += [_feed(row, _initials(session, patient, ports), now) for row, patient in shown]
    return feeds, count - len(shown)


def _initials(session: Session, patient: Patient | None, ports: Ports) -> str:
    name = read_contact(session, patient.id, ports.sealer).name if patient else ""
    return initials(name) or "?"


def _feed(row: FeedSubscription, whose: str, now: datetime) -> Feed:
    fetched_at = row.last_fetched_at
    return Feed(
        whose=whose,
        made_at=row.created_at,
        fetched_at=fetched_at,
        agent=clean_text(row.last_agent or "", _AGENT_LIMIT),
        quiet=fetched_at is not None and now - fetched_at > FEED_QUIET,
        unused=fetched_at is None and now - row.created_at > FEED_UNUSED,
    )
