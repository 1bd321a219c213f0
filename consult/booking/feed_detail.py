"""How much of each appointment the therapist's calendar feed shows."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.calendaring import feed
from consult.calendaring import service as calendaring
from consult.calendaring.models import CalendarObject
from consult.calendaring.service import Detail, Texts
from consult.calendaring.subscriptions import feeds_changed, of_therapists
from consult.practice.models import Patient
from consult.practice.service import get_therapist, read_contact
from consult.scheduling.gate import lock_schedule
from consult.scheduling.models import Appointment
from consult.scheduling.queries import get_schedule

from .models import Booking
from .ports import Ports
from .reactions import CALENDAR_TITLE


def choose_detail(session: Session, detail: Detail, now: datetime, ports: Ports) -> None:
    """Show all that a feed shows now in this way. Older events keep theirs; no feed shows them again.

    Raises NotFound before the practice is set up.
    """
    # Nothing is entered meanwhile that was drawn by the former choice.
    lock_schedule(session, get_schedule(session).id)
    therapist = get_therapist(session)
    if therapist.feed_detail == detail.value:
        return
    therapist.feed_detail = detail.value
    for event, booking, patient, title in _shown(session, therapist.id, now):
        if booking is None or patient is None:
            texts = Texts(title, detail=detail)
        else:
            texts = Texts(
                CALENDAR_TITLE,
                patient_name=read_contact(session, patient.id, ports.sealer).name,
                therapist_url=ports.links.therapist_summary(booking.id),
                detail=detail,
            )
        calendaring.redraw(event, texts, now)
    session.flush()
    feeds_changed(session, of_therapists({therapist.id}), now)


def _shown(session: Session, therapist_id: uuid.UUID, now: datetime) -> Sequence[Any]:
    """Rows of an entry, its booking and patient, or else its title. All at once: there may be thousands, and
    the schedule is locked.
    """
    window = feed.window(now)
    query = (
        select(CalendarObject, Booking, Patient, Appointment.title)
        .join(Appointment, Appointment.id == CalendarObject.appointment_id)
        .outerjoin(Booking, Booking.id == Appointment.booking_id)
        .outerjoin(Patient, Patient.id == Booking.patient_id)
        .where(
            CalendarObject.therapist_id == therapist_id,
            CalendarObject.vevent_therapist.is_not(None),
            CalendarObject.start_at >= window.start_at,
            CalendarObject.start_at < window.end_at,
        )
        .with_for_update(of=CalendarObject)
    )
    return session.execute(query).all()
