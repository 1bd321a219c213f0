"""What a snapshot changed, as values: the booking reacts to them in the same transaction."""

import uuid
from dataclasses import dataclass

from consult.core.money import Money

from .alerts import AlertRaised
from .lifecycle import Discrepancy, RefundState


@dataclass(frozen=True, slots=True)
class NothingNew:
    """The snapshot told what was known."""


@dataclass(frozen=True, slots=True)
class Opened:
    payment_id: uuid.UUID
    booking_id: uuid.UUID
    url: str | None


@dataclass(frozen=True, slots=True)
class Processing:
    payment_id: uuid.UUID
    booking_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Paid:
    """Told once for each payment, also for one that had been given up: money always needs an answer."""

    payment_id: uuid.UUID
    booking_id: uuid.UUID
    amount: Money


@dataclass(frozen=True, slots=True)
class Expired:
    payment_id: uuid.UUID
    booking_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class BankRefused:
    """Completed by the patient, perhaps days ago; now their bank has said that it sends nothing."""

    payment_id: uuid.UUID
    booking_id: uuid.UUID
    amount: Money


@dataclass(frozen=True, slots=True)
class Failed:
    payment_id: uuid.UUID
    booking_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class NeedsReview:
    """`charged` when money was taken, and staff may refund it."""

    payment_id: uuid.UUID
    booking_id: uuid.UUID
    discrepancy: Discrepancy
    charged: Money | None


Applied = NothingNew | Opened | Processing | Paid | Expired | BankRefused | Failed | NeedsReview


@dataclass(frozen=True, slots=True)
class RefundMoved:
    refund_id: uuid.UUID
    payment_id: uuid.UUID
    booking_id: uuid.UUID
    state: RefundState


@dataclass(frozen=True, slots=True)
class RefundedTwice:
    """The gateway sent a refund that had been paid back in another way."""

    refund_id: uuid.UUID
    payment_id: uuid.UUID
    gateway_refund_id: str


News = Applied | RefundMoved | RefundedTwice | AlertRaised
"""All that the booking is told."""
