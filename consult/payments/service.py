"""Payments as rows. Nothing here calls a gateway: `till` does, between two transactions.

`record_snapshot` is the one place that moves a payment. Webhook, return page and reconciler all fetch a
snapshot and bring it here, in any order and as often as they like.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import Uuid, bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.money import Money

from .asking import SOONEST, next_ask
from .errors import AlreadyPaid, require_same
from .gateway import Gateway, ReturnUrls, Snapshot
from .ledger import held, post_once
from .lifecycle import LIVE, Decision, PaymentState, decide
from .models import LedgerKind, Payment, ReceivedEvent
from .outcomes import (
    Applied,
    BankRefused,
    Expired,
    Failed,
    NeedsReview,
    NothingNew,
    Opened,
    Paid,
    Processing,
)
from .pricing import require_chargeable

RESUME_AFTER = timedelta(seconds=60)
"""A payment still `created` after this was interrupted; before, its first call is perhaps under way."""

_LIVE_OF = select(Payment).where(
    Payment.booking_id == bindparam("booking_id", type_=Uuid()),
    or_(*(Payment.state == state for state in LIVE)),
)


def open_payment(
    session: Session,
    *,
    booking_id: uuid.UUID,
    gateway: Gateway,
    amount: Money,
    expires_at: datetime,
    return_urls: ReturnUrls,
    now: datetime,
) -> Payment:
    """A payment with its request frozen, before any call; or the booking's live one, shared by two tabs.

    Raises PriceTooSmall, and AlreadyPaid when the booking's money is here. The live one keeps its own amount
    and time. Asks nothing of the gateway but the pure `build_request`.
    """
    require_chargeable(amount)
    if held(session, booking_id, amount.currency).minor > 0:
        raise AlreadyPaid(booking_id)
    payment_id = uuid.uuid4()
    payment = Payment(
        id=payment_id,
        booking_id=booking_id,
        gateway=gateway.name,
        livemode=gateway.livemode,
        state=PaymentState.CREATED,
        amount_minor=amount.minor,
        currency=amount.currency,
        request=gateway.build_request(str(payment_id), amount, expires_at, return_urls),
        idempotency_key=f"checkout-{payment_id}",
        expires_at=expires_at,
        created_at=now,
        updated_at=now,
    )
    # The index decides who is first, also between two servers: asking before inserting would leave a gap.
    try:
        with session.begin_nested():
            session.add(payment)
    except IntegrityError:
        live = find_live_payment(session, booking_id)
        if live is None:
            raise
        return live
    return payment


def get_payment(session: Session, payment_id: uuid.UUID) -> Payment:
    """The payment, locked until the transaction ends. Raises NotFound."""
    payment = session.get(Payment, payment_id, populate_existing=True, with_for_update=True)
    if payment is None:
        raise NotFound
    return payment


def find_live_payment(session: Session, booking_id: uuid.UUID) -> Payment | None:
    return session.scalar(_LIVE_OF, {"booking_id": booking_id})


def find_payment_by_checkout(
    session: Session, gateway: str, checkout_id: str, payment_ref: str = ""
) -> Payment | None:
    """Whose checkout this is; None for another application's on the same account.

    A webhook may be faster than our note of the checkout's id: then `payment_ref`, which the checkout
    carries, tells.
    """
    own = select(Payment).where(Payment.gateway == gateway)
    payment = session.scalar(own.where(Payment.checkout_id == checkout_id))
    if payment is not None:
        return payment
    try:
        payment_id = uuid.UUID(payment_ref)
    except ValueError:
        return None
    return session.scalar(own.where(Payment.id == payment_id, Payment.checkout_id.is_(None)))


def record_snapshot(session: Session, payment_id: uuid.UUID, snapshot: Snapshot, now: datetime) -> Applied:
    """Bring a payment up to what the gateway says; idempotent. The answer is news at most once.

    Raises NotFound, and ForeignSnapshot for a snapshot of another payment or a second checkout of this one.
    """
    payment = get_payment(session, payment_id)
    require_same(str(payment.id), snapshot.payment_ref)
    require_same(payment.checkout_id or snapshot.checkout_id, snapshot.checkout_id)
    decision = decide(payment.state, snapshot, payment.amount, payment.livemode)
    before = payment.state
    moved = before is not decision.state
    payment.checkout_id = snapshot.checkout_id
    payment.gateway_payment_id = payment.gateway_payment_id or snapshot.gateway_payment_id
    if moved:
        _move(payment, decision.state, now)
        payment.url = snapshot.url if decision.state is PaymentState.OPEN else None
    charged = decision.charge is not None and post_once(
        session, payment.id, LedgerKind.CHARGE, decision.charge, snapshot.checkout_id, now
    )
    return _applied(payment, decision, before) if moved or charged else NothingNew()


def record_refusal(session: Session, payment_id: uuid.UUID, now: datetime) -> Applied:
    """The gateway refused to open the checkout. A payment that got on otherwise is left alone."""
    payment = get_payment(session, payment_id)
    if payment.state is not PaymentState.CREATED:
        return NothingNew()
    _move(payment, PaymentState.FAILED, now)
    return Failed(payment.id, payment.booking_id)


def payments_to_sync(session: Session, gateway: str, now: datetime) -> list[uuid.UUID]:
    """Live payments of a gateway that are due to be asked about (`ask_later`), oldest first; those just being
    created are left to their creator.
    """
    due = (
        select(Payment.id)
        .where(Payment.gateway == gateway, Payment.state.in_(LIVE))
        .where((Payment.state != PaymentState.CREATED) | (Payment.created_at <= now - RESUME_AFTER))
        .where(Payment.next_ask_at.is_(None) | (Payment.next_ask_at <= now))
        .order_by(Payment.created_at)
    )
    return list(session.scalars(due))


def ask_later(payment: Payment, now: datetime, *, wants_closing: bool) -> None:
    """The gateway is asked about it right now; note when the worker asks next, should nothing come of that.
    A page that should be closed is not left open for minutes.
    """
    at = next_ask(payment.updated_at, payment.expires_at, now)
    payment.next_ask_at = min(at, now + SOONEST) if wants_closing and now < payment.expires_at else at


def retire_play_money(session: Session, gateway: Gateway, now: datetime) -> None:
    """End what was still to be paid at a gateway, or in a mode, that took no money and is no longer in use:
    nobody is left to ask, and its booking could never be paid for.
    """
    other = (Payment.gateway != gateway.name) | (Payment.livemode != gateway.livemode)
    stale = update(Payment).where(Payment.livemode.is_(False), other, Payment.state.in_(LIVE))
    session.execute(stale.values(state=PaymentState.EXPIRED, url=None, updated_at=now))


def is_retired(payment: Payment, gateway: Gateway) -> bool:
    """Whether it is such play money: nothing about it can be asked, or sent, any more."""
    other = payment.gateway != gateway.name or payment.livemode != gateway.livemode
    return other and not payment.livemode


def record_event(
    session: Session, gateway: str, event_id: str, event_type: str, object_id: str, now: datetime
) -> bool:
    """Note a webhook's arrival; False when it was dealt with before (see `event_processed`)."""
    event = ReceivedEvent(
        gateway=gateway, event_id=event_id, type=event_type, object_id=object_id, received_at=now
    )
    try:
        with session.begin_nested():
            session.add(event)
    except IntegrityError:
        return _get_event(session, gateway, event_id).processed_at is None
    return True


def event_processed(session: Session, gateway: str, event_id: str, now: datetime) -> None:
    """Its object was fetched and recorded. Until then a repeat of the event is worth another try."""
    _get_event(session, gateway, event_id).processed_at = now


def _move(payment: Payment, to: PaymentState, now: datetime) -> None:
    payment.state = to
    payment.updated_at = now
    payment.next_ask_at = None


def _applied(payment: Payment, decision: Decision, before: PaymentState) -> Applied:
    ids = (payment.id, payment.booking_id)
    if decision.discrepancy is not None:
        return NeedsReview(*ids, decision.discrepancy, decision.charge)
    if decision.state is PaymentState.PAID:
        return Paid(*ids, payment.amount)
    if decision.state is PaymentState.OPEN:
        return Opened(*ids, payment.url)
    if decision.state is PaymentState.PROCESSING:
        return Processing(*ids)
    return BankRefused(*ids, payment.amount) if before is PaymentState.PROCESSING else Expired(*ids)


def _get_event(session: Session, gateway: str, event_id: str) -> ReceivedEvent:
    event = session.get(ReceivedEvent, (gateway, event_id))
    if event is None:
        raise NotFound
    return event
