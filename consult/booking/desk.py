"""What the therapist sees, read across topics. Reads only."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from consult.calendaring.models import CalendarObject
from consult.calendaring.replies import PartStat
from consult.core.errors import NotFound
from consult.intake.library import FormVersionLost
from consult.intake.models import QuestionnaireResponse
from consult.intake.red_flags import Level, RaisedFlag
from consult.intake.service import RESPONSE, ResponseRow
from consult.practice.models import Patient
from consult.practice.service import Contact, read_contact
from consult.scheduling import queries as scheduling
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.summary.builder import Summary, build_summary

from .answers.changed_answers import ChangedAnswers, changed_answers
from .answers.former import FormerVisit, find_former_answers, former_visits
from .calendar_truth import Feed, stale_feed
from .judging import IntakeState, Judged, judge
from .models import Booking
from .past_visits import PastVisits, unmarked_visits
from .ports import Ports
from .standing import find_for_desk
from .tokens import read_token

AGENDA_DAYS = 60

_BOOKED = (
    select(Appointment.id, CalendarObject.partstat, Booking, Patient, *RESPONSE)
    .join(Booking, Booking.id == Appointment.booking_id)
    .join(QuestionnaireResponse, QuestionnaireResponse.booking_id == Booking.id)
    .join(Patient, Patient.id == Booking.patient_id)
    .outerjoin(CalendarObject, CalendarObject.appointment_id == Appointment.id)
    .where(Appointment.id.in_(bindparam("appointment_ids", expanding=True)))
)


@dataclass(frozen=True)
class AgendaEntry:
    """`intake_state` is None, and nothing is known of the answers, when their version of the form is lost.
    `declined`: the patient's calendar program answered so to the invitation.
    """

    booking_id: uuid.UUID
    start_at: datetime
    end_at: datetime
    patient_name: str
    intake_state: IntakeState | None
    level: Level
    flags: Sequence[RaisedFlag]
    on_safety_hold: bool
    status: Status
    declined: bool


@dataclass(frozen=True)
class Agenda:
    """Appointments from the start of today in the therapist's zone, day by day; `unmarked` those before that
    she has not noted as done or missed. `stale_feed` is her own, when no calendar program comes for it any
    more.
    """

    zone: str
    today: date
    days: Sequence[tuple[date, Sequence[AgendaEntry]]]
    unmarked: PastVisits
    stale_feed: Feed | None


@dataclass(frozen=True)
class SummaryPage:
    """`former`: earlier visits under the same e-mail address and birth date. `since`: the one whose answers
    the summary compares with; its `sheet.changes` are None when they cannot be read.
    """

    booking: Booking
    appointment: Appointment
    contact: Contact
    therapist_zone: str
    state_served: bool
    intake_state: IntakeState
    answered_at: datetime
    form_version: str
    form_is_current: bool
    form_is_draft: bool
    join_url: str | None
    changed: Sequence[ChangedAnswers]
    summary: Summary
    former: Sequence[FormerVisit]
    since: FormerVisit | None
    declined: bool


def agenda(session: Session, now: datetime, ports: Ports) -> Agenda:
    """Raises NotFound before the practice is set up."""
    schedule = scheduling.get_schedule(session)
    zone = ZoneInfo(schedule.zone)
    today = now.astimezone(zone).date()
    start_at = datetime.combine(today, datetime.min.time(), zone)
    rows = scheduling.agenda(session, schedule.id, start_at, start_at + timedelta(days=AGENDA_DAYS))
    entries = _entries(session, rows, now, ports)
    by_day = groupby(entries, key=lambda entry: entry.start_at.astimezone(zone).date())
    stale = stale_feed(session, schedule.therapist_id, now)
    unmarked = unmarked_visits(session, schedule, start_at, ports)
    return Agenda(schedule.zone, today, [(day, list(group)) for day, group in by_day], unmarked, stale)


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
    found = find_for_desk(session, booking_id, now, ports)
    if found is None or not found.standing.facts.confirmed or found.standing.appointment is None:
        raise NotFound
    standing, booking = found.standing, found.standing.booking
    appointment = found.standing.appointment
    contact = contact_of(session, booking, ports)
    changed = [changed_answers(standing.catalogue, change) for change in standing.response.screen_changes]
    former = former_visits(session, booking, contact, appointment.start_at, ports)
    since = next((visit for visit in former if visit.answered), None)
    return SummaryPage(
        booking=booking,
        appointment=appointment,
        contact=contact,
        therapist_zone=found.therapist_zone,
        state_served=contact.state in found.licensed_states,
        intake_state=standing.intake_state,
        answered_at=standing.response.completed_at or standing.response.updated_at,
        form_version=standing.catalogue.version,
        form_is_current=standing.catalogue is ports.catalogue,
        form_is_draft=standing.catalogue.is_draft,
        join_url=ports.links.video_room(read_token(booking, ports.sealer))
        if appointment.status is Status.BOOKED
        else None,
        changed=changed,
        summary=build_summary(
            standing.catalogue,
            standing.answers,
            now.date(),
            former=find_former_answers(session, since, ports) if since else None,
            notices=[change.text for change in changed],
        ),
        former=former,
        since=since,
        declined=appointment.status is Status.BOOKED and found.partstat == PartStat.DECLINED,
    )


def _entries(
    session: Session, rows: Sequence[scheduling.AgendaRow], now: datetime, ports: Ports
) -> list[AgendaEntry]:
    """However many there are, all that is known of them is asked for at once."""
    ids = [row.appointment_id for row in rows if row.booking_id is not None]
    found = {
        appointment_id: (partstat, booking, patient, ResponseRow(*response))
        for appointment_id, partstat, booking, patient, *response in session.execute(
            _BOOKED, {"appointment_ids": ids}
        )
    }
    return [
        _entry(session, row, *found[row.appointment_id], now, ports)
        for row in rows
        if row.booking_id is not None
    ]


def _entry(
    session: Session,
    row: scheduling.AgendaRow,
    partstat: str | None,
    booking: Booking,
    patient: Patient,
    response: ResponseRow,
    now: datetime,
    ports: Ports,
) -> AgendaEntry:
    judged = _find_readable(session, booking, response, now, ports)
    outcome = judged.screening.assessment.outcome if judged else None
    return AgendaEntry(
        booking_id=booking.id,
        start_at=row.start_at,
        end_at=row.end_at,
        patient_name=read_contact(session, patient.id, ports.sealer).name,
        intake_state=judged.intake_state if judged else None,
        level=outcome.level if outcome else Level.NONE,
        flags=[flag for flag in outcome.flags if flag.level > Level.INFO] if outcome else [],
        on_safety_hold=booking.on_safety_hold,
        status=row.status,
        declined=partstat == PartStat.DECLINED and row.status is Status.BOOKED,
    )


def _find_readable(
    session: Session, booking: Booking, response: ResponseRow, now: datetime, ports: Ports
) -> Judged | None:
    """One patient whose answers cannot be read must not take the whole agenda along."""
    try:
        return judge(session, booking, response, now.date(), ports)
    except FormVersionLost:
        return None
