"""What the practice took and gave back, and what is still on its way. Reads only."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from consult.core.money import Money
from consult.core.timespan import TimeSpan

from .alerts import AlertKind, refund_key
from .lifecycle import LIVE, RefundState
from .models import LedgerEntry, LedgerKind, MoneyAlert, Payment, Reconciliation, Refund

_FAILED_SHOWN_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one currency. `refunded` less what failed to go back, `disputed` less what was won, `outside` paid
    back in another way; all positive when money left. What is not `livemode`, the demo's money and a
    gateway's test mode, is no revenue.
    """

    livemode: bool
    charged: Money
    refunded: Money
    disputed: Money
    outside: Money

    @property
    def net(self) -> Money:
        return self.charged - self.refunded - self.disputed - self.outside


@dataclass(frozen=True, slots=True)
class Posted:
    """A ledger entry with the payment it belongs to; `amount` is signed from the practice's side."""

    entry: LedgerEntry
    payment: Payment

    @property
    def amount(self) -> Money:
        return Money(self.entry.amount_minor, self.entry.currency)


@dataclass(frozen=True, slots=True)
class OfPayment:
    """A refund with the payment it belongs to."""

    refund: Refund
    payment: Payment


@dataclass(frozen=True, slots=True)
class PaidOutside:
    """A refund that was paid back in another way at `refund.updated_at`; `note` says how."""

    refund: Refund
    payment: Payment
    note: str


def sums(session: Session, span: TimeSpan) -> list[Sums]:
    """Over what moved in `span`: real money first, then by currency; nothing for what nothing moved in."""
    kinds = (
        select(Payment.livemode, LedgerEntry.currency, LedgerEntry.kind, func.sum(LedgerEntry.amount_minor))
        .join(Payment, Payment.id == LedgerEntry.payment_id)
        .where(LedgerEntry.created_at >= span.start_at, LedgerEntry.created_at < span.end_at)
        .group_by(Payment.livemode, LedgerEntry.currency, LedgerEntry.kind)
    )
    totals: dict[tuple[bool, str], dict[LedgerKind | RefundState, int]] = {}
    for livemode, currency, kind, minor in session.execute(kinds):
        totals.setdefault((livemode, currency), {})[kind] = int(minor)
    for it in paid_outside(session, span):
        by_kind = totals.setdefault((it.payment.livemode, it.refund.currency), {})
        paid_before = by_kind.get(RefundState.CANCELED, 0)
        by_kind[RefundState.CANCELED] = paid_before + it.refund.amount_minor
    ordered = sorted(totals.items(), key=lambda item: (not item[0][0], item[0][1]))
    return [_sums(livemode, currency, by_kind) for (livemode, currency), by_kind in ordered]


def posted(session: Session, span: TimeSpan) -> list[Posted]:
    """Every entry of `span`, oldest first."""
    found = _POSTED.where(
        LedgerEntry.created_at >= span.start_at, LedgerEntry.created_at < span.end_at
    ).order_by(LedgerEntry.created_at, LedgerEntry.kind, LedgerEntry.id)
    return [Posted(entry, payment) for entry, payment in session.execute(found)]


def paid_outside(session: Session, span: TimeSpan) -> list[PaidOutside]:
    """What was paid back in another way in `span`, oldest first."""
    found = session.execute(
        select(Refund, Payment)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.state == RefundState.CANCELED)
        .where(Refund.updated_at >= span.start_at, Refund.updated_at < span.end_at)
        .order_by(Refund.updated_at)
    ).all()
    keys = {refund_key(AlertKind.PAID_OUTSIDE, refund.id): refund.id for refund, _ in found}
    told = session.execute(select(MoneyAlert.key, MoneyAlert.settled_note).where(MoneyAlert.key.in_(keys)))
    notes = {keys[key]: note for key, note in told}
    return [PaidOutside(refund, payment, notes.get(refund.id) or "") for refund, payment in found]


def find_refund(session: Session, refund_id: uuid.UUID) -> OfPayment | None:
    of = select(Refund, Payment).join(Payment, Payment.id == Refund.payment_id)
    row = session.execute(of.where(Refund.id == refund_id)).one_or_none()
    return OfPayment(*row) if row else None


def first_posted_at(session: Session) -> datetime | None:
    return session.scalar(select(LedgerEntry.created_at).order_by(LedgerEntry.created_at).limit(1))


def open_payments(session: Session) -> list[Payment]:
    """Those out of which money can still come, oldest first."""
    return list(session.scalars(select(Payment).where(Payment.state.in_(LIVE)).order_by(Payment.created_at)))


def refunds_on_their_way(session: Session) -> list[OfPayment]:
    """Asked for, or taken up by the gateway and not at the bank yet; oldest first."""
    return _refunds(session, (RefundState.REQUESTED, RefundState.PENDING), since=None)


def failed_refunds(session: Session, now: datetime) -> list[OfPayment]:
    """Those that failed of late: a person is told of each one (`alerts`), and these are to look them up."""
    return _refunds(session, (RefundState.FAILED,), since=now - _FAILED_SHOWN_FOR)


def open_disputes(session: Session) -> list[Posted]:
    """Money a payer's bank took back and has not given back again, oldest first."""
    won = aliased(LedgerEntry)
    again = select(won.id).where(
        won.kind == LedgerKind.DISPUTE_WON, won.gateway_ref == LedgerEntry.gateway_ref
    )
    found = _POSTED.where(LedgerEntry.kind == LedgerKind.DISPUTE, ~again.exists())
    rows = session.execute(found.order_by(LedgerEntry.created_at))
    return [Posted(entry, payment) for entry, payment in rows]


def last_reconciliation(session: Session, gateway: str, livemode: bool) -> Reconciliation | None:
    """The newest finished comparison with this gateway."""
    finished = select(Reconciliation).where(
        Reconciliation.gateway == gateway,
        Reconciliation.livemode == livemode,
        Reconciliation.finished_at.is_not(None),
    )
    return session.scalar(finished.order_by(Reconciliation.finished_at.desc()).limit(1))


_POSTED = select(LedgerEntry, Payment).join(Payment, Payment.id == LedgerEntry.payment_id)


def _sums(livemode: bool, currency: str, by_kind: dict[LedgerKind | RefundState, int]) -> Sums:
    def total(*kinds: LedgerKind | RefundState) -> Money:
        return Money(sum(by_kind.get(kind, 0) for kind in kinds), currency)

    return Sums(
        livemode,
        charged=total(LedgerKind.CHARGE),
        refunded=-total(LedgerKind.REFUND, LedgerKind.REFUND_FAILED),
        disputed=-total(LedgerKind.DISPUTE, LedgerKind.DISPUTE_WON),
        outside=total(RefundState.CANCELED),
    )


def _refunds(session: Session, states: Iterable[RefundState], since: datetime | None) -> list[OfPayment]:
    found = (
        select(Refund, Payment)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.state.in_(tuple(states)))
        .order_by(Refund.created_at)
    )
    if since is not None:
        found = found.where(Refund.updated_at >= since)
    return [OfPayment(refund, payment) for refund, payment in session.execute(found)]
