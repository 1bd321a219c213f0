"""Calls to the gateway, each between two transactions and never inside one.

Whatever breaks off in between is taken up again by calling the same function: the request and its key were
stored first, and recording is idempotent.
"""

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from consult.core.errors import NotFound

from .alerts import AlertKind, AlertRaised, find_alert, raise_alert, refund_key, settle_itself
from .asking import wait_since
from .errors import CheckoutRefused, CheckoutUnavailable
from .gateway import Gateway, GatewayDown, GatewayRefused, Snapshot
from .lifecycle import LIVE, PaymentState, RefundState
from .outcomes import Applied, Failed, NeedsReview, News, NothingNew, RefundedTwice, RefundMoved
from .service import ask_later, get_payment, record_refusal, record_snapshot

GIVE_UP_AFTER = timedelta(minutes=5)
"""After its end a checkout we never heard of is no longer waited for. Its gateway may repeat an error for a
day (Stripe's idempotency keys do), and meanwhile the booking could not be paid for at all.
"""


_log = logging.getLogger("consult.payments")


@dataclass(frozen=True)
class Till:
    """`transaction` opens a write transaction on `session`, as `consult.db.transaction` does; `react` is told
    each piece of news inside the transaction that records it.
    """

    session: Session
    transaction: Callable[[], AbstractContextManager[None]]
    gateway: Gateway
    react: Callable[[News], None]

    def tell(self, news: News | NothingNew, now: datetime) -> None:
        """The booking's part of the news, and the alert where a person is needed."""
        if isinstance(news, NothingNew):
            return
        self.react(news)
        if isinstance(news, NeedsReview):
            fact = "charged" if news.charged else "unpaid"
            payment = get_payment(self.session, news.payment_id)
            ref = payment.gateway_payment_id or payment.checkout_id
            self.alert(f"mismatch-{payment.id}-{fact}", AlertKind.MISMATCH, now, payment.id, ref)
        if isinstance(news, RefundedTwice):
            key, ref = refund_key(AlertKind.REFUNDED_TWICE, news.refund_id), news.gateway_refund_id
            self.alert(key, AlertKind.REFUNDED_TWICE, now, news.payment_id, ref)
        if isinstance(news, RefundMoved):
            settle_itself(
                self.session, refund_key(AlertKind.REFUND_STUCK, news.refund_id), "The gateway answered.", now
            )
            if news.state is RefundState.FAILED:
                key = refund_key(AlertKind.REFUND_FAILED, news.refund_id)
                self.alert(key, AlertKind.REFUND_FAILED, now, news.payment_id)

    def alert(
        self,
        key: str,
        kind: AlertKind,
        now: datetime,
        payment_id: uuid.UUID | None,
        gateway_ref: str | None = None,
    ) -> None:
        """Raise an alert inside the transaction that is open, and tell of it where it is new."""
        alert = raise_alert(self.session, key, kind, now, payment_id=payment_id, gateway_ref=gateway_ref)
        if alert is not None:
            self.react(AlertRaised(alert.id, kind))

    @contextmanager
    def taking_in(self, fact: str, payment_id: uuid.UUID, now: datetime) -> Iterator[None]:
        """One transaction for what the gateway said and all that follows from it. What we fail to take in is
        undone, an alert, and put off; then the error goes on. A database that is busy or away is no such
        failure.
        """
        key, failed = f"undigested-{fact}", False
        try:
            with self.transaction():
                try:
                    yield
                    settle_itself(self.session, key, "It was taken in after all.", now)
                except Exception as error:
                    failed = not isinstance(error, OperationalError | NotFound)
                    raise
        except Exception:
            if failed:
                self._put_off(key, payment_id, now)
            raise

    def _put_off(self, key: str, payment_id: uuid.UUID, now: datetime) -> None:
        _log.error("what the gateway says of payment %s cannot be taken in", payment_id)
        try:
            with self.transaction():
                self.alert(key, AlertKind.UNDIGESTED, now, payment_id)
                alert = find_alert(self.session, key)
                since = alert.raised_at if alert else now
                get_payment(self.session, payment_id).next_ask_at = now + wait_since(since, now)
        except Exception as error:
            _log.error("nor can an alert be raised about it: %s", type(error).__name__)


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
    call = _begin(till, payment_id, now)
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
    call = _begin(till, payment_id, now, wants_closing=True)
    applied: Applied = NothingNew()
    if call is not None and call.checkout_id is None:
        try:
            applied = _create(till, call, now)
        except CheckoutUnavailable:
            if now < call.expires_at + GIVE_UP_AFTER:
                raise
            return _record(till, payment_id, None, now)
        call = _begin(till, payment_id, now, wants_closing=True)
    if call is None or call.checkout_id is None:
        return applied
    return _record(till, payment_id, _ask(payment_id, till.gateway.expire, call.checkout_id), now)


@dataclass(frozen=True, slots=True)
class _Call:
    """A live payment's facts, copied out so that no transaction stays open during the call."""

    payment_id: uuid.UUID
    checkout_id: str | None
    request: dict[str, Any]
    idempotency_key: str
    expires_at: datetime


def _begin(till: Till, payment_id: uuid.UUID, now: datetime, *, wants_closing: bool = False) -> _Call | None:
    """None when the payment is not live. Another gateway's payment is never shown to this one."""
    with till.transaction():
        payment = get_payment(till.session, payment_id)
        if payment.state not in LIVE:
            return None
        if payment.gateway != till.gateway.name:
            raise CheckoutUnavailable(payment_id)
        ask_later(payment, now, wants_closing=wants_closing)
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
    with till.taking_in(f"payment-{payment_id}", payment_id, now):
        if snapshot is None:
            applied = record_refusal(till.session, payment_id, now)
        else:
            applied = record_snapshot(till.session, payment_id, snapshot, now)
        till.tell(applied, now)
    return applied
