"""Calls to the gateway, each between two transactions and never inside one.

Whatever breaks off in between is taken up again by calling the same function: the request and its key were
stored first, and recording is idempotent.
"""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from consult.core.money import Money

from .errors import CheckoutRefused, CheckoutUnavailable, RefundDelayed
from .gateway import Gateway, GatewayDown, GatewayRefused, RefundSnapshot, Snapshot
from .lifecycle import LIVE, PaymentState, RefundState
from .models import Refund
from .outcomes import Applied, Failed, NothingNew, RefundMoved
from .refund_service import get_refund, record_refund, record_refund_refusal
from .service import get_payment, record_refusal, record_snapshot

GIVE_UP_AFTER = timedelta(minutes=5)
"""After its end a checkout we never heard of is no longer waited for. Its gateway may repeat an error for a
day (Stripe's idempotency keys do), and meanwhile the booking could not be paid for at all.
"""


@dataclass(frozen=True)
class Till:
    """`transaction` opens a write transaction on `session`, as `consult.db.transaction` does; `react` is told
    each piece of news inside the transaction that records it.
    """

    session: Session
    transaction: Callable[[], AbstractContextManager[None]]
    gateway: Gateway
    react: Callable[[Applied | RefundMoved], None]


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where to send the patient; `url` is None when there is nothing to pay at any more (see `state`)."""

    payment_id: uuid.UUID
    state: PaymentState
    url: str | None


def start_checkout(till: Till, payment_id: uuid.UUID, now: datetime) -> Checkout:
    """The checkout of a payment that `service.open_payment` stored, opened at the gateway if it is not yet.

    Raises CheckoutUnavailable (the payment waits, trying again goes on with it), CheckoutRefused, NotFound.
    """
    with till.transaction():
        payment = get_payment(till.session, payment_id)
        checkout = Checkout(payment.id, payment.state, payment.url)
        usable = payment.state is not PaymentState.CREATED and now < payment.expires_at
    if usable:
        return checkout
    if isinstance(sync(till, checkout.payment_id, now), Failed):
        raise CheckoutRefused(checkout.payment_id)
    with till.transaction():
        payment = get_payment(till.session, checkout.payment_id)
        return Checkout(payment.id, payment.state, payment.url)


def sync(till: Till, payment_id: uuid.UUID, now: datetime) -> Applied:
    """Ask what became of a live payment and record it; one interrupted before its checkout opened is opened.

    Raises CheckoutUnavailable, NotFound.
    """
    call = _begin(till, payment_id)
    if call is None:
        return NothingNew()
    if call.checkout_id is None:
        return _create(till, call, now)
    return _record(till, payment_id, _ask(payment_id, till.gateway.fetch, call.checkout_id), now)


def look_again(till: Till, payment_id: uuid.UUID, checkout_id: str, now: datetime) -> Applied:
    """Ask what became of a checkout, whatever its payment is taken for: money may come for one that was given
    up, or is under review.

    Raises CheckoutUnavailable, NotFound, ForeignSnapshot.
    """
    return _record(till, payment_id, _ask(payment_id, till.gateway.fetch, checkout_id), now)


def close_checkout(till: Till, payment_id: uuid.UUID, now: datetime) -> Applied:
    """Close the checkout, so that its hour can be given away; it may well turn out to be paid just now.

    Only once this has returned is the link dead: while it raises CheckoutUnavailable, nothing may be freed.
    One of which nobody ever had a link is given up in time, though no answer comes. Raises NotFound, too.
    """
    call = _begin(till, payment_id)
    applied: Applied = NothingNew()
    if call is not None and call.checkout_id is None:
        try:
            applied = _create(till, call, now)
        except CheckoutUnavailable:
            if now < call.expires_at + GIVE_UP_AFTER:
                raise
            return _record(till, payment_id, None, now)
        call = _begin(till, payment_id)
    if call is None or call.checkout_id is None:
        return applied
    return _record(till, payment_id, _ask(payment_id, till.gateway.expire, call.checkout_id), now)


def run_refund(till: Till, refund_id: uuid.UUID, now: datetime) -> RefundMoved | NothingNew:
    """Send a requested refund, or ask what became of a pending one.

    The gateway's list is read first: it still knows a refund whose answer was lost after the key was
    forgotten. Raises RefundDelayed, NotFound.
    """
    with till.transaction():
        order = _refund_order(till, get_refund(till.session, refund_id), now)
    if order is None:
        return NothingNew()
    try:
        snapshot = _send(till.gateway, order)
    except GatewayDown as error:
        raise RefundDelayed(refund_id, order.attempts) from error
    with till.transaction():
        if snapshot is None:
            moved = record_refund_refusal(till.session, refund_id, now)
        else:
            moved = record_refund(till.session, refund_id, snapshot, now)
        if not isinstance(moved, NothingNew):
            till.react(moved)
    return moved


@dataclass(frozen=True, slots=True)
class _Call:
    """A live payment's facts, copied out so that no transaction stays open during the call."""

    payment_id: uuid.UUID
    checkout_id: str | None
    request: dict[str, Any]
    idempotency_key: str
    expires_at: datetime


