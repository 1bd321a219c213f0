"""Asking for an earlier time, and answering the offer of one."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError
from consult.scheduling import queries

from ..changes.commands import take_earlier_time
from ..models import Booking, EarlierTimeOffer, EarlierTimeRequest
from ..ports import Ports
from ..standing import lock_booking
from .offers import ACCEPTED, close_offer, earlier_starts, find_lost_offer, find_open_offer


@dataclass(frozen=True)
class EarlierTimes:
    """Whether the patient is on the list, and what is offered now; `lost_at` is the start of a time that was
    offered and can't be had any more. `may_ask` while the visit is ahead.
    """

    may_ask: bool
    asked: bool
    offer: EarlierTimeOffer | None
    lost_at: datetime | None = None


@dataclass(eq=False)
class NothingOffered(ConsultError):
    """The offer was answered, has lapsed or was taken back."""


def find_earlier_times(session: Session, booking: Booking, now: datetime) -> EarlierTimes:
    """Reads only."""
    appointment = queries.find_live_appointment(session, booking.id)
    ahead = appointment is not None and appointment.start_at > now and not booking.on_safety_hold
    lost = find_lost_offer(session, booking, now) if ahead else None
    if lost is not None and appointment is not None and lost.start_at >= appointment.start_at:
        lost = None
    return EarlierTimes(
        may_ask=ahead,
        asked=ahead and _find_request(session, booking) is not None,
        offer=find_open_offer(session, booking, now) if ahead else None,
        lost_at=lost.start_at if lost else None,
    )


def ask_for_earlier(session: Session, booking: Booking, now: datetime) -> None:
    """Put the patient on the list. Asked twice, or without a visit ahead, it changes nothing.

    What is free now is not offered by mail: the patient sees it and can move to it at once.
    """
    booking = lock_booking(session, booking.id)
    appointment = queries.find_live_appointment(session, booking.id)
    if not find_earlier_times(session, booking, now).may_ask or appointment is None:
        return
    if _find_request(session, booking) is not None:
        return
    known = [int(start_at.timestamp()) for start_at in earlier_starts(session, appointment, now)]
    request = session.scalar(select(EarlierTimeRequest).where(EarlierTimeRequest.booking_id == booking.id))
    if request is None:
        request = EarlierTimeRequest(booking_id=booking.id)
        session.add(request)
    request.known_starts, request.asked_at, request.ended_at = known, now, None
    session.flush()


def stop_asking(session: Session, booking: Booking, now: datetime) -> None:
    """Take the patient off the list; an open offer counts as declined."""
    booking = lock_booking(session, booking.id)
    request = _find_request(session, booking)
    if request is not None:
        request.ended_at = now
    decline_offer(session, booking, now)


def accept_offer(
    session: Session, booking: Booking, offer_id: uuid.UUID, now: datetime, ports: Ports
) -> None:
    """Move the visit to the time offered; said twice, it moves once. Raises NothingOffered also when another
    time is offered by now than the one the patient saw; what stands still stands.
    """
    booking = lock_booking(session, booking.id)
    if _is_taken(session, booking, offer_id):
        return
    offer = find_open_offer(session, booking, now)
    if offer is None or offer.id != offer_id or not find_earlier_times(session, booking, now).may_ask:
        raise NothingOffered
    close_offer(session, offer, ACCEPTED, now)
    take_earlier_time(session, booking, offer.start_at, now, ports)


def decline_offer(session: Session, booking: Booking, now: datetime) -> None:
    """Give the hour to the next on the list; the patient stays on it."""
    booking = lock_booking(session, booking.id)
    offer = find_open_offer(session, booking, now)
    if offer is not None:
        close_offer(session, offer, "declined", now)


def _is_taken(session: Session, booking: Booking, offer_id: uuid.UUID) -> bool:
    """Whether the visit is where this offer put it."""
    offer, appointment = (
        session.get(EarlierTimeOffer, offer_id),
        queries.find_live_appointment(session, booking.id),
    )
    return (
        offer is not None
        and offer.booking_id == booking.id
        and offer.state == ACCEPTED
        and appointment is not None
        and appointment.start_at == offer.start_at
    )


def _find_request(session: Session, booking: Booking) -> EarlierTimeRequest | None:
    return session.scalar(
        select(EarlierTimeRequest).where(
            EarlierTimeRequest.booking_id == booking.id, EarlierTimeRequest.ended_at.is_(None)
        )
    )
