"""Putting a letter of one booking into the outbox, to the patient or to the therapist."""

from datetime import datetime
from email.utils import parseaddr
from typing import TypedDict

from sqlalchemy.orm import Session

from consult.accounts.service import therapist_email
from consult.calendaring.itip import Invitation, Party
from consult.calendaring.models import CalendarObject
from consult.calendaring.service import invitation_for
from consult.calendaring.therapist_invitation import therapist_invitation
from consult.core.timespan import TimeSpan
from consult.notifications.compose import Recipient, compose
from consult.notifications.letters import Letter
from consult.notifications.service import enqueue
from consult.practice.models import Therapist
from consult.practice.service import get_practice, get_therapist, plain_email, read_contact
from consult.scheduling.models import Appointment
from consult.scheduling.queries import get_schedule

from ..models import Booking
from ..ports import Ports
from ..tokens import read_token
from .revisions import Revision


class PatientFacts(TypedDict):
    """What every letter to a patient about an appointment says."""

    therapist_name: str
    phone: str
    span: TimeSpan
    zone: str
    page_url: str


class TherapistFacts(TypedDict):
    span: TimeSpan
    zone: str
    page_url: str


def span_of(appointment: Appointment) -> TimeSpan:
    return TimeSpan(appointment.start_at, appointment.end_at)


def patient_facts(session: Session, booking: Booking, span: TimeSpan, ports: Ports) -> PatientFacts:
    return {
        "therapist_name": get_therapist(session).name,
        "phone": get_practice(session).phone,
        "span": span,
        "zone": booking.zone,
        "page_url": ports.links.private_page(read_token(booking, ports.sealer)),
    }


def therapist_facts(session: Session, booking: Booking, span: TimeSpan, ports: Ports) -> TherapistFacts:
    return {
        "span": span,
        "zone": get_schedule(session).zone,
        "page_url": ports.links.therapist_summary(booking.id),
    }


def send_to_patient(
    session: Session,
    letter: Letter,
    dedupe_key: str,
    booking: Booking,
    now: datetime,
    ports: Ports,
    *,
    inviting_to: CalendarObject | None = None,
    due_at: datetime | None = None,
    useless_at: datetime | None = None,
) -> None:
    """Of `inviting_to` the letter carries the invitation, or CANCEL; `dedupe_key` then names the revision."""
    contact = read_contact(session, booking.known_patient_id, ports.sealer)
    invitation = None
    if inviting_to is not None:
        invitation = invitation_for(
            session,
            inviting_to.appointment_id,
            organizer=ports.organizer,
            attendee=Party(contact.name, contact.email),
            sealer=ports.sealer,
        )
    to = Recipient(contact.name, contact.email)
    _send(session, letter, to, invitation, dedupe_key, booking, now, ports, due_at, useless_at)


def send_to_therapist(
    session: Session,
    letter: Letter,
    dedupe_key: str,
    booking: Booking,
    now: datetime,
    ports: Ports,
    *,
    inviting_to: CalendarObject | None = None,
    her_own: bool = False,
    due_at: datetime | None = None,
) -> None:
    """Of `inviting_to` the letter carries the invitation, or CANCEL, if she wants them; `dedupe_key` then
    names the revision. Of what is `her_own` doing she is told for her calendar's sake only.
    """
    therapist = get_therapist(session)
    to = Recipient(therapist.name, therapist_email(session, therapist.id))
    invitation: Invitation | None = None
    if inviting_to is not None and is_invited(therapist, to.email, ports):
        attendee = Party(to.name, to.email)
        invitation = therapist_invitation(inviting_to, organizer=ports.organizer, attendee=attendee)
    elif her_own:
        return
    elif inviting_to is not None:
        # Or it would say that her calendar was told.
        dedupe_key += "-without"
    _send(session, letter, to, invitation, dedupe_key, booking, now, ports, due_at)


def _send(
    session: Session,
    letter: Letter,
    to: Recipient,
    invitation: Invitation | None,
    dedupe_key: str,
    booking: Booking,
    now: datetime,
    ports: Ports,
    due_at: datetime | None,
    useless_at: datetime | None = None,
) -> None:
    message = compose(
        ports.mail_templates,
        letter,
        to,
        dedupe_key=dedupe_key,
        calendar=invitation.ics if invitation else None,
        calendar_method=invitation.method if invitation else None,
    )
    enqueue(
        session,
        kind=letter.kind,
        message=message,
        sealer=ports.sealer,
        now=now,
        due_at=due_at,
        useless_at=useless_at,
        booking_id=booking.id,
    )


def is_invited(therapist: Therapist, email: str, ports: Ports) -> bool:
    """Whether she gets invitations: she wants them, and another address than hers sends them."""
    return therapist.wants_invitations and not sends_from(email, ports)


def sends_from(email: str, ports: Ports) -> bool:
    """Whether invitations come from this very address, whose owner then could not be invited."""
    return plain_email(parseaddr(ports.organizer)[1]) == plain_email(email)


def revision_of(event: CalendarObject) -> Revision:
    return Revision(event.id, event.sequence, event.start_at)