def _begin(till: Till, payment_id: uuid.UUID) -> _Call | None:
    """None when the payment is not live. Another gateway's payment is never shown to this one."""
    with till.transaction():
        payment = get_payment(till.session, payment_id)
        if payment.state not in LIVE:
            return None
        if payment.gateway != till.gateway.name:
            raise CheckoutUnavailable(payment_id)
        return _Call(
            payment.id, payment.checkout_id, payment.request, payment.idempotency_key, payment.expires_at
        )


def _create(till: Till, call: _Call, now: datetime) -> Applied:
    try:
        snapshot = till.gateway.create(call.request, call.idempotency_key)
    except GatewayDown as error:
        raise CheckoutUnavailable(call.payment_id) from error
    except GatewayRefused:
        snapshot = None
    return _record(till, call.payment_id, snapshot, now)


def _ask(payment_id: uuid.UUID, question: Callable[[str], Snapshot], checkout_id: str) -> Snapshot:
    """A refused question says nothing about the money, so it is no better than no answer."""
    try:
        return question(checkout_id)
    except (GatewayDown, GatewayRefused) as error:
        raise CheckoutUnavailable(payment_id) from error


def _record(till: Till, payment_id: uuid.UUID, snapshot: Snapshot | None, now: datetime) -> Applied:
    with till.transaction():
        if snapshot is None:
            applied = record_refusal(till.session, payment_id, now)
        else:
            applied = record_snapshot(till.session, payment_id, snapshot, now)
        if not isinstance(applied, NothingNew):
            till.react(applied)
    return applied


@dataclass(frozen=True, slots=True)
class _RefundOrder:
    gateway_payment_id: str
    amount: Money
    ref: str
    idempotency_key: str
    attempts: int


def _refund_order(till: Till, refund: Refund, now: datetime) -> _RefundOrder | None:
    """None when the refund is settled. A try counts before it is made, so one that kills the process does."""
    if refund.state not in (RefundState.REQUESTED, RefundState.PENDING):
        return None
    payment = get_payment(till.session, refund.payment_id)
    if payment.gateway != till.gateway.name or payment.gateway_payment_id is None:
        raise RefundDelayed(refund.id, refund.attempts)
    if refund.state is RefundState.REQUESTED:
        refund.attempts += 1
        refund.updated_at = now
    return _RefundOrder(
        payment.gateway_payment_id, refund.amount, str(refund.id), refund.idempotency_key, refund.attempts
    )


def _send(gateway: Gateway, order: _RefundOrder) -> RefundSnapshot | None:
    """None when the gateway refuses to send it. Raises GatewayDown when nothing is known."""
    try:
        known = gateway.refunds(order.gateway_payment_id)
    except GatewayRefused as error:
        raise GatewayDown from error
    for snapshot in known:
        if snapshot.our_refund_ref == order.ref:
            return snapshot
    try:
        return gateway.refund(order.gateway_payment_id, order.amount, order.ref, order.idempotency_key)
    except GatewayRefused:
        return None
