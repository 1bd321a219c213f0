"""What the calendars know: what was sent about each visit, who reads the feeds, how old other calendars are.
Reads only.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from consult.accounts.service import therapist_email
from consult.calendaring.models import CalendarObject, FeedSubscription
from consult.calendaring.text import initials
from consult.core.text import clean_text
from consult.notifications.models import OutboxMessage
from consult.practice.models import Patient
from consult.practice.service import get_therapist, read_contact
from consult.scheduling.models import Appointment
from consult.scheduling.queries import get_schedule

from .letters.invitations import Mailed, Present, Reader, Told, mailed, reckon
from .letters.sending import is_invited, sends_from
from .models import Booking
from .outside.calendars import CalendarRow, list_calendars
from .ports import Ports

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
    (`is_sender`).
    """

    zone: str
    wants: bool
    invited: bool
    is_sender: bool
    email: str
    feeds: Sequence[Feed]
    coming: Sequence[VisitTruth]
    past: Sequence[VisitTruth]
    outside: Sequence[CalendarRow]

    @property
    def late(self) -> int:
        return sum(visit.late for visit in self.coming)

    @property
    def twice(self) -> bool:
        """Whether she sees every visit in her calendar twice."""
        return self.invited and any(not feed.whose and feed.fetched_at for feed in self.feeds)


def calendar_truth(session: Session, now: datetime, ports: Ports) -> CalendarTruth:
    """However many visits there are, all is asked for at once. Raises NotFound before there is a practice."""
    therapist = get_therapist(session)
    email = therapist_email(session, therapist.id)
    invited = is_invited(therapist, email, ports)
    rows = session.execute(_visits(therapist.id, now)).all()
    mails = _mails(session, therapist.id, now)
    names = {booking.id: read_contact(session, patient.id, ports.sealer).name for _, booking, patient in rows}
    readers = (Reader.PATIENT, Reader.THERAPIST) if invited else (Reader.PATIENT,)
    visits = [
        _visit(event, booking.id, names[booking.id], mails.get(booking.id, []), readers, now)
        for event, booking, _ in rows
    ]
    return CalendarTruth(
        zone=get_schedule(session).zone,
        wants=therapist.wants_invitations,
        invited=invited,
        is_sender=sends_from(email, ports),
        email=email,
        feeds=_feeds(session, therapist.id, now, ports),
        coming=[visit for visit in visits if not visit.over],
        past=[visit for visit in reversed(visits) if visit.over],
        outside=list_calendars(session, therapist.id, now),
    )


def stale_feed(session: Session, therapist_id: uuid.UUID, now: datetime) -> Feed | None:
    """The therapist's own, when no calendar program comes for it any more."""
    query = select(FeedSubscription).where(
        FeedSubscription.therapist_id == therapist_id, FeedSubscription.revoked_at.is_(None)
    )
    feeds = [_feed(row, "", now) for row in session.scalars(query)]
    return next((feed for feed in feeds if feed.quiet or feed.unused), None)


def _visits(therapist_id: uuid.UUID, now: datetime) -> Select[CalendarObject, Booking, Patient]:
    return (
        select(CalendarObject, Booking, Patient)
        .join(Appointment, Appointment.id == CalendarObject.appointment_id)
        .join(Booking, Booking.id == Appointment.booking_id)
        .join(Patient, Patient.id == Booking.patient_id)
        .where(CalendarObject.therapist_id == therapist_id, CalendarObject.start_at >= now - SINCE)
        .order_by(CalendarObject.start_at, CalendarObject.id)
    )


def _mails(session: Session, therapist_id: uuid.UUID, now: datetime) -> dict[uuid.UUID, list[Mailed]]:
    shown = (
        select(Appointment.booking_id)
        .join(CalendarObject, CalendarObject.appointment_id == Appointment.id)
        .where(CalendarObject.therapist_id == therapist_id, CalendarObject.start_at >= now - SINCE)
    )
    return mailed(session, OutboxMessage.booking_id.in_(shown))


def _visit(
    event: CalendarObject,
    booking_id: uuid.UUID,
    name: str,
    mails: Sequence[Mailed],
    readers: Iterable[Reader],
    now: datetime,
) -> VisitTruth:
    present = Present.of(event, now)
    return VisitTruth(
        booking_id=booking_id,
        patient_name=name,
        start_at=event.start_at,
        end_at=event.end_at,
        cancelled=present.cancelled,
        over=present.over,
        sequence=event.sequence,
        partstat=event.partstat,
        replied_at=event.replied_at,
        told={reader: reckon(mails, reader, present, now) for reader in readers},
    )


def _feeds(session: Session, therapist_id: uuid.UUID, now: datetime, ports: Ports) -> list[Feed]:
    """Hers, and all those of patients."""
    query = (
        select(FeedSubscription, Patient)
        .outerjoin(Booking, Booking.id == FeedSubscription.booking_id)
        .outerjoin(Patient, Patient.id == Booking.patient_id)
        .where(
            FeedSubscription.revoked_at.is_(None),
            or_(FeedSubscription.therapist_id == therapist_id, FeedSubscription.booking_id.is_not(None)),
        )
        .order_by(FeedSubscription.booking_id.is_not(None), FeedSubscription.created_at)
    )
    return [
        _feed(row, _initials(session, patient, ports) if row.booking_id else "", now)
        for row, patient in session.execute(query)
    ]


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
