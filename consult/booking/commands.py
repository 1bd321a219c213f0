"""What a patient may do, each step one function. None commits; none talks to the outside."""

import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError, NotFound
from consult.core.money import Money
from consult.core.tokens import digest
from consult.intake import service as intake
from consult.intake.answers import AnswerValue
from consult.payments.refunds import RefundTerms
from consult.practice.service import get_practice, keep_patient
from consult.scheduling import queries
from consult.scheduling import service as scheduling
from consult.scheduling.errors import SlotTaken
from consult.scheduling.models import SessionType
from consult.scheduling.policies import HOLD_TTL
from consult.scheduling.zones import UnknownZone, canonical

from . import vouchers
from .answers.contact import contact_from
from .answers.screening import ABOUT, SCREEN, Screening, screening, stopping_items
from .holds import EmailNotConfirmed, begin_hold, end_other_holds, keep_hold
from .journey import Step
from .late_emergency import keep_late_emergency
from .models import Booking
from .ports import Ports
from .standing import StepNotOpen, find_standing, lock_booking, require
from .tokens import give_token

CANCELLATION_VERSION = "2026-11c"
PRIVACY_VERSION = "2026-11b"
"""Of the notice in `templates/patient/privacy.html`."""


@dataclass(eq=False)
class BookingClosed(ConsultError):
    """No kind of session is on offer at the moment."""


@dataclass(eq=False)
class AdviceChanged(ConsultError):
    """Other signs were ticked than those whose advice was on the page."""


@dataclass(eq=False)
class SessionTypeRetired(ConsultError):
    """This kind of session is not on offer any more, or never was."""


def find_booking(session: Session, token: str) -> Booking | None:
    """The booking behind a secret token."""
    return session.scalar(select(Booking).where(Booking.token_digest == digest(token)))


def find_or_start(
    session: Session, known: Booking | None, zone: str | None, now: datetime, ports: Ports
) -> tuple[Booking, str | None]:
    """The visitor's booking, or a new one with its token, for the first kind of session on offer. An unknown
    zone falls back to the therapist's. Raises BookingClosed.
    """
    if known is not None:
        return known, None
    schedule = queries.get_schedule(session)
    offered = queries.list_session_types(session, schedule.id)
    if not offered:
        raise BookingClosed
    session_type = offered[0]
    practice = get_practice(session)
    booking = Booking(
        session_type_id=session_type.id,
        zone=_zone_or(zone, schedule.zone),
        price_minor=session_type.price_minor,
        currency=session_type.currency,
        refund_terms=RefundTerms(
            practice.full_refund_hours, practice.late_refund_percent, practice.move_until_hours
        ).to_json(),
        started_at=now,
    )
    token = give_token(booking, ports.sealer)
    session.add(booking)
    session.flush()
    intake.start_response(session, booking.id, ports.catalogue, now, ports.sealer)
    return booking, token


def answer_screen(
    session: Session,
    booking: Booking,
    answers: Mapping[str, AnswerValue | None],
    now: datetime,
    ports: Ports,
) -> Screening:
    """Keep the safety answers and judge them. A stop gives a held time back at once. After confirmation only
    an emergency is kept. Raises StepNotOpen, VisitOver.
    """
    booking = lock_booking(session, booking)
    if booking.confirmed_at is not None:
        return keep_late_emergency(session, booking, SCREEN, SCREEN, answers, now, ports)
    standing = require(session, booking, Step.SCREEN, now, ports)
    intake.save_section(session, booking.id, SCREEN, answers, now, ports.sealer)
    after = intake.get_answers(session, booking.id, ports.sealer)
    if standing.answers != after:
        booking.advice_read_at = None
    judged = screening(standing.catalogue, after, now.date())
    if judged.screened or judged.stopped:
        intake.record_outcome(session, booking.id, SCREEN, judged.assessment, now, ports.sealer)
    if judged.stopped:
        _give_time_back(session, booking, now)
    return judged


def read_advice(
    session: Session, booking: Booking, signs: Collection[str], now: datetime, ports: Ports
) -> None:
    """The advice on these urgent signs was read. Raises AdviceChanged, StepNotOpen."""
    booking = lock_booking(session, booking)
    standing = require(session, booking, Step.ADVICE, now, ports)
    if set(signs) != {flag.id for flag in standing.screening.advice}:
        raise AdviceChanged
    booking.advice_read_at = now
    session.flush()


def change_zone(booking: Booking, zone: str) -> None:
    """Raises UnknownZone."""
    booking.zone = canonical(zone)


