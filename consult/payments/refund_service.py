"""Refunds as rows: asked for in the transaction of the reason, sent by `refund_calls.run_refund` after it."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.money import Money

from .asking import REFUND_LATEST, wait_since
from .errors import RefundAlreadyRequested, RefundTooLarge, require_same
from .gateway import RefundSnapshot
from .ledger import is_posted, post_once, refundable
from .lifecycle import REFUND_MOVES, RefundState
from .models import LedgerKind, Payment, Refund
from .outcomes import NothingNew, RefundedTwice, RefundMoved
from .refunds import sent_from
from .service import get_payment

MAX_ATTEMPTS = 5
"""Tries of a refund before a person has to look; the waits between them grow from 4 minutes to 4 hours."""

_LONGEST_WAIT = timedelta(days=1)
"""Between tries after those: once the gateway answers again, or a key is put right, the money goes."""


def request_refund(
    session: Session, payment_id: uuid.UUID, amount: Money, reason: str, now: datetime
) -> Refund:
    """Note that money is to go back; `refund_calls.run_refund` sends it. Asked twice, it is the same refund.

    `amount` must be positive and in the currency charged (ValueError). Raises RefundTooLarge beyond what is
    left of the payment, RefundAlreadyRequested when the reason was used for another amount, NotFound.
    """
    if amount.minor <= 0:
        raise ValueError(f"a refund needs a positive amount, not {amount}")
    payment = get_payment(session, payment_id)
    earlier = session.scalar(select(Refund).where(Refund.payment_id == payment_id, Refund.reason == reason))
    if earlier is not None:
        if earlier.amount != amount:
            raise RefundAlreadyRequested(earlier.id, earlier.amount)
        return earlier
    left = refundable(session, payment)
    if (left - amount).minor < 0:
        raise RefundTooLarge(amount, left)
    refund_id = uuid.uuid4()
    refund = Refund(
        id=refund_id,
        payment_id=payment_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        reason=reason,
        state=RefundState.REQUESTED,
        idempotency_key=f"refund-{refund_id}",
        created_at=now,
        updated_at=now,
    )
    session.add(refund)
    session.flush()
    return refund


def refund_booking(
    session: Session, booking_id: uuid.UUID, amount: Money, reason: str, now: datetime
) -> Money:
    """Request `amount` back out of what is left of the booking's payments; how much that came to.

    What was given back for another reason before is not given back again. Raises RefundAlreadyRequested.
    """
    rest = amount
    # Locked before it is reckoned with: another refund may be on its way into the ledger. One with nothing
    # left may just be turning paid, by somebody who has its lock and waits for the booking's.
    charged = [it.id for it in _payments(session, booking_id) if refundable(session, it).minor > 0]
    for payment in [get_payment(session, payment_id) for payment_id in charged]:
        left = refundable(session, payment)
        if left.currency == rest.currency and min(left.minor, rest.minor) > 0:
            part = Money(min(left.minor, rest.minor), rest.currency)
            request_refund(session, payment.id, part, reason, now)
            rest -= part
    return amount - rest


def left_to_refund(session: Session, booking_id: uuid.UUID, currency: str) -> Money:
    """What `refund_booking` could give back at most."""
    lefts = [refundable(session, payment) for payment in _payments(session, booking_id)]
    return Money(sum(left.minor for left in lefts if left.currency == currency and left.minor > 0), currency)


def withdraw_refund(session: Session, booking_id: uuid.UUID, reason: str) -> bool:
    """Take back what was requested for this reason, as if it had never been; False, and nothing changes, once
    the gateway may have heard of it.
    """
    refunds = list(
        session.scalars(
            select(Refund)
            .where(Refund.payment_id.in_(_ids(booking_id)), Refund.reason == reason)
            .with_for_update()
        )
    )
    if any(refund.state is not RefundState.REQUESTED or refund.attempts for refund in refunds):
        return False
    for refund in refunds:
        session.delete(refund)
    session.flush()
    return True


def get_refund(session: Session, refund_id: uuid.UUID) -> Refund:
    """The refund, locked until the transaction ends. Raises NotFound.

    Its payment is locked first, as everywhere: an event about it may come while its own answer is recorded.
    """
    found = session.get(Refund, refund_id)
    if found is None:
        raise NotFound
    get_payment(session, found.payment_id)
    session.refresh(found, with_for_update=True)
    return found


def record_refund(
    session: Session, refund_id: uuid.UUID, snapshot: RefundSnapshot, now: datetime
) -> RefundMoved | RefundedTwice | NothingNew:
    """Bring a refund up to what the gateway says; idempotent.

    The money is gone from when the gateway takes the refund up, and comes back when the refund fails. Raises
    NotFound, and ForeignSnapshot for a snapshot of another refund.
    """
    refund = get_refund(session, refund_id)
    require_same(str(refund.id), snapshot.our_refund_ref or "")
    require_same(refund.gateway_refund_id or snapshot.refund_id, snapshot.refund_id)
    refund.gateway_refund_id = snapshot.refund_id
    to = REFUND_MOVES[refund.state, snapshot.status]
    if to is RefundState.CANCELED:
        left = _post_refund(session, refund, RefundState(snapshot.status), snapshot, now)
        return RefundedTwice(refund.id, refund.payment_id, snapshot.refund_id) if left else NothingNew()
    _post_refund(session, refund, to, snapshot, now)
    return move_refund(session, refund, to, now)


def record_refund_refusal(session: Session, refund_id: uuid.UUID, now: datetime) -> RefundMoved | NothingNew:
    """The gateway refused to send the money. A refund that it had taken up otherwise is left alone."""
    refund = get_refund(session, refund_id)
    to = RefundState.FAILED if refund.state is RefundState.REQUESTED else refund.state
    return move_refund(session, refund, to, now)


def refunds_to_run(session: Session, gateway: str, now: datetime) -> list[uuid.UUID]:
    """Refunds of a gateway to send or to ask about, oldest first; each try puts the next one off, and one
    that may still be taken back waits (`refunds.sent_from`).
    """
    waiting = (
        select(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.gateway == gateway, Refund.state.in_((RefundState.REQUESTED, RefundState.PENDING)))
        .order_by(Refund.created_at)
    )
    return [refund.id for refund in session.scalars(waiting) if _is_due(refund, now)]


def stuck_refunds(session: Session, gateway: str) -> list[Refund]:
    """Refunds of a gateway that were tried so often in vain that a person has to know, oldest first."""
    stuck = (
        select(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.gateway == gateway)
        .where(Refund.state == RefundState.REQUESTED, Refund.attempts >= MAX_ATTEMPTS)
    )
    return list(session.scalars(stuck.order_by(Refund.created_at)))


def _payments(session: Session, booking_id: uuid.UUID) -> list[Payment]:
    query = select(Payment).where(Payment.booking_id == booking_id).order_by(Payment.created_at)
    return list(session.scalars(query))


def _ids(booking_id: uuid.UUID) -> Select[uuid.UUID]:
    return select(Payment.id).where(Payment.booking_id == booking_id)


def _is_due(refund: Refund, now: datetime) -> bool:
    if refund.state is RefundState.PENDING:
        return now >= refund.updated_at + wait_since(refund.created_at, refund.updated_at, REFUND_LATEST)
    due_at = sent_from(refund.reason, refund.created_at)
    if refund.attempts:
        wait = min(timedelta(minutes=4 ** min(refund.attempts, 6)), _LONGEST_WAIT)
        due_at = max(due_at, refund.updated_at + wait)
    return now >= due_at


def _post_refund(
    session: Session, refund: Refund, to: RefundState, snapshot: RefundSnapshot, now: datetime
) -> bool:
    """Whether money left that had not before."""
    payment_id, ref = refund.payment_id, snapshot.refund_id
    if to in (RefundState.PENDING, RefundState.SUCCEEDED):
        return post_once(session, payment_id, LedgerKind.REFUND, -snapshot.amount, ref, now)
    if to is RefundState.FAILED and is_posted(session, LedgerKind.REFUND, ref):
        post_once(session, payment_id, LedgerKind.REFUND_FAILED, snapshot.amount, ref, now)
    return False


def move_refund(session: Session, refund: Refund, to: RefundState, now: datetime) -> RefundMoved | NothingNew:
    """Move a locked refund; what the booking is to be told."""
    if refund.state is to:
        return NothingNew()
    refund.state = to
    refund.updated_at = now
    return RefundMoved(refund.id, refund.payment_id, get_payment(session, refund.payment_id).booking_id, to)
