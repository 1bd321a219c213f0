"""What may be read with the address in a calendar entry: when the visit is, and where to join. Nothing else.

Whoever sees the patient's calendar can open it, so it neither shows nor takes an answer.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.tokens import digest
from consult.notifications.letters import PageLink
from consult.practice.service import get_therapist
from consult.scheduling.models import Appointment

from .letters.sending import patient_facts, send_to_patient, span_of
from .models import Booking
from .pages import PrivatePage, private_page
from .ports import Ports
from .standing import find_standing, newest_appointment

_LINK_EVERY_MINUTES = 10


@dataclass(frozen=True)
class VisitPage:
    """`join_url` only while the visit may be joined and the safety check was answered again."""

    appointment: Appointment
    zone: str
    therapist_name: str
    cancelled: bool
    over: bool
    by_phone: bool
    join_url: str | None
    join_opens_at: datetime | None


def find_visit(session: Session, token: str) -> Booking:
    """The booking whose calendar entry has this address. Raises NotFound."""
    booking = session.scalar(select(Booking).where(Booking.visit_token_digest == digest(token)))
    if booking is None or booking.confirmed_at is None:
        raise NotFound
    return booking


def visit_page(session: Session, booking: Booking, now: datetime, ports: Ports) -> VisitPage:
    """Raises NotFound."""
    page = private_page(session, find_standing(session, booking, now, ports), now, ports)
    if page.appointment is None:
        raise NotFound
    return VisitPage(
        appointment=page.appointment,
        zone=page.zone,
        therapist_name=get_therapist(session).name,
        cancelled=page.cancelled,
        over=page.over,
        by_phone=page.by_phone,
        join_url=page.join_url,
        join_opens_at=_opens_at(page, now),
    )


def _opens_at(page: PrivatePage, now: datetime) -> datetime | None:
    """None once it is open."""
    opens_at = page.join_opens_at
    return opens_at if opens_at is not None and now < opens_at else None


def send_page_link(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """Mail the private page's address to the patient, once in ten minutes."""
    appointment = newest_appointment(session, booking)
    if appointment is None:
        return
    letter = PageLink(**patient_facts(session, booking, span_of(appointment), ports))
    minute = now.minute // _LINK_EVERY_MINUTES
    send_to_patient(session, letter, f"link-{booking.id}-{now:%Y%m%dT%H}-{minute}", booking, now, ports)
