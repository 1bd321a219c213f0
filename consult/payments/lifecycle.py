"""How a payment and a refund move, as tables: (state, what the gateway says) -> state."""

from dataclasses import dataclass
from enum import StrEnum

from consult.core.money import Money

from .gateway import CheckoutStatus, RefundStatus, Snapshot


class PaymentState(StrEnum):
    CREATED = "created"
    """Stored with its frozen request; the gateway may or may not have heard of it."""
    OPEN = "open"
    PROCESSING = "processing"
    """Completed by the patient, money still under way."""
    PAID = "paid"
    EXPIRED = "expired"
    FAILED = "failed"
    """The gateway refused to open a checkout."""
    REVIEW = "review"
    """The gateway's facts are not the ones agreed; only a person may go on."""


LIVE = frozenset({PaymentState.CREATED, PaymentState.OPEN, PaymentState.PROCESSING})
"""States out of which money can still come; at most one such payment per booking."""


class Discrepancy(StrEnum):
    AMOUNT = "amount"
    CURRENCY = "currency"
    LIVEMODE = "livemode"
    UNEXPECTED = "unexpected"
    """Money under way for a payment that was over."""


class Seen(StrEnum):
    """What a snapshot says about money."""

    OPEN = "open"
    UNPAID = "unpaid"
    """Complete, not paid."""
    PAID = "paid"
    EXPIRED = "expired"
    MISMATCH = "mismatch"


_P = PaymentState
# fmt: off
_PAYMENT_ROWS = {
    # seen:         OPEN           UNPAID         PAID      EXPIRED     MISMATCH
    _P.CREATED:    (_P.OPEN,       _P.PROCESSING, _P.PAID,  _P.EXPIRED, _P.REVIEW),
    _P.OPEN:       (_P.OPEN,       _P.PROCESSING, _P.PAID,  _P.EXPIRED, _P.REVIEW),
    _P.PROCESSING: (_P.PROCESSING, _P.PROCESSING, _P.PAID,  _P.EXPIRED, _P.REVIEW),
    _P.PAID:       (_P.PAID,       _P.PAID,       _P.PAID,  _P.PAID,    _P.PAID),
    _P.EXPIRED:    (_P.EXPIRED,    _P.REVIEW,     _P.PAID,  _P.EXPIRED, _P.REVIEW),
    _P.FAILED:     (_P.FAILED,     _P.REVIEW,     _P.PAID,  _P.FAILED,  _P.REVIEW),
    _P.REVIEW:     (_P.REVIEW,     _P.REVIEW,     _P.REVIEW, _P.REVIEW, _P.REVIEW),
}
# fmt: on
PAYMENT_MOVES = {
    (state, seen): to for state, row in _PAYMENT_ROWS.items() for seen, to in zip(Seen, row, strict=True)
}
"""Answers may arrive late and out of order: `paid` outlives every later word, and money that did arrive
counts even for a payment that was given up.
"""


class RefundState(StrEnum):
    REQUESTED = "requested"
    """Stored; the gateway may or may not have heard of it."""
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Refused by the gateway, or sent back by the bank, which may happen days after it succeeded."""
    CANCELED = "canceled"
    """Paid back in another way: no try will send it. Should the gateway have done so nevertheless, the ledger
    says so, and an alert does.
    """


_R = RefundState
# fmt: off
_REFUND_ROWS = {
    # status:       PENDING       SUCCEEDED     FAILED
    _R.REQUESTED: (_R.PENDING,   _R.SUCCEEDED, _R.FAILED),
    _R.PENDING:   (_R.PENDING,   _R.SUCCEEDED, _R.FAILED),
    _R.SUCCEEDED: (_R.SUCCEEDED, _R.SUCCEEDED, _R.FAILED),
    _R.FAILED:    (_R.FAILED,    _R.FAILED,    _R.FAILED),
    _R.CANCELED:  (_R.CANCELED,  _R.CANCELED,  _R.CANCELED),
}
# fmt: on
REFUND_MOVES = {
    (state, status): to
    for state, row in _REFUND_ROWS.items()
    for status, to in zip(RefundStatus, row, strict=True)
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a payment stands after a snapshot, and what the gateway charged, which the ledger must know."""

    state: PaymentState
    charge: Money | None
    discrepancy: Discrepancy | None


def decide(state: PaymentState, snapshot: Snapshot, expected: Money, livemode: bool) -> Decision:
    """What a snapshot means for a payment in `state` that was agreed at `expected`.

    A wrong amount that was really paid is still a charge, so that it can be refunded; a payment of the wrong
    mode is none, since it moved no money of this installation.
    """
    mismatch = _mismatch(snapshot, expected, livemode)
    seen = Seen.MISMATCH if mismatch else _seen(snapshot)
    to = PAYMENT_MOVES[state, seen]
    charge = snapshot.amount if snapshot.paid and snapshot.livemode == livemode else None
    discrepancy = (mismatch or Discrepancy.UNEXPECTED) if to is PaymentState.REVIEW else None
    return Decision(to, charge, discrepancy)


def _seen(snapshot: Snapshot) -> Seen:
    if snapshot.paid:
        return Seen.PAID
    return {
        CheckoutStatus.OPEN: Seen.OPEN,
        CheckoutStatus.COMPLETE: Seen.UNPAID,
        CheckoutStatus.EXPIRED: Seen.EXPIRED,
    }[snapshot.status]


def _mismatch(snapshot: Snapshot, expected: Money, livemode: bool) -> Discrepancy | None:
    if snapshot.livemode != livemode:
        return Discrepancy.LIVEMODE
    if snapshot.amount.currency != expected.currency:
        return Discrepancy.CURRENCY
    return Discrepancy.AMOUNT if snapshot.amount.minor != expected.minor else None
