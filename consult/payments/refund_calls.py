"""Calls to the gateway about refunds, each between two transactions as in `till`."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from consult.core.money import Money

from .alerts import AlertKind, find_alert, refund_key
from .errors import RefundDelayed
from .gateway import Gateway, GatewayDown, GatewayRefused, RefundSnapshot
from .lifecycle import RefundState
from .models import Refund
from .outcomes import NothingNew, RefundedTwice, RefundMoved
from .refund_service import get_refund, record_refund, record_refund_refusal, stuck_refunds
from .service import get_payment, is_retired
from .till import Till


def run_refund(till: Till, refund_id: uuid.UUID, now: datetime) -> RefundMoved | RefundedTwice | NothingNew:
    """Send a requested refund, or ask what became of a pending one.

    The gateway's list is read first: it still knows a refund whose answer was lost after the key was
    forgotten. Raises RefundDelayed, NotFound.
    """
    with till.transaction():
        refund = get_refund(till.session, refund_id)
        if refund.state not in (RefundState.REQUESTED, RefundState.PENDING):
            return NothingNew()
        order = begin_call(till, refund, now)
    try:
        snapshot = _send(till.gateway, order)
    except GatewayDown as error:
        raise RefundDelayed(refund_id, order.attempts) from error
    with till.taking_in(f"refund-{refund_id}", order.payment_id, now):
        moved = (
            record_refund(till.session, refund_id, snapshot, now)
            if snapshot is not None
            else record_refund_refusal(till.session, refund_id, now)
        )
        till.tell(moved, now)
    return moved


def tell_of_stuck_refunds(till: Till, now: datetime) -> None:
    """An alert for each refund that was tried too often in vain."""
    known = [
        refund
        for refund in stuck_refunds(till.session, till.gateway.name)
        if find_alert(till.session, refund_key(AlertKind.REFUND_STUCK, refund.id)) is None
    ]
    for refund_id, payment_id in [(refund.id, refund.payment_id) for refund in known]:
        with till.transaction():
            till.alert(refund_key(AlertKind.REFUND_STUCK, refund_id), AlertKind.REFUND_STUCK, now, payment_id)


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """A refund's facts, copied out so that no transaction stays open during the call."""

    payment_id: uuid.UUID
    gateway_payment_id: str
    amount: Money
    ref: str
    idempotency_key: str
    attempts: int


def begin_call(till: Till, refund: Refund, now: datetime) -> RefundOrder:
    """In the transaction before the call. It counts before it is made, so one that kills the process does;
    and whoever comes back to the refund can see that nobody else began another meanwhile.

    Raises RefundDelayed for another gateway's, and for one of play money where money is real by now.
    """
    payment = get_payment(till.session, refund.payment_id)
    foreign = payment.gateway != till.gateway.name or is_retired(payment, till.gateway)
    if foreign or payment.gateway_payment_id is None:
        raise RefundDelayed(refund.id, refund.attempts)
    refund.attempts += refund.state is not RefundState.PENDING
    refund.updated_at = now
    return RefundOrder(
        payment.id,
        payment.gateway_payment_id,
        refund.amount,
        str(refund.id),
        refund.idempotency_key,
        refund.attempts,
    )


def find_known(gateway: Gateway, order: RefundOrder) -> RefundSnapshot | None:
    """The refund as the gateway has it; None for one that it never took up. Raises GatewayDown."""
    try:
        known = gateway.refunds(order.gateway_payment_id)
    except GatewayRefused as error:
        raise GatewayDown from error
    return next((snapshot for snapshot in known if snapshot.our_refund_ref == order.ref), None)


def _send(gateway: Gateway, order: RefundOrder) -> RefundSnapshot | None:
    """None when the gateway refuses to send it. Raises GatewayDown when nothing is known."""
    known = find_known(gateway, order)
    if known is not None:
        return known
    try:
        return gateway.refund(order.gateway_payment_id, order.amount, order.ref, order.idempotency_key)
    except GatewayRefused:
        return None
