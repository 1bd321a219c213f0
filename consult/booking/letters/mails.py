"""Which mails a booking sends, and what each says. Every one is a row written with the fact it tells of."""

import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from consult.calendaring.models import CalendarObject
from consult.core.local_time import clock_words, day_words
from consult.core.money import Money
from consult.core.timespan import TimeSpan
from consult.notifications.letters import (
    Confirmation,
    EarlierOffer,
    EarlierWithdrawn,
    PaymentRefused,
    RefundFailed,
    RefundNotice,
    SafetyHold,
    SafetyRelease,
    TherapistNewAnswers,
    TherapistNewBooking,
    TherapistSafetyAlert,
)
from consult.notifications.service import withdraw_untried
from consult.payments.models import Refund
from consult.payments.refunds import Cause
from consult.practice.service import get_practice
from consult.scheduling.models import Appointment
from consult.scheduling.queries import find_live_appointment

from ..models import Booking, EarlierTimeOffer
from ..ports import Ports
from .sending import patient_facts, revision_of, send_to_patient, send_to_therapist, span_of, therapist_facts


def send_confirmation(
    session: Session,
    booking: Booking,
    appointment: Appointment,
    event: CalendarObject,
    now: datetime,
    ports: Ports,
) -> None:
    """To the patient, with the invitation."""
    letter = Confirmation(**patient_facts(session, booking, span_of(appointment), ports), paid=paid(booking))
    key = revision_of(event).key(letter.kind)
    send_to_patient(session, letter, key, booking, now, ports, inviting_to=event)


def paid(booking: Booking) -> str:
    """What a confirmation says was paid; empty for a free visit or a session of a pack."""
    return str(Money(booking.price_minor, booking.currency)) if booking.price_minor else ""


def send_safety_hold(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """To the patient: the visit waits; why stands on the private page only."""
    _send_about_hold(SafetyHold, "safety", session, booking, now, ports)


def send_safety_release(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """To the patient: the visit takes place after all."""
    _send_about_hold(SafetyRelease, "safety-release", session, booking, now, ports)


def _send_about_hold(
    kind: type[SafetyHold] | type[SafetyRelease],
    fact: str,
    session: Session,
    booking: Booking,
    now: datetime,
    ports: Ports,
) -> None:
    appointment = find_live_appointment(session, booking.id)
    if appointment is None:
        return
    letter = kind(**patient_facts(session, booking, span_of(appointment), ports))
    send_to_patient(session, letter, _dated(fact, appointment, now), booking, now, ports)


def _dated(fact: str, appointment: Appointment, now: datetime) -> str:
    """A dedupe key for what may happen to an appointment more than once."""
    return f"{fact}-{appointment.id}-{now:%Y%m%dT%H%M%S}"


def send_earlier_offer(
    session: Session,
    booking: Booking,
    offer: EarlierTimeOffer,
    hold: Appointment,
    now: datetime,
    ports: Ports,
) -> None:
    """To the patient: an earlier time is held, until when, and where to answer."""
    facts = patient_facts(session, booking, span_of(hold), ports)
    facts["page_url"] += "/earlier"
    until = offer.expires_at.astimezone(ZoneInfo(booking.zone))
    letter = EarlierOffer(**facts, held_until=f"{clock_words(until)} on {day_words(until.date())}")
    send_to_patient(session, letter, f"earlier-{offer.id}", booking, now, ports)


def send_earlier_withdrawn(
    session: Session,
    booking: Booking,
    offer: EarlierTimeOffer,
    offered: TimeSpan,
    appointment: Appointment,
    now: datetime,
    ports: Ports,
) -> None:
    """To the patient who was told of the offer, unless that mail never left."""
    if not withdraw_untried(session, f"earlier-{offer.id}"):
        facts = patient_facts(session, booking, span_of(appointment), ports)
        facts["page_url"] += "/earlier"
        letter = EarlierWithdrawn(**facts, offered_span=offered)
        send_to_patient(session, letter, f"earlier-withdrawn-{offer.id}", booking, now, ports)


def send_refund_notice(
    session: Session,
    booking: Booking,
    payment_id: uuid.UUID,
    amount: Money,
    cause: Cause,
    now: datetime,
    ports: Ports,
) -> None:
    """To the patient: paid, but there is no visit for it; all of it goes back."""
    if booking.patient_id is None:
        return
    letter = RefundNotice(
        phone=get_practice(session).phone,
        amount=str(amount),
        twice=cause is Cause.DUPLICATE,
        book_url=ports.links.book(),
    )
    send_to_patient(session, letter, f"refund-{payment_id}", booking, now, ports)


def send_payment_refused(
    session: Session, booking: Booking, payment_id: uuid.UUID, amount: Money, now: datetime, ports: Ports
) -> None:
    """To the patient: the money on its way never came. Whose visit stands paid it another way."""
    if booking.patient_id is not None and booking.confirmed_at is None:
        phone = get_practice(session).phone
        letter = PaymentRefused(phone=phone, amount=str(amount), book_url=ports.links.book())
        send_to_patient(session, letter, f"payment-refused-{payment_id}", booking, now, ports)


def send_refund_failed(
    session: Session, booking: Booking, refund: Refund, now: datetime, ports: Ports
) -> None:
    """To the patient: the money did not arrive. Nobody is told whose contact details were never complete."""
    if booking.patient_id is not None:
        letter = RefundFailed(phone=get_practice(session).phone, amount=str(refund.amount))
        send_to_patient(session, letter, f"refund-failed-{refund.id}", booking, now, ports)


def tell_therapist_of_booking(
    session: Session,
    booking: Booking,
    appointment: Appointment,
    event: CalendarObject,
    now: datetime,
    ports: Ports,
    *,
    her_own: bool = False,
) -> None:
    """With her invitation, if she wants them; so do the other mails that say when a visit is, or is off."""
    letter = TherapistNewBooking(**therapist_facts(session, booking, span_of(appointment), ports))
    key = revision_of(event).key(letter.kind)
    send_to_therapist(session, letter, key, booking, now, ports, inviting_to=event, her_own=her_own)


def alert_therapist(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """A warning sign came up after booking. The mail only says where to look."""
    appointment = find_live_appointment(session, booking.id)
    if appointment is not None:
        letter = TherapistSafetyAlert(**therapist_facts(session, booking, span_of(appointment), ports))
        send_to_therapist(session, letter, _dated("alert", appointment, now), booking, now, ports)


def tell_therapist_of_new_answers(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """Something she has not seen yet should be read before the visit; what, stands on the summary only."""
    appointment = find_live_appointment(session, booking.id)
    if appointment is not None:
        letter = TherapistNewAnswers(**therapist_facts(session, booking, span_of(appointment), ports))
        send_to_therapist(session, letter, _dated("answers", appointment, now), booking, now, ports)
