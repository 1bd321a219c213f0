"""The list of patients who would come earlier: each opening is offered to one of them at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.timespan import TimeSpan
from consult.scheduling import queries
from consult.scheduling import service as scheduling
from consult.scheduling.errors import SlotNotOffered, SlotTaken
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.scheduling.slots import Slot

from .. import mails
from ..models import Booking, EarlierTimeOffer, EarlierTimeRequest
from ..ports import Ports
from .choice import awake, offer_until, openings, still_known

OPEN = "open"


def offer_earlier_times(session: Session, now: datetime, ports: Ports) -> None:
    """End offers whose time is over, then offer what has opened since, to who asked first.

    Level, not edge: it looks at what is free now, so that it does not matter how an hour came free, and
    nothing is lost when it did not run for a while.
    """
    for offer in session.scalars(select(EarlierTimeOffer).where(EarlierTimeOffer.state == OPEN)):
        _end_if_over(session, offer, now)
    waiting = select(EarlierTimeRequest).where(EarlierTimeRequest.ended_at.is_(None))
    for request in session.scalars(waiting.order_by(EarlierTimeRequest.asked_at, EarlierTimeRequest.id)):
        _serve(session, request, now, ports)


def find_open_offer(session: Session, booking: Booking, now: datetime) -> EarlierTimeOffer | None:
    """The offer this patient can still accept."""
    offer = session.scalar(
        select(EarlierTimeOffer).where(
            EarlierTimeOffer.booking_id == booking.id, EarlierTimeOffer.state == OPEN
        )
    )
    return offer if offer is not None and offer.expires_at > now else None


def close_offer(session: Session, offer: EarlierTimeOffer, state: str, now: datetime) -> None:
    """End an offer and give its hour back, if it is still held."""
    offer.state, offer.answered_at = state, now
    hold = session.get_one(Appointment, offer.appointment_id)
    if hold.status is Status.HELD:
        scheduling.release_hold(session, hold.id, now)
    session.flush()


def earlier_slots(session: Session, appointment: Appointment, booking: Booking, now: datetime) -> list[Slot]:
    """What is free before the visit, for this patient: their own hour counts as free."""
    if appointment.session_type_id is None or appointment.start_at <= now:
        return []
    days = (appointment.start_at - now) // timedelta(days=1) + 2
    slots = queries.find_slots(
        session,
        appointment.session_type_id,
        now.date() - timedelta(days=1),
        days,
        now,
        booking.zone,
        moving_booking_id=booking.id,
    )
    return [slot for slot in slots if slot.start_at < appointment.start_at]


def _end_if_over(session: Session, offer: EarlierTimeOffer, now: datetime) -> None:
    if offer.expires_at <= now:
        close_offer(session, offer, "lapsed", now)
        return
    appointment = queries.find_live_appointment(session, offer.booking_id)
    if appointment is None or appointment.start_at <= offer.start_at:
        close_offer(session, offer, "withdrawn", now)


def _serve(session: Session, request: EarlierTimeRequest, now: datetime, ports: Ports) -> None:
    booking = session.get_one(Booking, request.booking_id)
    appointment = queries.find_live_appointment(session, booking.id)
    if appointment is None or appointment.start_at <= now:
        request.ended_at = now
        return
    free = [slot.start_at for slot in earlier_slots(session, appointment, booking, now)]
    length = appointment.end_at - appointment.start_at
    known = still_known(request.known_starts, _booked(session, appointment, now), length)
    if known != request.known_starts:
        request.known_starts = known
    if booking.on_safety_hold or not awake(booking.zone, now) or find_open_offer(session, booking, now):
        return
    refused = session.scalars(
        select(EarlierTimeOffer.start_at).where(EarlierTimeOffer.booking_id == booking.id)
    )
    for start_at in openings(free, set(known), set(refused), appointment.start_at):
        if _offer(session, booking, appointment, start_at, now, ports):
            return


def _booked(session: Session, appointment: Appointment, now: datetime) -> Sequence[TimeSpan]:
    rows = queries.agenda(session, appointment.schedule_id, now, appointment.start_at)
    return [TimeSpan(row.start_at, row.end_at) for row in rows]


def _offer(
    session: Session,
    booking: Booking,
    appointment: Appointment,
    start_at: datetime,
    now: datetime,
    ports: Ports,
) -> bool:
    until = offer_until(start_at, now)
    if until is None or appointment.session_type_id is None:
        return False
    try:
        hold = scheduling.place_offer_hold(
            session,
            session_type_id=appointment.session_type_id,
            start_at=start_at,
            now=now,
            until=until,
            moving_booking_id=booking.id,
        )
    except (SlotTaken, SlotNotOffered):
        return False
    offer = EarlierTimeOffer(
        booking_id=booking.id,
        appointment_id=hold.id,
        start_at=start_at,
        state=OPEN,
        offered_at=now,
        expires_at=until,
    )
    session.add(offer)
    session.flush()
    mails.send_earlier_offer(session, booking, offer, hold, now, ports)
    return True
