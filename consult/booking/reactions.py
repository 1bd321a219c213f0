"""What follows in the other topics when something has happened to a booking."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from consult.calendaring import service as calendaring
from consult.calendaring.models import CalendarObject
from consult.core.money import Money
from consult.core.timespan import TimeSpan
from consult.intake.red_flags import RaisedFlag
from consult.intake.service import read_response
from consult.payments.lifecycle import RefundState
from consult.payments.outcomes import Applied, Paid, RefundMoved
from consult.payments.refund_service import request_refund
from consult.payments.refunds import Cause
from consult.practice.service import get_therapist, read_contact
from consult.scheduling import service as scheduling
from consult.scheduling.errors import SlotTaken
from consult.scheduling.models import Appointment

from . import mails
from .journey import JourneyFacts
from .models import Booking
from .ports import Ports
from .standing import find_standing, lock_booking, newest_appointment
from .tokens import read_token

CALENDAR_TITLE = "Online appointment"
"""All a calendar may say; calendars are shared."""


def react(session: Session, news: Applied | RefundMoved, now: datetime, ports: Ports) -> None:
    """Let the booking follow its money, in the transaction that records the news."""
    if isinstance(news, Paid):
        booking = lock_booking(session, news.booking_id)
        cause = _confirm(session, booking, news.amount, now, ports)
        if cause is not None:
            request_refund(session, news.payment_id, news.amount, cause, now)
            mails.send_refund_notice(session, booking, news.payment_id, news.amount, now, ports)
    if isinstance(news, RefundMoved) and news.state is RefundState.FAILED:
        _tell_of_failed_refund(session, news, now, ports)


def _confirm(session: Session, booking: Booking, paid: Money, now: datetime, ports: Ports) -> Cause | None:
    """Turn the hold into an appointment; or say why the money has to go back."""
    standing = find_standing(session, booking, now, ports)
    if booking.cancelled_at is not None:
        return Cause.BOOKING_OVER
    if booking.confirmed_at is not None:
        return Cause.DUPLICATE
    if not _still_safe(standing.facts):
        return Cause.SCREENING
    if standing.appointment is None or paid != Money(booking.price_minor, booking.currency):
        # Another amount was for another session than the one that is held now.
        return Cause.SLOT_LOST
    try:
        appointment = scheduling.book(session, standing.appointment.id, now)
    except SlotTaken:
        return Cause.SLOT_LOST
    booking.confirmed_at = now
    publish_visit(session, booking, appointment, now, ports)
    mails.send_confirmation(session, booking, appointment, now, ports)
    mails.tell_therapist_of_booking(session, booking, appointment, now, ports)
    return None


def _still_safe(facts: JourneyFacts) -> bool:
    """Whether everything asked before payment still stands; answers may change beside the payment page."""
    answered = facts.screened and facts.about_complete and facts.agreed
    return answered and facts.stopped_in is None and not facts.advice_due


def _tell_of_failed_refund(session: Session, news: RefundMoved, now: datetime, ports: Ports) -> None:
    booking = session.get_one(Booking, news.booking_id)
    appointment = newest_appointment(session, booking)
    if booking.confirmed_at is not None and appointment is not None:
        mails.tell_therapist_of_failed_refund(session, booking, appointment, news.refund_id, now, ports)


def publish_visit(
    session: Session, booking: Booking, appointment: Appointment, now: datetime, ports: Ports
) -> CalendarObject:
    """Enter the visit in calendars as it is now, or bring it up to date there. Raises EventWithdrawn."""
    contact = read_contact(session, booking.known_patient_id, ports.sealer)
    return calendaring.publish(
        session,
        appointment_id=appointment.id,
        therapist_id=get_therapist(session).id,
        span=TimeSpan(appointment.start_at, appointment.end_at),
        texts=calendaring.Texts(
            title=CALENDAR_TITLE,
            patient_name=contact.name,
            patient_url=ports.links.private_page(read_token(booking, ports.sealer)),
            therapist_url=ports.links.therapist_summary(booking.id),
        ),
        domain=ports.links.domain,
        sealer=ports.sealer,
        now=now,
    )


def put_on_safety_hold(
    session: Session, booking: Booking, emergencies: Collection[RaisedFlag], now: datetime, ports: Ports
) -> None:
    """An emergency sign came up after booking: the visit waits, both sides are told, nothing is charged.

    Signs that the therapist knew of when she released an earlier hold do not hold the visit again.
    """
    known = _known_at_release(session, booking, ports)
    if booking.on_safety_hold or not {flag.id for flag in emergencies} - known:
        return
    booking.safety_hold_at = now
    mails.send_safety_hold(session, booking, now, ports)
    mails.alert_therapist(session, booking, now, ports)


def _known_at_release(session: Session, booking: Booking, ports: Ports) -> set[str]:
    released_at = booking.safety_released_at
    if released_at is None:
        return set()
    outcomes = read_response(session, booking.id, ports.sealer).outcomes
    return {flag for outcome in outcomes if outcome.at <= released_at for flag in outcome.flags}
