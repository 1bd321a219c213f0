"""Everything that is true of one booking at one moment, gathered from the topics it touches."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, case, inspect, or_, select, true
from sqlalchemy.orm import Session, aliased

from consult.calendaring.models import CalendarObject
from consult.core.errors import ConsultError
from consult.core.tokens import digest
from consult.intake.answers import AnswerValue
from consult.intake.content import Catalogue
from consult.intake.models import QuestionnaireResponse
from consult.intake.questionnaire import Item
from consult.intake.service import RESPONSE, ResponseNotFound, ResponseRow, ResponseView
from consult.payments.lifecycle import LIVE as LIVE_PAYMENT
from consult.payments.models import Payment
from consult.practice.models import Patient, Practice
from consult.scheduling.lifecycle import LIVE, Status
from consult.scheduling.models import Appointment, Schedule

from .answers.screening import Screening
from .journey import JourneyFacts, Step, may_enter, next_step
from .judging import IntakeState, Judged, judge
from .models import Booking
from .ports import Ports

_ONCE_BOOKED = (Status.CANCELLED, Status.DONE, Status.NO_SHOW)


def _newest_of(booking_id: Any) -> Select[uuid.UUID]:
    """The id of the live appointment, or the visit that came of it; before holds that led to nothing, however
    new.
    """
    candidate = aliased(Appointment)
    live, once_booked = (
        or_(*(candidate.status == status for status in statuses)) for statuses in (LIVE, _ONCE_BOOKED)
    )
    return (
        select(candidate.id)
        .where(candidate.booking_id == booking_id)
        .order_by(case((live, 0), (once_booked, 1), else_=2), candidate.created_at.desc())
        .limit(1)
    )


_ID: BindParameter[uuid.UUID] = bindparam("booking_id", type_=Booking.id.type)
_NEWEST = select(Appointment).where(Appointment.id == _newest_of(_ID).scalar_subquery())
IS_NEWEST = Appointment.id == _newest_of(Booking.id).correlate(Booking).scalar_subquery()
"""What `newest_appointment` finds, for a statement about many bookings."""

# One statement, made once: a step of the booking asks for these facts again and again.
_FACTS = (
    select(Booking, Appointment, Payment, *RESPONSE)
    .select_from(Booking)
    .outerjoin(QuestionnaireResponse, QuestionnaireResponse.booking_id == Booking.id)
    .outerjoin(Appointment, IS_NEWEST)
    .outerjoin(
        Payment,
        and_(Payment.booking_id == Booking.id, or_(*(Payment.state == state for state in LIVE_PAYMENT))),
    )
)
_FACTS_BY_ID = _FACTS.where(Booking.id == _ID)
_FACTS_FOR_DESK = (
    _FACTS_BY_ID.add_columns(Patient, Schedule.zone, Practice.licensed_states, CalendarObject.partstat)
    .outerjoin(Patient, Patient.id == Booking.patient_id)
    .outerjoin(CalendarObject, CalendarObject.appointment_id == Appointment.id)
    .join(Schedule, true())
    .join(Practice, true())
)
_FACTS_BY_TOKEN = _FACTS.where(Booking.token_digest == bindparam("token_digest"))


@dataclass(frozen=True)
class Standing:
    """`appointment` is the booking's newest, live or not; `payment` the one that can still be paid."""

    booking: Booking
    judged: Judged
    appointment: Appointment | None
    payment: Payment | None
    facts: JourneyFacts

    @property
    def response(self) -> ResponseView:
        return self.judged.response

    @property
    def catalogue(self) -> Catalogue:
        return self.judged.catalogue

    @property
    def screening(self) -> Screening:
        return self.judged.screening

    @property
    def about_missing(self) -> Sequence[Item]:
        return self.judged.about_missing

    @property
    def answers(self) -> dict[str, AnswerValue]:
        return self.judged.response.answers

    @property
    def intake_completed(self) -> bool:
        return self.judged.response.completed_at is not None

    @property
    def intake_state(self) -> IntakeState:
        return self.judged.intake_state


@dataclass(frozen=True)
class ForDesk:
    """A standing with what the therapist's page asks for beside it: the patient, for `read_contact` to find
    it read; the zone she works in, and the ids of the states she may treat in; `partstat`, what the patient's
    calendar program answered.
    """

    standing: Standing
    patient: Patient | None
    therapist_zone: str
    licensed_states: list[str]
    partstat: str | None


