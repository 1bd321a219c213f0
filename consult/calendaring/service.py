"""Publishing appointments to calendars, and withdrawing them."""

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError, NotFound
from consult.core.timespan import TimeSpan
from consult.db.sealing import Place, Sealer

from .event import EventFacts, Status, vevent
from .feed import calendar_bytes
from .itip import Invitation, Party, invitation
from .models import CalendarObject
from .stamps import risen, whole_second
from .subscriptions import feeds_changed, of_bookings, of_therapists
from .text import initials


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
    """What calendars say. A visit's `title` must be neutral: no word of health. The patient's own calendar
    never has the name, the therapist's as much of it as `detail` says. An entry of her own has her title, and
    neither name nor addresses. Of a visit `by_phone` no calendar offers to join a video call.
    """

    title: str
    patient_name: str = ""
    patient_url: str | None = None
    therapist_url: str | None = None
    detail: Detail = Detail.INITIALS
    by_phone: bool = False


def publish(
    session: Session,
    *,
    appointment_id: uuid.UUID,
    therapist_id: uuid.UUID,
    span: TimeSpan,
    booking_ids: Collection[uuid.UUID],
    texts: Texts,
    domain: str,
    sealer: Sealer,
    now: datetime,
) -> CalendarObject:
    """Enter the appointment in calendars, or revise it there: SEQUENCE and DTSTAMP rise, feeds change: the
    therapist's, and those asked for from one of `booking_ids`.

    `domain` is ours; it ends the UID, by which the import of other calendars knows our own events again.
    Raises EventWithdrawn.
    """
    row = session.scalar(_of(appointment_id).with_for_update())
    therapist_ids = {therapist_id}
    if row is None:
        row = _first_revision(appointment_id, domain, now)
        session.add(row)
    else:
        _require_confirmed(row)
        _next_revision(row, now)
        # What a calendar program answered was about the revision before.
        row.partstat = row.replied_at = None
        therapist_ids.add(row.therapist_id)
    row.therapist_id = therapist_id
    row.start_at, row.end_at = span.start_at, span.end_at
    patient = {"title": texts.title, "url": texts.patient_url, "by_phone": texts.by_phone}
    row.patient_texts_sealed = sealer.seal(json.dumps(patient), _place(row))
    row.vevent_therapist = vevent(therapist_facts(row, texts))
    session.flush()
    feeds_changed(session, of_therapists(therapist_ids) | of_bookings(booking_ids), now)
    return row


def withdraw(
    session: Session, *, appointment_id: uuid.UUID, booking_ids: Collection[uuid.UUID], now: datetime
) -> CalendarObject:
    """Take the appointment out of feeds and make the next invitation a CANCEL.

    Feeds leave it out rather than show it cancelled, since some programs keep a struck-out entry for ever.
    Which feeds change, see `publish`. Raises NotFound, EventWithdrawn.
    """
    row = _get_locked(session, appointment_id)
    _require_confirmed(row)
    _next_revision(row, now)
    row.status = Status.CANCELLED
    row.vevent_therapist = None
    session.flush()
    feeds_changed(session, of_therapists({row.therapist_id}) | of_bookings(booking_ids), now)
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


def patient_vevents(
    session: Session, appointments: Select[uuid.UUID], shown: TimeSpan, *, sealer: Sealer
) -> list[bytes]:
    """Those of these appointments that stand and begin within `shown`, in order, as their patient sees them.

    Their texts are sealed, so each is written anew: fit for the few of one patient.
    """
    query = (
        select(CalendarObject)
        .where(
            CalendarObject.appointment_id.in_(appointments),
            CalendarObject.status == Status.CONFIRMED,
            CalendarObject.start_at >= shown.start_at,
            CalendarObject.start_at < shown.end_at,
        )
        .order_by(CalendarObject.start_at, CalendarObject.id)
    )
    return [vevent(_patient_facts(row, sealer)) for row in session.scalars(query)]


def therapist_facts(row: CalendarObject | Row[Any], texts: Texts) -> EventFacts:
    """The revision as the therapist's feed shows it; `row` has the columns of a `calendar_object`."""
    if texts.detail is Detail.BUSY:
        return _facts(row, "Busy", "", None)
    name = initials(texts.patient_name) if texts.detail is Detail.INITIALS else texts.patient_name
    summary = f"{texts.title} – {name}" if name else texts.title
    url = texts.therapist_url
    return _facts(row, summary, f"Open: {url}" if url else "", url)


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
    made_at = whole_second(now)
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
    row.revised_at = risen(row.revised_at, now)


def _patient_facts(row: CalendarObject, sealer: Sealer) -> EventFacts:
    texts = json.loads(sealer.open(row.patient_texts_sealed, _place(row)))
    if row.status == Status.CANCELLED:
        return _facts(row, f"Cancelled: {texts['title']}", f"About it: {texts['url']}", texts["url"])
    by_phone = texts.get("by_phone", False)
    what = "When it is, and how we meet" if by_phone else "When it is, and where to join"
    description = f"{what}: {texts['url']}\nIn an emergency call 911."
    return replace(_facts(row, texts["title"], description, texts["url"]), by_video=not by_phone)


def _facts(row: CalendarObject | Row[Any], summary: str, description: str, url: str | None) -> EventFacts:
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
