"""The list of patients who would come earlier: each opening is offered to one of them at a time."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan
from consult.scheduling import queries
from consult.scheduling import service as scheduling
from consult.scheduling.errors import SlotNotOffered, SlotTaken
from consult.scheduling.external import busy_elsewhere
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.scheduling.offers import free_slots, get_offer
from consult.scheduling.rulebook import get_rules

from ..changes.undoing import find_change
from ..letters import mails
from ..models import Booking, EarlierTimeOffer, EarlierTimeRequest
from ..ports import Ports
from ..standing import lock_booking
from .choice import awake, offer_until, openings, still_known

OPEN, ACCEPTED, WITHDRAWN = "open", "accepted", "withdrawn"


def bookings_with_offers(session: Session) -> list[uuid.UUID]:
    """Whose offers `end_offer_if_over` should look at."""
    return list(session.scalars(select(EarlierTimeOffer.booking_id).where(EarlierTimeOffer.state == OPEN)))


def bookings_waiting(session: Session) -> list[uuid.UUID]:
    """Whom `offer_earlier_time` should serve, those who asked first at the front."""
    waiting = select(EarlierTimeRequest.booking_id).where(EarlierTimeRequest.ended_at.is_(None))
    return list(session.scalars(waiting.order_by(EarlierTimeRequest.asked_at, EarlierTimeRequest.id)))


def end_offer_if_over(session: Session, now: datetime, *, booking_id: uuid.UUID, ports: Ports) -> None:
    """Take back an offer that nobody answered in time, that the visit no longer needs, or whose time the
    therapist needs herself; of that last the patient is told, who may still count on it.
    """
    booking = lock_booking(session, booking_id)
    offer = _open_offer(session, booking_id)
    if offer is None:
        return
    appointment = queries.find_live_appointment(session, booking_id)
    if offer.expires_at <= now:
        close_offer(session, offer, "lapsed", now)
    elif appointment is None and _may_come_back(booking, now):
        return
    elif appointment is None or appointment.start_at <= offer.start_at or booking.on_safety_hold:
        close_offer(session, offer, WITHDRAWN, now)
    elif not _still_hers_to_give(session, offer):
        offered = _span_offered(session, offer)
        close_offer(session, offer, WITHDRAWN, now)
        mails.send_earlier_withdrawn(session, booking, offer, offered, appointment, now, ports)


def offer_earlier_time(session: Session, now: datetime, *, booking_id: uuid.UUID, ports: Ports) -> None:
    """Offer this patient what has opened since they asked.

    Level, not edge: it looks at what is free now, so that it does not matter how an hour came free, and
    nothing is lost when it did not run for a while.
    """
    booking = lock_booking(session, booking_id)
    request = session.scalar(select(EarlierTimeRequest).where(EarlierTimeRequest.booking_id == booking_id))
    appointment = queries.find_live_appointment(session, booking_id)
    if request is None or request.ended_at is not None:
        return
    if appointment is None or appointment.start_at <= now:
        _end_unless_undone(request, booking, now)
        return
    free = earlier_starts(session, appointment, now)
    _bring_up_to_date(session, request, booking, appointment, free, now)
    if booking.on_safety_hold or not awake(booking.zone, now) or _open_offer(session, booking_id):
        return
    refused = session.scalars(
        select(EarlierTimeOffer.start_at).where(
            EarlierTimeOffer.booking_id == booking_id, EarlierTimeOffer.state != WITHDRAWN
        )
    )
    length = appointment.end_at - appointment.start_at
    for start_at in openings(
        free, set(request.known_starts), refused.all(), before=appointment.start_at, length=length
    ):
        if _offer(session, booking, appointment, start_at, now, ports):
            return


def find_open_offer(session: Session, booking: Booking, now: datetime) -> EarlierTimeOffer | None:
    """The offer this patient can still accept, whether or not `end_offer_if_over` has come by."""
    offer = _open_offer(session, booking.id)
    if offer is None or offer.expires_at <= now or not _still_hers_to_give(session, offer):
        return None
    return offer


def find_lost_offer(session: Session, booking: Booking, now: datetime) -> EarlierTimeOffer | None:
    """The newest offer, where it was taken back before its time ran out and there is still time to say so."""
    newest = select(EarlierTimeOffer).where(EarlierTimeOffer.booking_id == booking.id)
    offer = session.scalar(newest.order_by(EarlierTimeOffer.offered_at.desc()).limit(1))
    if offer is None or offer.expires_at <= now or offer.state not in (OPEN, WITHDRAWN):
        return None
    return offer if offer.state == WITHDRAWN or not _still_hers_to_give(session, offer) else None


def close_offer(session: Session, offer: EarlierTimeOffer, state: str, now: datetime) -> None:
    """End an offer and give its hour back, if it is still held."""
    offer.state, offer.answered_at = state, now
    hold = session.get_one(Appointment, offer.appointment_id)
    if hold.status is Status.HELD:
        scheduling.release_hold(session, hold.id, now)
    session.flush()


def earlier_starts(session: Session, appointment: Appointment, now: datetime) -> list[datetime]:
    """What is free before the visit, for its patient: their own hour counts as free."""
    if appointment.session_type_id is None:
        return []
    offer = get_offer(session, appointment.session_type_id, moving_booking_id=appointment.booking_id)
    earliest_at = offer.window.earliest_at(now)
    if earliest_at >= appointment.start_at:
        return []
    return [slot.start_at for slot in free_slots(session, offer, earliest_at, appointment.start_at, now)]


def _open_offer(session: Session, booking_id: uuid.UUID) -> EarlierTimeOffer | None:
    return session.scalar(
        select(EarlierTimeOffer).where(
            EarlierTimeOffer.booking_id == booking_id, EarlierTimeOffer.state == OPEN
        )
    )


def _still_hers_to_give(session: Session, offer: EarlierTimeOffer) -> bool:
    """Not when the therapist has closed that time since, or another calendar of hers has become busy then."""
    hold = session.get_one(Appointment, offer.appointment_id)
    if not get_rules(session, hold.schedule_id).is_open(TimeSpan(hold.start_at, hold.end_at)):
        return False
    return not busy_elsewhere(session, hold.schedule_id, hold.busy_from, hold.busy_until)


def _span_offered(session: Session, offer: EarlierTimeOffer) -> TimeSpan:
    hold = session.get_one(Appointment, offer.appointment_id)
    return TimeSpan(hold.start_at, hold.end_at)


def _end_unless_undone(request: EarlierTimeRequest, booking: Booking, now: datetime) -> None:
    if not _may_come_back(booking, now):
        request.ended_at, request.known_starts = now, []


def _may_come_back(booking: Booking, now: datetime) -> bool:
    """Whether it was cancelled and the therapist can still take that back: nobody has been told of it yet, so
    neither the wish nor an offer ends with it.
    """
    change = find_change(booking)
    return booking.cancelled_at is not None and change is not None and now < change.until_at


def _bring_up_to_date(
    session: Session,
    request: EarlierTimeRequest,
    booking: Booking,
    appointment: Appointment,
    free: Sequence[datetime],
    now: datetime,
) -> None:
    """Whoever has moved since they asked has seen, or left, what is free before the visit now."""
    if booking.moved_at is not None and booking.moved_at > request.asked_at:
        request.known_starts = [int(start_at.timestamp()) for start_at in free]
        request.asked_at = booking.moved_at
        return
    rows = queries.agenda(session, appointment.schedule_id, now, appointment.start_at)
    booked = [TimeSpan(row.start_at, row.end_at) for row in rows]
    known = still_known(request.known_starts, booked, appointment.end_at - appointment.start_at)
    if known != request.known_starts:
        request.known_starts = known


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
    except (SlotTaken, SlotNotOffered, NotFound):
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
