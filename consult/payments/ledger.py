"""What really moved at the gateway, and sums over it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from consult.core.money import Money

from .lifecycle import RefundState
from .models import LedgerEntry, LedgerKind, Payment, Refund


def post_once(
    session: Session, payment_id: uuid.UUID, kind: LedgerKind, amount: Money, gateway_ref: str, now: datetime
) -> bool:
    """Add an entry unless this very fact is in the ledger already; True when it is new."""
    if is_posted(session, kind, gateway_ref):
        return False
    session.add(
        LedgerEntry(
            payment_id=payment_id,
            kind=kind,
            amount_minor=amount.minor,
            currency=amount.currency,
            gateway_ref=gateway_ref,
            created_at=now,
        )
    )
    session.flush()
    return True


def is_posted(session: Session, kind: LedgerKind, gateway_ref: str) -> bool:
    found = select(LedgerEntry.id).where(LedgerEntry.kind == kind, LedgerEntry.gateway_ref == gateway_ref)
    return session.scalar(found) is not None


def net(session: Session, booking_id: uuid.UUID, currency: str) -> Money:
    """Charged less sent back in `currency`, over all payments of a booking; a demo's play money included."""
    return Money(int(session.scalar(net_of(booking_id, currency)) or 0), currency)


def net_of(booking_id: Any, currency: Any) -> Select[int]:
    """The same in minor units, asked together with something else; both may be bound later."""
    payment = aliased(Payment)
    return (
        select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0))
        .join(payment, payment.id == LedgerEntry.payment_id)
        .where(payment.booking_id == booking_id, LedgerEntry.currency == currency)
    )


def held(session: Session, booking_id: uuid.UUID, currency: str) -> Money:
    """`net` less what was paid back in another way: what the payer has not got back yet."""
    outside = (
        select(func.coalesce(func.sum(Refund.amount_minor), 0))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.booking_id == booking_id, Refund.currency == currency)
        .where(Refund.state == RefundState.CANCELED)
    )
    return net(session, booking_id, currency) - Money(int(session.scalar(outside) or 0), currency)


def kept(session: Session, payment_id: uuid.UUID, currency: str) -> Money:
    """Charged less sent back in `currency` of one payment."""
    total = select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0)).where(
        LedgerEntry.payment_id == payment_id, LedgerEntry.currency == currency
    )
    return Money(int(session.scalar(total) or 0), currency)


def refundable(session: Session, payment: Payment) -> Money:
    """What is left of a payment: its ledger, less refunds requested that the gateway has not taken up yet,
    less what was paid back in another way.
    """
    posted = select(LedgerEntry.amount_minor, LedgerEntry.currency).where(
        LedgerEntry.payment_id == payment.id
    )
    entries = session.execute(posted).all()
    currency = entries[0].currency if entries else payment.currency
    promised = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
        Refund.payment_id == payment.id, Refund.state.in_((RefundState.REQUESTED, RefundState.CANCELED))
    )
    left = sum(entry.amount_minor for entry in entries) - int(session.scalar(promised) or 0)
    return Money(left, currency)
