"""Publishing appointments to calendars, and withdrawing them."""

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from consult.core.clock import as_utc
from consult.core.errors import ConsultError, NotFound
from consult.core.timespan import TimeSpan
from consult.db.sealing import Place, Sealer

from .event import EventFacts, Status, vevent
from .feed import calendar_bytes
from .itip import Invitation, Party, invitation
from .models import CalendarObject, FeedSubscription
from .text import initials

_SECOND = timedelta(seconds=1)


@dataclass(eq=False)
class EventWithdrawn(ConsultError):
    """The appointment was cancelled in calendars, and stays so unless it is reinstated."""

    appointment_id: uuid.UUID


class Detail(StrEnum):
    """How much of an appointment the therapist's feed shows; she may share the calendar that reads it."""

    BUSY = "busy"
    INITIALS = "initials"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Texts:
    """What calendars say. `title` must be neutral: no word of health. The patient's own calendar never has
    the name, the therapist's as much of it as `detail` says.
    """

    title: str
    patient_name: str
    patient_url: str
    therapist_url: str
    detail: Detail = Detail.INITIALS


def publish(
    session: Session,
    *,
    appointment_id: uuid.UUID,
    therapist_id: uuid.UUID,
    span: TimeSpan,
    texts: Texts,
    domain: str,
    sealer: Sealer,
    now: datetime,
) -> CalendarObject:
    """Enter the appointment in calendars, or revise it there: SEQUENCE and DTSTAMP rise, feeds change.

    `domain` is ours; it ends the UID, by which the import of other calendars knows our own events again.
    Raises EventWithdrawn.
    """
    row = session.scalar(_of(appointment_id).with_for_update())
    changed_feeds = {therapist_id}
    if row is None:
        row = _first_revision(appointment_id, domain, now)
        session.add(row)
    else:
        _require_confirmed(row)
        _next_revision(row, now)
        changed_feeds.add(row.therapist_id)
    row.therapist_id = therapist_id
    row.start_at, row.end_at = span.start_at, span.end_at
    patient = {"title": texts.title, "url": texts.patient_url}
    row.patient_texts_sealed = sealer.seal(json.dumps(patient), _place(row))
    row.vevent_therapist = vevent(_therapist_facts(row, texts))
    session.flush()
    _bump_feeds(session, changed_feeds, now)
    return row


def redraw(session: Session, *, appointment_id: uuid.UUID, texts: Texts, now: datetime) -> None:
    """Show an appointment in the therapist's feed as these texts say, its times as they are. No revision of
    the invitation: SEQUENCE stays. One that is withdrawn, or in no calendar, is left alone.
    """
    row = session.scalar(_of(appointment_id).with_for_update())
    if row is None or row.status != Status.CONFIRMED:
        return
    row.revised_at = _risen(row.revised_at, now)
    row.vevent_therapist = vevent(_therapist_facts(row, texts))
    session.flush()


def feeds_changed(session: Session, therapist_id: uuid.UUID, now: datetime) -> None:
    """Let every reader fetch this therapist's feeds anew."""
    _bump_feeds(session, {therapist_id}, now)


def withdraw(session: Session, *, appointment_id: uuid.UUID, now: datetime) -> CalendarObject:
    """Take the appointment out of feeds and make the next invitation a CANCEL.

    Feeds leave it out rather than show it cancelled, since some programs keep a struck-out entry for ever.
    Raises NotFound, EventWithdrawn.
    """
    row = _get_locked(session, appointment_id)
    _require_confirmed(row)
    _next_revision(row, now)
    row.status = Status.CANCELLED
    row.vevent_therapist = None
    session.flush()
    _bump_feeds(session, {row.therapist_id}, now)
    return row


def reinstate(session: Session, *, appointment_id: uuid.UUID, cancel_sent: bool) -> None:
    """Let an appointment be published once more, since its cancellation was taken back.

    While no CANCEL has left, calendars still hold the event, and the next revision has its UID. Once one has
    (`cancel_sent`), that UID is never used again: the next publication is a new event. Raises NotFound.
    """
    row = _get_locked(session, appointment_id)
    if row.status == Status.CONFIRMED:
        return
    if cancel_sent:
        session.delete(row)
    else:
        row.status = Status.CONFIRMED
    session.flush()


