"""What the practice took and gave back, and what is still on its way. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from consult.core.money import Money
from consult.core.timespan import TimeSpan

from .lifecycle import LIVE, RefundState
from .models import LedgerEntry, LedgerKind, Payment, Reconciliation, Refund

_FAILED_SHOWN_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one currency. `refunded` less what failed to go back, `disputed` less what was won; both positive
    when money left. What is not `livemode`, the demo's money and a gateway's test mode, is no revenue.
    """

    livemode: bool
    charged: Money
    refunded: Money
    disputed: Money

    @property
    def net(self) -> Money:
        return self.charged - self.refunded - self.disputed


@dataclass(frozen=True, slots=True)
class Posted:
    """A ledger entry with the payment it belongs to; `amount` is signed from the practice's side."""

    entry: LedgerEntry
    payment: Payment

    @property
    def amount(self) -> Money:
        return Money(self.entry.amount_minor, self.entry.currency)


@dataclass(frozen=True, slots=True)
class RefundOnItsWay:
    refund: Refund
    payment: Payment


def sums(session: Session, span: TimeSpan) -> list[Sums]:
    """Over the entries of `span`: real money first, then by currency; nothing for what nothing moved in."""
    kinds = (
        select(Payment.livemode, LedgerEntry.currency, LedgerEntry.kind, func.sum(LedgerEntry.amount_minor))
        .join(Payment, Payment.id == LedgerEntry.payment_id)
        .where(LedgerEntry.created_at >= span.start_at, LedgerEntry.created_at < span.end_at)
        .group_by(Payment.livemode, LedgerEntry.currency, LedgerEntry.kind)
    )
    totals: dict[tuple[bool, str], dict[LedgerKind, int]] = {}
    for livemode, currency, kind, minor in session.execute(kinds):
        totals.setdefault((livemode, currency), {})[kind] = int(minor)
    ordered = sorted(totals.items(), key=lambda item: (not item[0][0], item[0][1]))
    return [_sums(livemode, currency, by_kind) for (livemode, currency), by_kind in ordered]


def posted(session: Session, span: TimeSpan) -> list[Posted]:
    """Every entry of `span`, oldest first."""
    found = _POSTED.where(
        LedgerEntry.created_at >= span.start_at, LedgerEntry.created_at < span.end_at
    ).order_by(LedgerEntry.created_at, LedgerEntry.kind, LedgerEntry.id)
    return [Posted(entry, payment) for entry, payment in session.execute(found)]


def first_posted_at(session: Session) -> datetime | None:
    return session.scalar(select(LedgerEntry.created_at).order_by(LedgerEntry.created_at).limit(1))


def open_payments(session: Session) -> list[Payment]:
    """Those out of which money can still come, oldest first."""
    return list(session.scalars(select(Payment).where(Payment.state.in_(LIVE)).order_by(Payment.created_at)))


def refunds_on_their_way(session: Session) -> list[RefundOnItsWay]:
    """Asked for, or taken up by the gateway and not at the bank yet; oldest first."""
    return _refunds(session, (RefundState.REQUESTED, RefundState.PENDING), since=None)


def failed_refunds(session: Session, now: datetime) -> list[RefundOnItsWay]:
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


def last_reconciliation(session: Session, gateway: str) -> Reconciliation | None:
    """The newest finished comparison with this gateway."""
    finished = select(Reconciliation).where(
        Reconciliation.gateway == gateway, Reconciliation.finished_at.is_not(None)
    )
    return session.scalar(finished.order_by(Reconciliation.finished_at.desc()).limit(1))


_POSTED = select(LedgerEntry, Payment).join(Payment, Payment.id == LedgerEntry.payment_id)


def _sums(livemode: bool, currency: str, by_kind: dict[LedgerKind, int]) -> Sums:
    def total(*kinds: LedgerKind) -> Money:
        return Money(sum(by_kind.get(kind, 0) for kind in kinds), currency)

    return Sums(
        livemode,
        charged=total(LedgerKind.CHARGE),
        refunded=-total(LedgerKind.REFUND, LedgerKind.REFUND_FAILED),
        disputed=-total(LedgerKind.DISPUTE, LedgerKind.DISPUTE_WON),
    )


def _refunds(session: Session, states: Iterable[RefundState], since: datetime | None) -> list[RefundOnItsWay]:
    found = (
        select(Refund, Payment)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.state.in_(tuple(states)))
        .order_by(Refund.created_at)
    )
    if since is not None:
        found = found.where(Refund.updated_at >= since)
    return [RefundOnItsWay(refund, payment) for refund, payment in session.execute(found)]
