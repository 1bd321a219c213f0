"""Our payments held against the gateway's own lists, once a day: what no webhook told, what is paid there and
unknown here, and whether the ledger says of each payment what the gateway holds.
"""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.core.money import Money

from .alerts import AlertKind, find_alert, settle_itself
from .errors import CheckoutUnavailable
from .gateway import CheckoutStatus, GatewayDown, GatewayRefused, ListedCheckout, Snapshot
from .gateway_events import receive, sync_money_back
from .ledger import is_posted, kept
from .lifecycle import LIVE
from .models import LedgerKind, Payment, Reconciliation
from .outcomes import NothingNew
from .refund_calls import tell_of_stuck_refunds
from .reports import last_reconciliation
from .service import find_payment_by_checkout, get_payment
from .till import Till, look_again

EVERY = timedelta(days=1)
AGAIN_AFTER = timedelta(hours=1)
"""After a run that did not get to its end."""

ALARM_AFTER = timedelta(days=3)
"""Without a run that got to its end a person has to know."""

LOOKS_BACK = timedelta(days=30)
"""Payments opened since then are held against the gateway's; its list of events reaches back as far
(docs.stripe.com/api/events). What happens to an older payment is told by an event.
"""

_OVERLAP = timedelta(hours=1)
"""Events are read again this far back: the list may be behind. One that was dealt with is not looked at."""

_log = logging.getLogger("consult.payments")


@dataclass
class Report:
    """`news` is what nobody had told us; `unanswered` what the gateway would not answer, and `undigested`
    what we failed to take in.
    """

    checkouts: int = 0
    missed_events: int = 0
    news: int = 0
    unanswered: int = 0
    undigested: int = 0


@dataclass(frozen=True, slots=True)
class _Facts:
    """A payment's, copied out so that no transaction stays open during a call."""

    payment_id: uuid.UUID
    is_settled: bool
    kept: Money


def is_due(session: Session, gateway: str, livemode: bool, now: datetime) -> bool:
    """A day after the last run began, an hour after one that broke off; never without any payment."""
    own = select(Reconciliation).where(Reconciliation.gateway == gateway, Reconciliation.livemode == livemode)
    last = session.scalar(own.order_by(Reconciliation.began_at.desc()).limit(1))
    if last is not None:
        return now >= last.began_at + (EVERY if last.finished_at else AGAIN_AFTER)
    first = _first_payment_at(session, gateway, livemode)
    return first is not None and now >= first + EVERY


def tell_of_silence(till: Till, now: datetime) -> None:
    """An alert once no run has got to its end for `ALARM_AFTER`, or none ever since the first payment; the
    next one that does settles it.
    """
    name, livemode = till.gateway.name, till.gateway.livemode
    last = last_reconciliation(till.session, name, livemode)
    since = last.finished_at if last else _first_payment_at(till.session, name, livemode)
    overdue = since is not None and now >= since + ALARM_AFTER
    if overdue and find_alert(till.session, _silence(till)) is None:
        with till.transaction():
            till.alert(_silence(till), AlertKind.UNRECONCILED, now, None)


def reconcile(till: Till, success_url: str, now: datetime) -> Report:
    """Hold everything against the gateway. `success_url` is where our checkouts lead their payers. What a
    person has to see to becomes an alert.

    Raises GatewayDown or GatewayRefused when a list cannot be had; what it found until then is kept.
    """
    with till.transaction():
        run_id, events_since = _begin(till, now)
    report = Report()
    for event in till.gateway.events(events_since):
        if event.livemode == till.gateway.livemode:
            report.missed_events += bool(_try(report, partial(receive, till, event, now)))
    listed = till.gateway.checkouts(now - LOOKS_BACK, success_url)
    for checkout in listed:
        _try(report, partial(_compare, till, checkout, report, now))
    for payment_id, checkout_id in _unlisted(till, {one.snapshot.checkout_id for one in listed}, now):
        _try(report, partial(_compare_unlisted, till, payment_id, checkout_id, report, now))
    tell_of_stuck_refunds(till, now)
    report.checkouts = len(listed)
    with till.transaction():
        run = till.session.get_one(Reconciliation, run_id)
        run.checkouts_seen, run.news = report.checkouts, report.news + report.missed_events
        if not report.unanswered:
            run.finished_at, run.events_until_at = now, now
            settle_itself(till.session, _silence(till), "It was compared again.", now)
    return report


def _silence(till: Till) -> str:
    return f"unreconciled-{till.gateway.name}-{'live' if till.gateway.livemode else 'test'}"


def _first_payment_at(session: Session, gateway: str, livemode: bool) -> datetime | None:
    own = select(func.min(Payment.created_at)).where(Payment.gateway == gateway, Payment.livemode == livemode)
    return session.scalar(own)


