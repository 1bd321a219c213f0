"""What a gateway's event makes us look at again. It is a trigger only: what it names is fetched, so they may
come late, twice, out of order, or never.
"""

import logging
import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from .alerts import AlertKind, refund_key
from .errors import CheckoutUnavailable, ForeignSnapshot
from .gateway import DisputeSnapshot, GatewayDown, GatewayEvent, GatewayRefused, RefundSnapshot, RefundStatus
from .ledger import is_posted, post_once
from .models import LedgerKind, Payment, Refund
from .outcomes import NothingNew, RefundedTwice, RefundMoved
from .refund_service import record_refund
from .service import event_processed, find_payment_by_checkout, get_payment, record_event
from .till import Till, look_again, sync

_log = logging.getLogger("consult.payments")


def receive(till: Till, event: GatewayEvent, now: datetime) -> bool:
    """Look again at the payment an event is about, until that succeeded once for this event's id; whether it
    was due. One about nothing of ours is let go.

    Raises CheckoutUnavailable when the gateway cannot be asked: then the event is to be sent again.
    """
    with till.transaction():
        payment_id = _find_payment(till.session, till.gateway.name, event)
        if payment_id is None:
            return False
        is_due = record_event(
            till.session, till.gateway.name, event.event_id, event.type, event.object_id, now
        )
    if not is_due:
        return False
    try:
        _look(till, payment_id, event, now)
    except ForeignSnapshot as error:
        _log.error("%s is not the checkout of payment %s", error.found, payment_id)
    with till.transaction():
        event_processed(till.session, till.gateway.name, event.event_id, now)
    return True


def sync_money_back(till: Till, payment_id: uuid.UUID, gateway_payment_id: str, now: datetime) -> int:
    """Bring the ledger up to every refund and dispute of a payment, also those that were made elsewhere; how
    much of it the gateway no longer holds for us, in minor units.

    Raises CheckoutUnavailable, NotFound.
    """
    try:
        refunds = till.gateway.refunds(gateway_payment_id)
        disputes = till.gateway.disputes(gateway_payment_id)
    except (GatewayDown, GatewayRefused) as error:
        raise CheckoutUnavailable(payment_id) from error
    with till.taking_in(f"money-back-{payment_id}", payment_id, now):
        payment = get_payment(till.session, payment_id)
        for refund in refunds:
            till.tell(_record_refund(till, payment, refund, now), now)
        for dispute in disputes:
            _record_dispute(till, payment, dispute, now)
    sent = sum(refund.amount.minor for refund in refunds if refund.status is not RefundStatus.FAILED)
    contested = [dispute for dispute in disputes if dispute.withdrawn and not dispute.reinstated]
    return sent + sum(dispute.amount.minor for dispute in contested)


def _look(till: Till, payment_id: uuid.UUID, event: GatewayEvent, now: datetime) -> None:
    if event.checkout_id is not None:
        look_again(till, payment_id, event.checkout_id, now)
        return
    # The first news of a payment may be that it went back; the charge is to be in the ledger before.
    sync(till, payment_id, now)
    if event.gateway_payment_id is not None:
        sync_money_back(till, payment_id, event.gateway_payment_id, now)


def _find_payment(session: Session, gateway: str, event: GatewayEvent) -> uuid.UUID | None:
    """None for what some other application on the same account does."""
    if event.checkout_id is not None:
        payment = find_payment_by_checkout(session, gateway, event.checkout_id, event.payment_ref or "")
        return payment.id if payment else None
    own = select(Payment.id).where(Payment.gateway == gateway)
    known = session.scalar(own.where(Payment.gateway_payment_id == event.gateway_payment_id))
    if known is not None:
        return known
    try:
        payment_id = uuid.UUID(event.payment_ref or "")
    except ValueError:
        return None
    return session.scalar(own.where(Payment.id == payment_id))


def _record_refund(
    till: Till, payment: Payment, snapshot: RefundSnapshot, now: datetime
) -> RefundMoved | RefundedTwice | NothingNew:
    session, refund_id = till.session, snapshot.refund_id
    ours = _find_refund(session, payment, snapshot)
    if ours is not None:
        return record_refund(session, ours, snapshot, now)
    if snapshot.status is not RefundStatus.FAILED:
        post_once(session, payment.id, LedgerKind.REFUND, -snapshot.amount, refund_id, now)
        return NothingNew()
    if is_posted(session, LedgerKind.REFUND, refund_id):
        post_once(session, payment.id, LedgerKind.REFUND_FAILED, snapshot.amount, refund_id, now)
    till.alert(
        refund_key(AlertKind.REFUND_FAILED, refund_id), AlertKind.REFUND_FAILED, now, payment.id, refund_id
    )
    return NothingNew()


def _find_refund(session: Session, payment: Payment, snapshot: RefundSnapshot) -> uuid.UUID | None:
    """Our row for it; None for one made in the gateway's dashboard."""
    refunds = session.scalars(select(Refund).where(Refund.payment_id == payment.id))
    return next(
        (
            refund.id
            for refund in refunds
            if str(refund.id) == snapshot.our_refund_ref
            and refund.gateway_refund_id in (None, snapshot.refund_id)
        ),
        None,
    )


def _record_dispute(till: Till, payment: Payment, dispute: DisputeSnapshot, now: datetime) -> None:
    moves = (
        (dispute.withdrawn, LedgerKind.DISPUTE, -dispute.amount, AlertKind.DISPUTE),
        (dispute.reinstated, LedgerKind.DISPUTE_WON, dispute.amount, AlertKind.DISPUTE_WON),
    )
    for happened, kind, amount, alert in moves:
        if happened and post_once(till.session, payment.id, kind, amount, dispute.dispute_id, now):
            till.alert(f"{alert}-{dispute.dispute_id}", alert, now, payment.id, dispute.dispute_id)
