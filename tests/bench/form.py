"""Patients of the demonstration and their intake forms."""

import uuid
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from consult.booking.answers.intake_plan import intake_sections
from consult.cli.demo import add_patients
from consult.deps import deps
from consult.intake.models import COMPLETED, IN_PROGRESS, QuestionnaireResponse
from consult.intake.questionnaire import visible_items
from consult.intake.service import get_answers
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment, Schedule

from .practice import Site, Visitor, copy_bookings, first_session_type, free_starts, next_monday


def add_demonstration(site: Site) -> uuid.UUID:
    """The demonstration's patients; the booking of the one with most answers, all of them sent."""
    with site.app.app_context():
        d = deps()
        add_patients(d)
        query = select(QuestionnaireResponse.booking_id).where(QuestionnaireResponse.status == COMPLETED)
        sent = list(d.session.scalars(query))
        return max(sent, key=lambda booking_id: len(get_answers(d.session, booking_id, d.ports.sealer)))


def longest_section(site: Site, booking_id: uuid.UUID) -> tuple[str, int]:
    """The topic with most questions for this patient, and how many they are."""
    with site.app.app_context():
        d = deps()
        answers, on = get_answers(d.session, booking_id, d.ports.sealer), d.now().date()
        questionnaire = d.ports.catalogue.questionnaire
        counts = {
            section.id: len(visible_items(questionnaire, answers, [section.id], on))
            for section in intake_sections(questionnaire, answers, on)
        }
    longest = max(counts, key=lambda section_id: counts[section_id])
    return longest, counts[longest]


def with_open_form(site: Site, booking_id: uuid.UUID, count: int) -> list[Visitor]:
    """Patients with the same answers, not sent yet, each with an appointment."""
    visitors = copy_bookings(site, booking_id, count, confirmed_at=datetime.now(UTC))
    ids = [visitor.booking_id for visitor in visitors]
    with site.writing() as connection:
        connection.execute(
            update(QuestionnaireResponse)
            .where(QuestionnaireResponse.booking_id.in_(ids))
            .values(status=IN_PROGRESS, completed_at=None)
        )
    give_times(site, ids)
    return visitors


def give_times(site: Site, booking_ids: list[uuid.UUID]) -> None:
    """The first free hours from next Monday."""
    type_id, now = first_session_type(site), datetime.now(UTC)
    offered = free_starts(site, type_id, next_monday(now.date()), 42)
    hours = [start for start in offered if start.minute == 0]
    with site.writing() as connection:
        schedule_id = connection.execute(select(Schedule.id)).scalar_one()
        connection.execute(
            insert(Appointment),
            [
                {
                    "id": uuid.uuid4(),
                    "schedule_id": schedule_id,
                    "booking_id": booking_id,
                    "session_type_id": type_id,
                    "status": Status.BOOKED,
                    "start_at": start_at,
                    "end_at": start_at + timedelta(minutes=45),
                    "busy_from": start_at,
                    "busy_until": start_at + timedelta(minutes=60),
                    "created_at": now,
                    "updated_at": now,
                }
                for booking_id, start_at in zip(booking_ids, hours, strict=False)
            ],
        )