def _begin(till: Till, now: datetime) -> tuple[uuid.UUID, datetime]:
    gateway = till.gateway
    read = select(func.max(Reconciliation.events_until_at)).where(
        Reconciliation.gateway == gateway.name, Reconciliation.livemode == gateway.livemode
    )
    until = till.session.scalar(read)
    run = Reconciliation(gateway=gateway.name, livemode=gateway.livemode, began_at=now)
    till.session.add(run)
    since = max(until - _OVERLAP, now - LOOKS_BACK) if until else now - LOOKS_BACK
    return run.id, since


def _try(report: Report, work: Callable[[], object]) -> object:
    """One payment that cannot be looked at keeps no other from being."""
    try:
        return work()
    except CheckoutUnavailable:
        report.unanswered += 1
    except Exception as error:
        # Its alert was raised where it happened; the message may quote anything.
        _log.error("reconciliation: %s", type(error).__name__)
        report.undigested += 1
    return None


def _compare(till: Till, listed: ListedCheckout, report: Report, now: datetime) -> None:
    snapshot = listed.snapshot
    facts = _facts(till, snapshot)
    if facts is None:
        if snapshot.paid and listed.refunded != snapshot.amount:
            _tell_of_orphan(till, snapshot, now)
        return
    if not facts.is_settled:
        news = look_again(till, facts.payment_id, snapshot.checkout_id, now)
        report.news += not isinstance(news, NothingNew)
        facts = _facts(till, snapshot) or facts
    if snapshot.paid:
        _compare_money(till, listed, facts, report, now)


def _facts(till: Till, snapshot: Snapshot) -> _Facts | None:
    """None for a checkout that no payment of ours belongs to."""
    with till.transaction():
        payment = find_payment_by_checkout(
            till.session, till.gateway.name, snapshot.checkout_id, snapshot.payment_ref
        )
        if payment is None:
            return None
        waits = payment.state in LIVE and snapshot.status is not CheckoutStatus.OPEN
        charged = is_posted(till.session, LedgerKind.CHARGE, snapshot.checkout_id)
        unpaid_here = snapshot.paid and not charged and snapshot.livemode == payment.livemode
        sum_kept = kept(till.session, payment.id, snapshot.amount.currency)
        return _Facts(payment.id, not waits and not unpaid_here, sum_kept)


def _compare_money(till: Till, listed: ListedCheckout, facts: _Facts, report: Report, now: datetime) -> None:
    """The list shows at a glance what went back; only where that is not what we know, more is asked."""
    snapshot, ledger_says = listed.snapshot, facts.kept
    held = snapshot.amount - listed.refunded
    if snapshot.gateway_payment_id and (listed.disputed or held != ledger_says):
        gone = sync_money_back(till, facts.payment_id, snapshot.gateway_payment_id, now)
        held = snapshot.amount - Money(gone, snapshot.amount.currency)
        with till.transaction():
            ledger_says = kept(till.session, facts.payment_id, snapshot.amount.currency)
    report.news += ledger_says != facts.kept
    with till.transaction():
        _note_difference(till, facts.payment_id, snapshot.checkout_id, held != ledger_says, now)


def _note_difference(till: Till, payment_id: uuid.UUID, ref: str, differs: bool, now: datetime) -> None:
    key = f"ledger-{payment_id}"
    if differs:
        till.alert(key, AlertKind.LEDGER_DIFFERS, now, payment_id, ref)
    else:
        settle_itself(till.session, key, "The ledger and the gateway agree again.", now)


def _tell_of_orphan(till: Till, snapshot: Snapshot, now: datetime) -> None:
    ref = snapshot.gateway_payment_id or snapshot.checkout_id
    with till.transaction():
        till.alert(f"orphan-{snapshot.checkout_id}", AlertKind.ORPHAN, now, None, ref)


def _unlisted(till: Till, listed: set[str], now: datetime) -> list[tuple[uuid.UUID, str]]:
    """Payments of ours that the list should have shown: money is said to be there, or may still come."""
    own = select(Payment.id, Payment.checkout_id).where(
        Payment.gateway == till.gateway.name,
        Payment.livemode == till.gateway.livemode,
        Payment.created_at >= now - LOOKS_BACK,
        Payment.checkout_id.is_not(None),
    )
    with till.transaction():
        return [(id_, known) for id_, known in till.session.execute(own) if known and known not in listed]


def _compare_unlisted(
    till: Till, payment_id: uuid.UUID, checkout_id: str, report: Report, now: datetime
) -> None:
    """As after the practice's address has changed; one that the gateway does not know at all is told of."""
    try:
        snapshot = till.gateway.fetch(checkout_id)
    except GatewayDown as error:
        raise CheckoutUnavailable(payment_id) from error
    except GatewayRefused:
        with till.transaction():
            payment = get_payment(till.session, payment_id)
            holds = kept(till.session, payment_id, payment.currency).minor != 0
            if holds:
                _note_difference(till, payment_id, checkout_id, True, now)
        return
    nothing = Money(0, snapshot.amount.currency)
    _compare(till, ListedCheckout(snapshot, refunded=nothing, disputed=snapshot.paid), report, now)
