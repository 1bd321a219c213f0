"""Earlier visits of a patient who comes again, for the therapist only. Reads only."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.intake.library import FormVersionLost
from consult.intake.models import QuestionnaireResponse
from consult.intake.service import read_response
from consult.practice.models import Patient
from consult.practice.service import Contact, same_person
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.summary.builder import FormerAnswers

from ..models import Booking
from ..ports import Ports

_TOOK_PLACE = (Status.BOOKED, Status.DONE)
"""Booked and past, or still to come before the visit it is looked at from."""


@dataclass(frozen=True)
class FormerVisit:
    """`answered`: the intake was sent, so that there is something to compare with."""

    booking_id: uuid.UUID
    start_at: datetime
    answered: bool


def former_visits(
    session: Session, booking: Booking, contact: Contact, start_at: datetime, ports: Ports
) -> Sequence[FormerVisit]:
    """Visits before `start_at` under the same e-mail address and birth date, the latest first; none cancelled
    or missed.
    """
    rows = session.execute(
        select(Booking.id, Appointment.start_at, QuestionnaireResponse.completed_at)
        .join(Patient, Patient.id == Booking.patient_id)
        .join(Appointment, Appointment.booking_id == Booking.id)
        .join(QuestionnaireResponse, QuestionnaireResponse.booking_id == Booking.id)
        .where(
            same_person(contact, ports.sealer),
            Booking.id != booking.id,
            Appointment.status.in_(_TOOK_PLACE),
            Appointment.start_at < start_at,
        )
        .order_by(Appointment.start_at.desc())
    )
    return [FormerVisit(booking_id, at, completed_at is not None) for booking_id, at, completed_at in rows]


def find_former_answers(session: Session, visit: FormerVisit, ports: Ports) -> FormerAnswers | None:
    """What was answered before that visit, with the form of then; None when that version is lost."""
    response = read_response(session, visit.booking_id, ports.sealer)
    try:
        return FormerAnswers(ports.library.find(session, response.version), response.answers)
    except FormVersionLost:
        return None
