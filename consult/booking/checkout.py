"""Paying: the steps around calls to the gateway, each call between two transactions."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from consult.core.clock import Clock
from consult.core.errors import NotFound
from consult.core.money import Money
from consult.payments import till as gateway_till
from consult.payments.errors import CheckoutUnavailable
from consult.payments.gateway import ReturnUrls
from consult.payments.models import Payment
from consult.payments.service import find_live_payment, open_payment
from consult.payments.till import Till
from consult.scheduling import service as scheduling
from consult.scheduling.errors import HoldExpired, SlotNotOffered, SlotTaken
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.scheduling.policies import CHECKOUT_GRACE, CHECKOUT_TTL, HOLD_TTL
from consult.scheduling.queries import find_live_appointment

from . import vouchers
from .holds import HOLD_LIMIT, begin_hold
from .journey import Step, next_step
from .models import Booking
from .ports import Ports
from .reactions import react
from .standing import Standing, StepNotOpen, find_standing, lock_booking, require
from .vouchers import PriceChanged

Transaction = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Counter:
    """Where money is taken: a session, its transactions, the time, the ports."""

    session: Session
    transaction: Transaction
    clock: Clock
    ports: Ports

    def till(self) -> Till:
        return Till(
            self.session,
            self.transaction,
            self.ports.gateway,
            lambda news: react(self.session, news, self.clock(), self.ports),
        )


def open_checkout(counter: Counter, booking_id: uuid.UUID, seen: Money | None = None) -> str | None:
    """Stretch the hold over the time the payment page lives, and open that page; its address, or None when
    there is nothing left to pay. Opening another page for a time kept long enough already is a repeated hold.

    From here on the price is frozen. It is settled once more before; when a code or pack has to be given up
    by now, or the price is not the one `seen`, nothing is opened. Raises PriceChanged, StepNotOpen,
    EmailNotConfirmed, HeldTooLong, HoldExpired, CheckoutUnavailable, CheckoutRefused, AlreadyPaid.
    """
    now, session = counter.clock(), counter.session
    with counter.transaction():
        booking = lock_booking(session, booking_id)
        live = require(session, booking, Step.CHECK, now, counter.ports).payment
        dropped = live is None and vouchers.reprice(
            session, booking, vouchers.list_price(session, booking), now, counter.ports
        )
        payment_id = None if dropped else _store_payment(counter, booking, live, seen, now)
    if payment_id is None:
        raise PriceChanged
    checkout = gateway_till.start_checkout(counter.till(), payment_id, now)
    close_if_not_due(counter, booking_id)
    return checkout.url


def _store_payment(
    counter: Counter, booking: Booking, live: Payment | None, seen: Money | None, now: datetime
) -> uuid.UUID:
    """In the transaction that looked: from here on whoever changes an answer finds the payment."""
    session, links, price = counter.session, counter.ports.links, vouchers.price_of(booking)
    if price.minor == 0 or seen not in (None, price):
        raise PriceChanged
    if live is None and _run_is_over(booking, now) and was_opened(session, booking.id):
        begin_hold(session, booking, now)
    expires_at = live.expires_at if live else now + CHECKOUT_TTL
    appointment = find_live_appointment(session, booking.id)
    if appointment is None:
        raise HoldExpired(now)
    scheduling.extend_hold(session, appointment.id, expires_at + CHECKOUT_GRACE, now)
    payment = open_payment(
        session,
        booking_id=booking.id,
        gateway=counter.ports.gateway,
        amount=price,
        expires_at=expires_at,
        return_urls=ReturnUrls(links.payment_return(), links.payment_back()),
        now=now,
    )
    return payment.id


def close_if_not_due(counter: Counter, booking_id: uuid.UUID) -> None:
    """Close a payment page that what was said since no longer allows. Raises StepNotOpen when it was so.

    While the gateway was asked to open it, another tab may have told of an emergency.
    """
    payment = find_live_payment(counter.session, booking_id)
    if payment is None:
        return
    standing = _standing_now(counter, booking_id)
    if not may_be_paid(standing):
        abandon(counter, payment.id, booking_id)
        raise StepNotOpen(Step.PAY, next_step(standing.facts))


def may_be_paid(standing: Standing) -> bool:
    """Whether an open payment page may stay open. Paid after the confirmation it is only a duplicate."""
    return next_step(standing.facts) in (Step.PAY, Step.CONFIRMED)


def _standing_now(counter: Counter, booking_id: uuid.UUID) -> Standing:
    booking = counter.session.get_one(Booking, booking_id, populate_existing=True)
    return find_standing(counter.session, booking, counter.clock(), counter.ports)


def settle(counter: Counter, payment_id: uuid.UUID) -> None:
    """Ask the gateway what became of a payment. When it cannot be asked now, the reconciler will."""
    try:
        gateway_till.sync(counter.till(), payment_id, counter.clock())
    except CheckoutUnavailable:
        return


def abandon(counter: Counter, payment_id: uuid.UUID | None, booking_id: uuid.UUID) -> None:
    """The patient came back without paying: the page, if it is still open, is closed first, then the hold is
    made short again. Paid after all, the visit stands. When the gateway cannot be asked now, the hold stays
    while the page lives.
    """
    now = counter.clock()
    if payment_id is not None:
        try:
            gateway_till.close_checkout(counter.till(), payment_id, now)
        except CheckoutUnavailable:
            return
    with counter.transaction():
        booking = lock_booking(counter.session, booking_id)
        standing = find_standing(counter.session, booking, now, counter.ports)
        # Still live after that is a payment which the bank has not sent yet: its time stays as long.
        if booking.confirmed_at is None and standing.payment is None and standing.appointment is not None:
            _keep_briefly(counter, booking, standing.appointment, now)


def _keep_briefly(counter: Counter, booking: Booking, appointment: Appointment, now: datetime) -> None:
    """Time to try again; also where the hold ran out meanwhile, if nobody else took the hour and the run of
    holds may still go on.
    """
    expires_at = appointment.hold_expires_at
    if appointment.status == Status.HELD and expires_at is not None and expires_at > now:
        scheduling.shorten_hold(counter.session, appointment.id, now + HOLD_TTL, now)
    elif _may_be_taken_up(counter.session, booking, appointment, now):
        # A code that was nobody's while the time was may be somebody else's by now.
        price = vouchers.list_price(counter.session, booking)
        vouchers.reprice(counter.session, booking, price, now, counter.ports)
        with suppress(SlotTaken, SlotNotOffered, NotFound):
            scheduling.place_hold(
                counter.session,
                booking_id=booking.id,
                session_type_id=booking.session_type_id,
                start_at=appointment.start_at,
                now=now,
                hold_ttl=HOLD_TTL,
            )


def _may_be_taken_up(session: Session, booking: Booking, appointment: Appointment, now: datetime) -> bool:
    ended = appointment.status in (Status.HELD, Status.EXPIRED)
    return ended and not _run_is_over(booking, now) and was_opened(session, booking.id)


def _run_is_over(booking: Booking, now: datetime) -> bool:
    return booking.first_held_at is None or now >= booking.first_held_at + HOLD_LIMIT


def was_opened(session: Session, booking_id: uuid.UUID) -> bool:
    """Whether there ever was a payment page for this booking."""
    return bool(session.scalar(select(exists().where(Payment.booking_id == booking_id))))
