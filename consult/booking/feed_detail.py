"""The therapist's calendar feed: its address, and how much of each appointment it shows."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from consult.calendaring import redrawing
from consult.calendaring.models import CalendarObject
from consult.calendaring.service import Detail, Texts
from consult.calendaring.subscriptions import new_subscription
from consult.core.errors import NotFound
from consult.practice.models import Patient, Therapist
from consult.practice.service import get_therapist, open_contact
from consult.scheduling.gate import lock_schedule
from consult.scheduling.models import Appointment
from consult.scheduling.queries import get_schedule

from .models import Booking
from .ports import Ports
from .reactions import CALENDAR_TITLE


def new_address(session: Session, therapist_id: uuid.UUID, now: datetime) -> str:
    """The token of a new address, shown once; the former one is gone at once."""
    # Of two clicks at once, one waits for the other, or both their addresses would work.
    session.execute(select(Therapist.id).where(Therapist.id == therapist_id).with_for_update(key_share=True))
    return new_subscription(session, therapist_id, now)


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
    session.flush()
    _redraw(session, therapist, now, ports)


def redraw_after_upgrade(session: Session, now: datetime, ports: Ports) -> None:
    """Show all that a feed shows as this release would, if a former one drew it. Whatever was entered or
    changed since is drawn so already, so the event that has rested longest tells.
    """
    try:
        therapist = get_therapist(session)
    except NotFound:
        return
    row = session.execute(_shown(therapist, now).limit(1)).one_or_none()
    if row is None or redrawing.drawn_anew(row, _texts(therapist, ports)(row), now) is None:
        return
    lock_schedule(session, get_schedule(session).id)
    # She may have chosen another way while this waited.
    session.refresh(therapist)
    _redraw(session, therapist, now, ports)


def _redraw(session: Session, therapist: Therapist, now: datetime, ports: Ports) -> None:
    rows = session.execute(_shown(therapist, now).with_for_update(of=CalendarObject)).all()
    redrawing.redraw(session, therapist.id, rows, _texts(therapist, ports), now)


def _shown(therapist: Therapist, now: datetime) -> Select[Any]:
    """Each entry with its booking and patient, or else its title."""
    return (
        redrawing.shown(therapist.id, now)
        .add_columns(
            Booking.id.label("booking"),
            Patient.id.label("patient"),
            Patient.contact_sealed.label("contact_sealed"),
            Appointment.title.label("title"),
        )
        .join(Appointment, Appointment.id == CalendarObject.appointment_id)
        .outerjoin(Booking, Booking.id == Appointment.booking_id)
        .outerjoin(Patient, Patient.id == Booking.patient_id)
    )


def _texts(therapist: Therapist, ports: Ports) -> Callable[[Row[Any]], Texts]:
    detail = Detail(therapist.feed_detail)

    def of(row: Row[Any]) -> Texts:
        if row.booking is None or row.patient is None:
            return Texts(row.title or CALENDAR_TITLE, detail=detail)
        return Texts(
            CALENDAR_TITLE,
            patient_name=open_contact(row.patient, row.contact_sealed, ports.sealer).name,
            therapist_url=ports.links.therapist_summary(row.booking),
            detail=detail,
        )

    return of
