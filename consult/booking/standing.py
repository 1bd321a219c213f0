"""Everything that is true of one booking at one moment, gathered from the topics it touches."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import bindparam, case, select
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError
from consult.intake.answers import AnswerValue
from consult.intake.content import Catalogue
from consult.intake.questionnaire import Item, missing_items
from consult.intake.service import ResponseView, read_response
from consult.payments.models import Payment
from consult.payments.service import find_live_payment
from consult.scheduling.lifecycle import LIVE, Status
from consult.scheduling.models import Appointment

from .journey import JourneyFacts, Step, may_enter, next_step
from .models import Booking
from .ports import Ports
from .screening import ABOUT, BEFORE_PAYMENT, RECHECK, SCREEN, Screening, screening

_ONCE_BOOKED = (Status.CANCELLED, Status.DONE, Status.NO_SHOW)
_NEWEST = (
    select(Appointment)
    .where(Appointment.booking_id == bindparam("of_booking"))
    .order_by(
        case((Appointment.status.in_(LIVE), 0), (Appointment.status.in_(_ONCE_BOOKED), 1), else_=2),
        Appointment.created_at.desc(),
    )
    .limit(1)
)


class IntakeState(StrEnum):
    NOT_BEGUN = "not begun"
    BEGUN = "begun"
    FINISHED = "finished"


@dataclass(frozen=True)
class Standing:
    """`catalogue` is the form as this booking's answers were begun with, whatever new patients get by now.
    `appointment` is the booking's newest, live or not; `payment` the one that can still be paid.
    """

    booking: Booking
    response: ResponseView
    catalogue: Catalogue
    screening: Screening
    about_missing: Sequence[Item]
    appointment: Appointment | None
    payment: Payment | None
    intake_begun: bool
    facts: JourneyFacts

    @property
    def answers(self) -> dict[str, AnswerValue]:
        return self.response.answers

    @property
    def intake_completed(self) -> bool:
        return self.response.completed_at is not None

    @property
    def intake_state(self) -> IntakeState:
        if self.intake_completed:
            return IntakeState.FINISHED
        return IntakeState.BEGUN if self.intake_begun else IntakeState.NOT_BEGUN


@dataclass(eq=False)
class StepNotOpen(ConsultError):
    """What is true of the booking by now does not allow this step any more."""

    step: Step
    due: Step


@dataclass(eq=False)
class VisitOver(ConsultError):
    """Cancelled, noted as held or missed, or never booked: nothing about this visit changes any more."""


def lock_booking(session: Session, booking_id: uuid.UUID) -> Booking:
    """The booking, read again and locked until the transaction ends, so that what is decided on it holds."""
    return session.get_one(Booking, booking_id, populate_existing=True, with_for_update={"key_share": True})


def lock_visit(session: Session, booking_id: uuid.UUID) -> Booking:
    """`lock_booking` for what makes no sense once the visit is cancelled. Raises VisitOver."""
    booking = lock_booking(session, booking_id)
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
    response = read_response(session, booking.id, ports.sealer)
    catalogue = ports.library.find(session, response.version)
    answers, today = response.answers, now.date()
    judged = screening(catalogue, answers, today)
    about_missing = missing_items(catalogue.questionnaire, answers, [ABOUT], today)
    appointment = newest_appointment(session, booking)
    payment = find_live_payment(session, booking.id)
    facts = JourneyFacts(
        screened=judged.screened,
        stopped_in=_stopped_in(judged, catalogue, answers, today),
        has_advice=judged.has_advice,
        advice_due=judged.has_advice and booking.advice_read_at is None,
        hold_live=_claims(appointment, now),
        about_complete=not about_missing,
        agreed=booking.agreed_at is not None,
        checkout_live=payment is not None,
        confirmed=booking.confirmed_at is not None,
    )
    asked_before = {*BEFORE_PAYMENT, RECHECK}
    items = catalogue.questionnaire.items
    begun = any(items[item_id].section not in asked_before for item_id in answers)
    return Standing(booking, response, catalogue, judged, about_missing, appointment, payment, begun, facts)


def _stopped_in(
    judged: Screening, catalogue: Catalogue, answers: dict[str, AnswerValue], today: date
) -> Step | None:
    if not judged.stopped:
        return None
    items = catalogue.questionnaire.items
    screen_only = {item_id: answer for item_id, answer in answers.items() if items[item_id].section == SCREEN}
    return Step.SCREEN if screening(catalogue, screen_only, today).stopped else Step.ABOUT


def newest_appointment(session: Session, booking: Booking) -> Appointment | None:
    """The live one, or the visit that came of it; before holds that led to nothing, however new."""
    return session.scalar(_NEWEST, {"of_booking": booking.id})


def _claims(appointment: Appointment | None, now: datetime) -> bool:
    if appointment is None:
        return False
    if appointment.status == Status.BOOKED:
        return True
    expires_at = appointment.hold_expires_at
    return appointment.status == Status.HELD and expires_at is not None and expires_at > now
