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
from .service import get_payment, is_retired
from .till import Till

CANCELABLE = frozenset({RefundState.REQUESTED, RefundState.FAILED})

CALL_LASTS = timedelta(minutes=3)
"""Longer than any call to send a refund takes; what it did is known to the gateway's list by then."""


def cancel_refund(till: Till, refund_id: uuid.UUID, note: str, now: datetime) -> None:
    """The patient got the money of a requested or failed refund in another way, as `note` tells in up to 300
    characters. The ledger stays as it is, since nothing moved at the gateway. Canceled twice, the first
    stands.

    The gateway is asked first, unless it is play money of one no longer in use. Raises RefundWasSent (and
    what the gateway says is recorded), RefundBusy, RefundDelayed when it does not answer, RefundTooLarge when
    the money is gone already, by another refund or by one made in the gateway's dashboard, NotFound.
    """
    with till.transaction():
        refund = get_refund(till.session, refund_id)
        if refund.state is RefundState.CANCELED:
            return
        _require_idle(refund, now)
        if is_retired(get_payment(till.session, refund.payment_id), till.gateway):
            _cancel(till, refund, note, now)
            return
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
        refund = get_refund(till.session, refund_id)
        _require_unchanged(refund, order)
        _cancel(till, refund, note, now)


def _require_idle(refund: Refund, now: datetime) -> None:
    if refund.state not in CANCELABLE:
        raise RefundWasSent(refund.id)
    tried = refund.state is RefundState.REQUESTED and refund.attempts > 0
    if tried and now < refund.updated_at + CALL_LASTS:
        raise RefundBusy(refund.id)


def _require_unchanged(refund: Refund, order: RefundOrder) -> None:
    """Raises RefundWasSent or RefundBusy when somebody else went on with it during the call."""
    if refund.state not in CANCELABLE:
        raise RefundWasSent(refund.id)
    if refund.attempts != order.attempts:
        raise RefundBusy(refund.id)


def _cancel(till: Till, refund: Refund, note: str, now: datetime) -> None:
    _require_left(till, refund)
    key = refund_key(AlertKind.PAID_OUTSIDE, refund.id)
    raise_alert(till.session, key, AlertKind.PAID_OUTSIDE, now, payment_id=refund.payment_id)
    for kind in (AlertKind.REFUND_STUCK, AlertKind.REFUND_FAILED, AlertKind.PAID_OUTSIDE):
        alert = find_alert(till.session, refund_key(kind, refund.id))
        if alert is not None:
            settle(till.session, alert.id, note, now)
    till.tell(move_refund(till.session, refund, RefundState.CANCELED, now), now)


def _require_left(till: Till, refund: Refund) -> None:
    """What went back by itself is not entered a second time. A requested refund is no longer in what is left,
    a failed one is again.
    """
    left = refundable(till.session, get_payment(till.session, refund.payment_id))
    if refund.state is RefundState.REQUESTED:
        left += refund.amount
    if (left - refund.amount).minor < 0:
        raise RefundTooLarge(refund.amount, left)