def invitation_for(
    session: Session, appointment_id: uuid.UUID, *, organizer: str, attendee: Party, sealer: Sealer
) -> Invitation:
    """REQUEST or CANCEL for the present revision. `organizer` is the mail's From, with or without a name.

    Raises NotFound.
    """
    facts = _patient_facts(_get(session, appointment_id), sealer)
    return invitation(facts, Party.of(organizer), attendee)


def download(session: Session, appointment_id: uuid.UUID, *, sealer: Sealer) -> bytes:
    """The patient's appointment as an .ics file. Raises NotFound."""
    return calendar_bytes([vevent(_patient_facts(_get(session, appointment_id), sealer))])


def _of(appointment_id: uuid.UUID) -> Select[CalendarObject]:
    return select(CalendarObject).where(CalendarObject.appointment_id == appointment_id)


def _get(session: Session, appointment_id: uuid.UUID) -> CalendarObject:
    row = session.scalar(_of(appointment_id))
    if row is None:
        raise NotFound
    return row


def _get_locked(session: Session, appointment_id: uuid.UUID) -> CalendarObject:
    row = session.scalar(_of(appointment_id).with_for_update())
    if row is None:
        raise NotFound
    return row


def _require_confirmed(row: CalendarObject) -> None:
    if row.status != Status.CONFIRMED:
        raise EventWithdrawn(row.appointment_id)


def _first_revision(appointment_id: uuid.UUID, domain: str, now: datetime) -> CalendarObject:
    made_at = _whole_second(now)
    return CalendarObject(
        appointment_id=appointment_id,
        uid=f"{uuid.uuid4()}@{domain}",
        sequence=0,
        status=Status.CONFIRMED,
        created_at=made_at,
        revised_at=made_at,
    )


def _next_revision(row: CalendarObject, now: datetime) -> None:
    row.sequence += 1
    row.revised_at = _risen(row.revised_at, now)


def _whole_second(instant: datetime) -> datetime:
    return as_utc(instant).replace(microsecond=0)


def _risen(previous: datetime, now: datetime) -> datetime:
    """Now, or just after `previous`: two changes within a second must not bear the same stamp."""
    return max(_whole_second(now), previous + _SECOND)


def _bump_feeds(session: Session, therapist_ids: Collection[uuid.UUID], now: datetime) -> None:
    query = select(FeedSubscription).where(
        FeedSubscription.therapist_id.in_(therapist_ids), FeedSubscription.revoked_at.is_(None)
    )
    for feed in session.scalars(query.with_for_update()):
        feed.version += 1
        feed.modified_at = _risen(feed.modified_at, now)
    session.flush()


def _therapist_facts(row: CalendarObject, texts: Texts) -> EventFacts:
    if texts.detail is Detail.BUSY:
        return _facts(row, "Busy", "", None)
    name = initials(texts.patient_name) if texts.detail is Detail.INITIALS else texts.patient_name
    summary = f"{texts.title} – {name}" if name else texts.title
    return _facts(row, summary, f"Open: {texts.therapist_url}", texts.therapist_url)


def _patient_facts(row: CalendarObject, sealer: Sealer) -> EventFacts:
    texts = json.loads(sealer.open(row.patient_texts_sealed, _place(row)))
    if row.status == Status.CANCELLED:
        return _facts(row, f"Cancelled: {texts['title']}", f"About it: {texts['url']}", texts["url"])
    description = f"When it is, and where to join: {texts['url']}\nIn an emergency call 911."
    return _facts(row, texts["title"], description, texts["url"])


def _facts(row: CalendarObject, summary: str, description: str, url: str | None) -> EventFacts:
    return EventFacts(
        uid=row.uid,
        sequence=row.sequence,
        revised_at=row.revised_at,
        created_at=row.created_at,
        span=TimeSpan(row.start_at, row.end_at),
        summary=summary,
        description=description,
        url=url,
        location=url or "",
        status=Status(row.status),
    )


def _place(row: CalendarObject) -> Place:
    return Place("calendar_object", "patient_texts", row.id)
