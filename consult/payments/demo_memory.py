"""What the demo gateway remembers: checkouts and refunds as rows, each call within a transaction of its own.

Nothing but `demo_gateway` reads them.
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core.money import Money

from .gateway import CheckoutStatus, GatewayRefused, RefundSnapshot, RefundStatus
from .models import DemoCheckout, DemoRefund

KEY_LIFETIME = timedelta(hours=24)
"""Idempotency keys are forgotten after this, as Stripe may do (docs.stripe.com/api/idempotent_requests)."""


def open_checkout(session: Session, request: dict[str, Any], key: str, now: datetime) -> DemoCheckout:
    """A new one, or the one of this key. Raises GatewayRefused where the key was used for another request,
    and for a checkout that would be over at once.
    """
    _forget_old_key(session, DemoCheckout, key, now)
    checkout = DemoCheckout(
        id=f"demo_cs_{uuid.uuid4().hex}",
        idempotency_key=key,
        request=request,
        status=CheckoutStatus.OPEN,
        declines=0,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(checkout)
    except IntegrityError:
        checkout = session.scalars(select(DemoCheckout).where(DemoCheckout.idempotency_key == key)).one()
        if checkout.request != request:
            raise GatewayRefused("this idempotency key was used for another request") from None
        return checkout
    # After the look for a repeat, which gets its checkout however late; raising undoes the insert.
    if expires_at(checkout) <= now:
        raise GatewayRefused("a checkout cannot expire before it opens")
    return checkout


def locked_checkout(session: Session, checkout_id: str) -> DemoCheckout:
    """Raises GatewayRefused for an unknown one."""
    checkout = session.get(DemoCheckout, checkout_id, with_for_update=True)
    if checkout is None:
        raise GatewayRefused(f"no such checkout: {checkout_id}")
    return checkout


def charge_of(checkout: DemoCheckout) -> Money:
    return Money(checkout.request["amount_minor"], checkout.request["currency"])


def expires_at(checkout: DemoCheckout) -> datetime:
    return datetime.fromtimestamp(checkout.request["expires_at"], UTC)


def status_of(checkout: DemoCheckout, now: datetime) -> CheckoutStatus:
    """An open checkout runs out by itself, at the very second it expires."""
    ran_out = checkout.status is CheckoutStatus.OPEN and now >= expires_at(checkout)
    return CheckoutStatus.EXPIRED if ran_out else checkout.status


def send_back(
    session: Session, wanted: tuple[str, Money, str], idempotency_key: str, now: datetime
) -> RefundSnapshot:
    """A new refund, or the one of this key; `wanted` is of which payment, how much, and our id of it. Raises
    GatewayRefused.
    """
    gateway_payment_id, amount, refund_ref = wanted
    paid = select(DemoCheckout).where(DemoCheckout.gateway_payment_id == gateway_payment_id).with_for_update()
    checkout = session.scalar(paid)
    if checkout is None:
        raise GatewayRefused(f"no such payment: {gateway_payment_id}")
    _forget_old_key(session, DemoRefund, idempotency_key, now)
    earlier = session.scalar(select(DemoRefund).where(DemoRefund.idempotency_key == idempotency_key))
    if earlier is not None:
        known = (
            earlier.gateway_payment_id,
            Money(earlier.amount_minor, earlier.currency),
            earlier.refund_ref,
        )
        if known != wanted:
            raise GatewayRefused("this idempotency key was used for another refund")
        return _seen(earlier)
    _require_left(session, checkout, amount)
    row = DemoRefund(
        id=f"demo_re_{uuid.uuid4().hex}",
        idempotency_key=idempotency_key,
        gateway_payment_id=gateway_payment_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        refund_ref=refund_ref,
        status=RefundStatus.SUCCEEDED,
        created_at=now,
    )
    session.add(row)
    return _seen(row)


def sent_back(session: Session, checkout: DemoCheckout) -> Money:
    sent = select(func.coalesce(func.sum(DemoRefund.amount_minor), 0)).where(
        DemoRefund.gateway_payment_id == checkout.gateway_payment_id, DemoRefund.status != RefundStatus.FAILED
    )
    return Money(int(session.scalar(sent) or 0), charge_of(checkout).currency)


def refunds_of(session: Session, gateway_payment_id: str) -> list[RefundSnapshot]:
    of_payment = select(DemoRefund).where(DemoRefund.gateway_payment_id == gateway_payment_id)
    return [_seen(row) for row in session.scalars(of_payment.order_by(DemoRefund.created_at))]


def _require_left(session: Session, checkout: DemoCheckout, amount: Money) -> None:
    charge, sent = charge_of(checkout), sent_back(session, checkout)
    if amount.currency != charge.currency or sent.minor + amount.minor > charge.minor:
        raise GatewayRefused("more than is left of the payment")


def _seen(row: DemoRefund) -> RefundSnapshot:
    return RefundSnapshot(row.id, row.status, Money(row.amount_minor, row.currency), row.refund_ref)


def _forget_old_key(
    session: Session, table: type[DemoCheckout] | type[DemoRefund], key: str, now: datetime
) -> None:
    old = update(table).where(table.idempotency_key == key, table.created_at <= now - KEY_LIFETIME)
    session.execute(old.values(idempotency_key=None))