@dataclass(eq=False)
class StepNotOpen(ConsultError):
    """What is true of the booking by now does not allow this step any more."""

    step: Step
    due: Step


@dataclass(eq=False)
class VisitOver(ConsultError):
    """Cancelled, noted as held or missed, or never booked: nothing about this visit changes any more."""


def lock_booking(session: Session, booking: Booking | uuid.UUID) -> Booking:
    """The booking, read again and locked until the transaction ends, so that what is decided on it holds."""
    # Not `booking.id`: the transaction has made it forgotten, and it would be asked for before the lock.
    known: Any = inspect(booking).identity if isinstance(booking, Booking) else booking
    return session.get_one(Booking, known, populate_existing=True, with_for_update={"key_share": True})


def lock_visit(session: Session, booking: Booking | uuid.UUID) -> Booking:
    """`lock_booking` for what makes no sense once the visit is cancelled. Raises VisitOver."""
    booking = lock_booking(session, booking)
    if booking.cancelled_at is not None:
        raise VisitOver
    return booking


def require(session: Session, booking: Booking, step: Step, now: datetime, ports: Ports) -> "Standing":
    """The standing inside this transaction, if it still opens the step. Raises StepNotOpen.

    A page's guard reads before the transaction; between the two, another tab may have said something else.
    """
    standing = find_standing(session, booking, now, ports)
    if not may_enter(step, standing.facts):
        raise StepNotOpen(step, next_step(standing.facts))
    return standing


def find_standing(session: Session, booking: Booking, now: datetime, ports: Ports) -> Standing:
    """Reads only. Raises ResponseNotFound, FormVersionLost."""
    row = session.execute(_FACTS_BY_ID, {"booking_id": booking.id}).one()
    return _standing(session, *row[:3], row[3:], now, ports)


def find_standing_by_token(session: Session, token: str, now: datetime, ports: Ports) -> Standing | None:
    """Of the booking behind a secret token. Reads only. Raises ResponseNotFound, FormVersionLost."""
    row = session.execute(_FACTS_BY_TOKEN, {"token_digest": digest(token)}).one_or_none()
    return None if row is None else _standing(session, *row[:3], row[3:], now, ports)


def find_for_desk(session: Session, booking_id: uuid.UUID, now: datetime, ports: Ports) -> ForDesk | None:
    """Of the booking of this id. Reads only. Raises ResponseNotFound, FormVersionLost."""
    row = session.execute(_FACTS_FOR_DESK, {"booking_id": booking_id}).one_or_none()
    if row is None:
        return None
    booking, appointment, payment, *response, patient, zone, states, partstat = row
    standing = _standing(session, booking, appointment, payment, response, now, ports)
    return ForDesk(standing, patient, zone, states, partstat)


def _standing(
    session: Session,
    booking: Booking,
    appointment: Appointment | None,
    payment: Payment | None,
    response: Sequence[Any],
    now: datetime,
    ports: Ports,
) -> Standing:
    if response[0] is None:
        raise ResponseNotFound(booking.id)
    judged = judge(session, booking, ResponseRow(*response), now.date(), ports)
    facts = JourneyFacts(
        screened=judged.screening.screened,
        stopped_in=judged.stopped_in,
        has_advice=judged.screening.has_advice,
        advice_due=judged.screening.has_advice and booking.advice_read_at is None,
        hold_live=_claims(appointment, now),
        about_complete=not judged.about_missing,
        agreed=booking.agreed_at is not None,
        checkout_live=payment is not None,
        confirmed=booking.confirmed_at is not None,
    )
    return Standing(booking, judged, appointment, payment, facts)


def newest_appointment(session: Session, booking: Booking) -> Appointment | None:
    """The live one, or the visit that came of it; before holds that led to nothing, however new."""
    return session.scalar(_NEWEST, {"booking_id": booking.id})


def _claims(appointment: Appointment | None, now: datetime) -> bool:
    if appointment is None:
        return False
    if appointment.status == Status.BOOKED:
        return True
    expires_at = appointment.hold_expires_at
    return appointment.status == Status.HELD and expires_at is not None and expires_at > now
