"""What the therapist sees, read across topics. Reads only."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.intake.red_flags import Level, RaisedFlag
from consult.intake.service import ScreenChange
from consult.practice.service import Contact, get_practice, read_contact
from consult.scheduling import queries as scheduling
from consult.scheduling.models import Appointment
from consult.summary.builder import Summary, build_summary
from consult.summary.words import therapist_words

from .models import Booking
from .ports import Ports
from .standing import IntakeState, find_standing
from .tokens import read_token

AGENDA_DAYS = 60


@dataclass(frozen=True)
class AgendaEntry:
    booking_id: uuid.UUID
    start_at: datetime
    end_at: datetime
    patient_name: str
    intake_state: IntakeState
    level: Level
    flags: Sequence[RaisedFlag]
    on_safety_hold: bool


@dataclass(frozen=True)
class Agenda:
    """Appointments from the start of today in the therapist's zone, day by day."""

    zone: str
    today: date
    days: Sequence[tuple[date, Sequence[AgendaEntry]]]


@dataclass(frozen=True)
class SummaryPage:
    booking: Booking
    appointment: Appointment
    contact: Contact
    therapist_zone: str
    state_served: bool
    intake_state: IntakeState
    answered_at: datetime
    form_version: str
    join_url: str | None
    screen_changes: Sequence[tuple[datetime, str]]
    summary: Summary


def agenda(session: Session, now: datetime, ports: Ports) -> Agenda:
    """Raises NotFound before the practice is set up."""
    schedule = scheduling.get_schedule(session)
    zone = ZoneInfo(schedule.zone)
    today = now.astimezone(zone).date()
    start_at = datetime.combine(today, datetime.min.time(), zone)
    rows = scheduling.agenda(session, schedule.id, start_at, start_at + timedelta(days=AGENDA_DAYS))
    entries = [_entry(session, row, now, ports) for row in rows if row.booking_id is not None]
    by_day = groupby(entries, key=lambda entry: entry.start_at.astimezone(zone).date())
    return Agenda(schedule.zone, today, [(day, list(group)) for day, group in by_day])


def get_booking(session: Session, booking_id: uuid.UUID) -> Booking:
    """A confirmed booking. Raises NotFound."""
    booking = session.get(Booking, booking_id)
    if booking is None or booking.confirmed_at is None:
        raise NotFound
    return booking


def contact_of(session: Session, booking: Booking, ports: Ports) -> Contact:
    return read_contact(session, booking.known_patient_id, ports.sealer)


def summary_page(session: Session, booking_id: uuid.UUID, now: datetime, ports: Ports) -> SummaryPage:
    """What the therapist reads before this session. Raises NotFound."""
    booking = get_booking(session, booking_id)
    standing = find_standing(session, booking, now, ports)
    if standing.appointment is None:
        raise NotFound
    contact = contact_of(session, booking, ports)
    changes = [(change.at, _former_words(change, ports)) for change in standing.response.screen_changes]
    return SummaryPage(
        booking=booking,
        appointment=standing.appointment,
        contact=contact,
        therapist_zone=scheduling.get_schedule(session).zone,
        state_served=contact.state in get_practice(session).licensed_states,
        intake_state=standing.intake_state,
        answered_at=standing.response.completed_at or standing.response.updated_at,
        form_version=standing.response.version,
        join_url=ports.links.video_room(read_token(booking, ports.sealer)),
        screen_changes=changes,
        summary=build_summary(
            ports.catalogue, standing.answers, now.date(), notices=[words for _, words in changes]
        ),
    )


def _former_words(change: ScreenChange, ports: Ports) -> str:
    """What the safety answers were before the patient changed them."""
    items = ports.catalogue.questionnaire.items
    said = (
        therapist_words(items[item_id], value) for item_id, value in change.former.items() if item_id in items
    )
    return "; ".join(words for words in said if words) or "nothing"


def _entry(session: Session, row: scheduling.AgendaRow, now: datetime, ports: Ports) -> AgendaEntry:
    assert row.booking_id is not None  # noqa: S101 - the caller leaves out hours without a booking
    booking = session.get_one(Booking, row.booking_id)
    standing = find_standing(session, booking, now, ports)
    outcome = standing.screening.assessment.outcome
    return AgendaEntry(
        booking_id=booking.id,
        start_at=row.start_at,
        end_at=row.end_at,
        patient_name=contact_of(session, booking, ports).name,
        intake_state=standing.intake_state,
        level=outcome.level,
        flags=[flag for flag in outcome.flags if flag.level > Level.INFO],
        on_safety_hold=booking.on_safety_hold,
    )
