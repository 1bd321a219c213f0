"""Refunds that the therapist paid back in another way: no later try may send them again."""

import uuid
from datetime import datetime, timedelta

from .alerts import AlertKind, find_alert, raise_alert, refund_key, settle
from .errors import RefundBusy, RefundDelayed, RefundTooLarge, RefundWasSent
from .gateway import GatewayDown, RefundStatus
from .ledger import refundable
from .lifecycle import RefundState
from .models import Refund
from .refund_calls import RefundOrder, begin_call, find_known
from .refund_service import get_refund, move_refund, record_refund
from .service import get_payment
from .till import Till

CANCELABLE = frozenset({RefundState.REQUESTED, RefundState.FAILED})

CALL_LASTS = timedelta(minutes=3)
"""Longer than any call to send a refund takes; what it did is known to the gateway's list by then."""


def cancel_refund(till: Till, refund_id: uuid.UUID, note: str, now: datetime) -> None:
    """The patient got the money of a requested or failed refund in another way, as `note` tells in up to 300
    characters. The ledger stays as it is, since nothing moved at the gateway. Canceled twice, the first
    stands.

    The gateway is asked first. Raises RefundWasSent (and what the gateway says is recorded), RefundBusy,
    RefundDelayed when it does not answer, RefundTooLarge when another refund has taken a failed one's place,
    NotFound.
    """
    with till.transaction():
        refund = get_refund(till.session, refund_id)
        if refund.state is RefundState.CANCELED:
            return
        _require_idle(till, refund, now)
        order = begin_call(till, refund, now)
    try:
        known = find_known(till.gateway, order)
    except GatewayDown as error:
        raise RefundDelayed(refund_id, order.attempts) from error
    if known is not None and known.status is not RefundStatus.FAILED:
        with till.taking_in(f"refund-{refund_id}", order.payment_id, now):
            till.tell(record_refund(till.session, refund_id, known, now), now)
        raise RefundWasSent(refund_id)
    with till.transaction():
        _cancel(till, refund_id, order, note, now)


def _require_idle(till: Till, refund: Refund, now: datetime) -> None:
    if refund.state not in CANCELABLE:
        raise RefundWasSent(refund.id)
    if refund.state is RefundState.REQUESTED:
        if refund.attempts and now < refund.updated_at + CALL_LASTS:
            raise RefundBusy(refund.id)
        return
    left = refundable(till.session, get_payment(till.session, refund.payment_id))
    if (left - refund.amount).minor < 0:
        raise RefundTooLarge(refund.amount, left)


def _cancel(till: Till, refund_id: uuid.UUID, order: RefundOrder, note: str, now: datetime) -> None:
    """Raises RefundWasSent or RefundBusy when somebody else went on with it during the call."""
    refund = get_refund(till.session, refund_id)
    if refund.state not in CANCELABLE:
        raise RefundWasSent(refund_id)
    if refund.attempts != order.attempts:
        raise RefundBusy(refund_id)
    raise_alert(
        till.session,
        refund_key(AlertKind.PAID_OUTSIDE, refund_id),
        AlertKind.PAID_OUTSIDE,
        now,
        payment_id=order.payment_id,
    )
    for kind in (AlertKind.REFUND_STUCK, AlertKind.REFUND_FAILED, AlertKind.PAID_OUTSIDE):
        alert = find_alert(till.session, refund_key(kind, refund_id))
        if alert is not None:
            settle(till.session, alert.id, note, now)
    till.tell(move_refund(till.session, refund, RefundState.CANCELED, now), now)
