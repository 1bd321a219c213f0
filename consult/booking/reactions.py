"""What follows in the other topics when something has happened to a booking."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from consult.calendaring import service as calendaring
from consult.calendaring.models import CalendarObject
from consult.core.money import Money
from consult.core.timespan import TimeSpan
from consult.intake.red_flags import Level, RaisedFlag
from consult.intake.service import RecordedOutcome, ResponseNotFound, read_response
from consult.payments.alerts import AlertRaised
from consult.payments.lifecycle import RefundState
from consult.payments.outcomes import BankRefused, NeedsReview, News, Paid, RefundMoved
from consult.payments.refund_service import get_refund, request_refund
from consult.payments.refunds import Cause
from consult.practice.models import Therapist
from consult.practice.service import get_therapist, read_contact
from consult.scheduling import service as scheduling
from consult.scheduling.errors import SlotTaken
from consult.scheduling.models import Appointment

from . import pack_use
from .answers.contact import is_by_phone
from .journey import JourneyFacts
from .letters import mails
from .models import Booking
from .money import alerts as money_alerts
from .money import receipts
from .patient_feed import bookings_of_mailbox
from .ports import Ports
from .standing import find_standing, lock_booking
from .tokens import visit_token

CALENDAR_TITLE = "Online appointment"
"""All a calendar may say; calendars are shared."""

RELEASE = "release"
"""Of an outcome: all that stood on the page when the therapist released a safety hold."""

_TICK = timedelta(microseconds=1)


def react(session: Session, news: News, now: datetime, ports: Ports) -> None:
    """Let the booking follow its money, in the transaction that records the news."""
    if isinstance(news, Paid):
        booking = lock_booking(session, news.booking_id)
        cause = _confirm(session, booking, news.amount, now, ports)
        if cause is not None:
            request_refund(session, news.payment_id, news.amount, cause, now)
            mails.send_refund_notice(session, booking, news.payment_id, news.amount, cause, now, ports)
            money_alerts.note_late_money(session, news.payment_id, now)
        else:
            pack_use.open_pack(session, booking, news.payment_id, news.amount, now, ports)
    if isinstance(news, BankRefused):
        booking = lock_booking(session, news.booking_id)
        mails.send_payment_refused(session, booking, news.payment_id, news.amount, now, ports)
        money_alerts.note_bank_refusal(session, news.payment_id, now)
    if isinstance(news, RefundMoved):
        pack_use.end_pack_if_over(session, news.payment_id, now, ports)
        if news.state is RefundState.FAILED:
            booking = session.get_one(Booking, news.booking_id)
            mails.send_refund_failed(session, booking, get_refund(session, news.refund_id), now, ports)
    if isinstance(news, AlertRaised):
        money_alerts.tell_therapist(session, news, now, ports)
    if isinstance(news, Paid | NeedsReview | RefundMoved):
        receipts.document(session, news.payment_id, now, ports)


def _confirm(session: Session, booking: Booking, paid: Money, now: datetime, ports: Ports) -> Cause | None:
    """Turn the hold into an appointment; or say why the money has to go back."""
    if booking.cancelled_at is not None:
        return Cause.BOOKING_OVER
    if booking.confirmed_at is not None:
        return Cause.DUPLICATE
    try:
        standing = find_standing(session, booking, now, ports)
    except ResponseNotFound:
        # A draft given up long ago, of which only its money is kept.
        return Cause.BOOKING_OVER
    if not _still_safe(standing.facts):
        return Cause.SCREENING
    if standing.appointment is None or paid != Money(booking.price_minor, booking.currency):
        # Another amount was for another session than the one that is held now.
        return Cause.SLOT_LOST
    try:
        appointment = scheduling.book(session, standing.appointment.id, now)
    except SlotTaken:
        return Cause.SLOT_LOST
    confirm_visit(session, booking, appointment, now, ports)
    return None


def confirm_visit(
    session: Session, booking: Booking, appointment: Appointment, now: datetime, ports: Ports
) -> None:
    """The hour is the booking's: enter it in calendars, tell both sides. Raises EventWithdrawn."""
    booking.confirmed_at = now
    event = publish_visit(session, booking, appointment, now, ports)
    mails.send_confirmation(session, booking, appointment, event, now, ports)
    mails.tell_therapist_of_booking(session, booking, appointment, event, now, ports)


def _still_safe(facts: JourneyFacts) -> bool:
    """Whether everything asked before payment still stands; answers may change beside the payment page."""
    answered = facts.screened and facts.about_complete and facts.agreed
    return answered and facts.stopped_in is None and not facts.advice_due


def publish_visit(
    session: Session, booking: Booking, appointment: Appointment, now: datetime, ports: Ports
) -> CalendarObject:
    """Enter the visit in calendars as it is now, or bring it up to date there. Raises EventWithdrawn."""
    therapist = get_therapist(session)
    return calendaring.publish(
        session,
        appointment_id=appointment.id,
        therapist_id=therapist.id,
        span=TimeSpan(appointment.start_at, appointment.end_at),
        booking_ids=bookings_of_mailbox(session, booking, ports),
        texts=_calendar_texts(session, booking, therapist, ports),
        domain=ports.links.domain,
        sealer=ports.sealer,
        now=now,
    )


def _calendar_texts(
    session: Session, booking: Booking, therapist: Therapist, ports: Ports
) -> calendaring.Texts:
    """What the two calendars say of this booking, the therapist's as much as she chose."""
    return calendaring.Texts(
        title=CALENDAR_TITLE,
        patient_name=read_contact(session, booking.known_patient_id, ports.sealer).name,
        patient_url=ports.links.visit_page(visit_token(booking, ports.sealer)),
        therapist_url=ports.links.therapist_summary(booking.id),
        detail=calendaring.Detail(therapist.feed_detail),
        by_phone=is_by_phone(read_response(session, booking.id, ports.sealer).answers),
    )


def put_on_safety_hold(
    session: Session, booking: Booking, emergencies: Collection[RaisedFlag], now: datetime, ports: Ports
) -> None:
    """An emergency sign came up after booking: the visit waits, both sides are told, nothing is charged.

    Signs that the therapist had read when she released an earlier hold do not hold the visit again.
    """
    known = _released(session, booking, ports)
    if booking.on_safety_hold or not {flag.id for flag in emergencies} - known:
        return
    released_at = booking.safety_released_at
    # Who waited for the lock while it was released has the older clock of the two.
    booking.safety_hold_at = now if released_at is None else max(now, released_at + _TICK)
    mails.send_safety_hold(session, booking, now, ports)
    mails.alert_therapist(session, booking, now, ports)


def tell_of_new_signs(
    session: Session,
    booking: Booking,
    raised: Collection[RaisedFlag],
    before: Collection[RecordedOutcome],
    now: datetime,
    ports: Ports,
) -> None:
    """Urgent signs that no outcome `before` had: the therapist is told that there is something to read. Of an
    emergency she is told by the alert.
    """
    known = {flag for outcome in before for flag in outcome.flags}
    levels = {flag.level for flag in raised if flag.id not in known}
    if Level.URGENT in levels and Level.EMERGENCY not in levels:
        mails.tell_therapist_of_new_answers(session, booking, now, ports)


def _released(session: Session, booking: Booking, ports: Ports) -> set[str]:
    if booking.safety_released_at is None:
        return set()
    outcomes = read_response(session, booking.id, ports.sealer).outcomes
    return {flag for outcome in outcomes if outcome.stage == RELEASE for flag in outcome.flags}