def choose_session_type(
    session: Session, booking: Booking, session_type_id: uuid.UUID, now: datetime, ports: Ports
) -> bool:
    """Book this kind of session, at its price of now, which then stays. A time held for another kind is given
    back. True when a code or a pack does not hold for it, so that it was given up. Raises StepNotOpen,
    SessionTypeRetired.
    """
    booking = lock_booking(session, booking)
    standing = require(session, booking, Step.TIME, now, ports)
    if standing.payment is not None:
        # What is paid for must not change while it can be paid.
        raise StepNotOpen(Step.TIME, Step.PAY)
    offered = queries.list_session_types(session, queries.get_schedule(session).id)
    chosen = next((known for known in offered if known.id == session_type_id), None)
    if chosen is None:
        raise SessionTypeRetired
    if chosen.id == booking.session_type_id:
        return False
    vouchers.lock_kept(session, booking)
    _give_time_back(session, booking, now)
    booking.session_type_id = chosen.id
    return vouchers.reprice(session, booking, Money(chosen.price_minor, chosen.currency), now, ports)


def choose_time(
    session: Session,
    booking: Booking,
    start_at: datetime,
    now: datetime,
    ports: Ports,
    *,
    confirmed_only: bool = False,
) -> bool:
    """Hold this start for the booking, in place of any other. True when its code or pack does not hold any
    more, so that it was given up. Raises StepNotOpen, SessionTypeRetired, SlotTaken, SlotNotOffered, and what
    `holds.begin_hold` raises; what was held before then still is.
    """
    booking = lock_booking(session, booking)
    if require(session, booking, Step.TIME, now, ports).payment is not None:
        raise StepNotOpen(Step.TIME, Step.PAY)
    vouchers.lock_kept(session, booking)
    try:
        _begin_hold(session, booking, start_at, now, confirmed_only)
        scheduling.place_hold(
            session,
            booking_id=booking.id,
            session_type_id=booking.session_type_id,
            start_at=start_at,
            now=now,
            hold_ttl=HOLD_TTL,
        )
    except NotFound as error:
        raise SessionTypeRetired from error
    dropped = _take_price(session, booking, now, ports)
    # Once more, under the schedule's lock: another browser of theirs may have held a time just now.
    end_other_holds(session, booking, now)
    return dropped


def _take_price(session: Session, booking: Booking, now: datetime, ports: Ports) -> bool:
    """The price comes from the moment the length comes from. Who agreed to another one is asked again."""
    held, agreed_to = session.get_one(SessionType, booking.session_type_id), vouchers.price_of(booking)
    dropped = vouchers.reprice(session, booking, Money(held.price_minor, held.currency), now, ports)
    if vouchers.price_of(booking) != agreed_to:
        booking.agreed_at = None
    return dropped


def _begin_hold(
    session: Session, booking: Booking, start_at: datetime, now: datetime, confirmed_only: bool
) -> None:
    """Nobody is asked for a code over a time that is gone: that it is gone is said instead."""
    try:
        begin_hold(session, booking, now, confirmed_only=confirmed_only)
    except EmailNotConfirmed:
        nearest = queries.nearest_slots(session, booking.session_type_id, start_at, 1, now, booking.id)
        if not nearest or nearest[0].start_at != start_at:
            raise SlotTaken(start_at) from None
        raise


def save_about(
    session: Session,
    booking: Booking,
    answers: Mapping[str, AnswerValue | None],
    now: datetime,
    ports: Ports,
) -> None:
    """Keep answers about the patient, make or mend the patient row once they are complete, judge again.
    Answers that had ended the booking are kept beside those that took their place.

    They are kept also when the held time has run out meanwhile: nothing typed is lost. After confirmation
    only an emergency is. Raises VisitOver.
    """
    booking = lock_booking(session, booking)
    if booking.confirmed_at is not None:
        keep_late_emergency(session, booking, ABOUT, ABOUT, answers, now, ports)
        return
    before = find_standing(session, booking, now, ports)
    noted = stopping_items(before.catalogue, before.screening)
    intake.save_section(session, booking.id, ABOUT, answers, now, ports.sealer, noted=noted)
    standing = find_standing(session, booking, now, ports)
    if standing.screening.stopped:
        intake.record_outcome(session, booking.id, ABOUT, standing.screening.assessment, now, ports.sealer)
        _give_time_back(session, booking, now)
        return
    if standing.facts.about_complete:
        patient = keep_patient(session, contact_from(standing.answers), booking.patient_id, now, ports.sealer)
        booking.patient_id = patient.id
    keep_hold(session, booking, now)


def agree(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """Record which versions of the privacy notice and the cancellation policy were accepted, and when. Raises
    StepNotOpen.
    """
    booking = lock_booking(session, booking)
    require(session, booking, Step.TERMS, now, ports)
    booking.agreed_at = now
    booking.agreed_versions = {
        "privacy": PRIVACY_VERSION,
        "cancellation": f"{CANCELLATION_VERSION} {json.dumps(booking.refund_terms, sort_keys=True)}",
    }
    keep_hold(session, booking, now)


def _give_time_back(session: Session, booking: Booking, now: datetime) -> None:
    appointment = queries.find_live_appointment(session, booking.id)
    if appointment is not None and booking.confirmed_at is None:
        scheduling.release_hold(session, appointment.id, now)


def _zone_or(zone: str | None, fallback: str) -> str:
    try:
        return canonical(zone) if zone else fallback
    except UnknownZone:
        return fallback
