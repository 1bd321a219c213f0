"""Refused commands about money."""

import uuid
from dataclasses import dataclass

from consult.core.errors import ConsultError
from consult.core.money import Money


@dataclass(eq=False)
class AlreadyPaid(ConsultError):
    """The booking's money is here; another checkout would take it twice."""

    booking_id: uuid.UUID


@dataclass(eq=False)
class ForeignSnapshot(ConsultError):
    """A snapshot of something that is not the payment or refund it was brought for."""

    expected: str
    found: str


@dataclass(eq=False)
class RefundTooLarge(ConsultError):
    asked: Money
    left: Money


@dataclass(eq=False)
class RefundAlreadyRequested(ConsultError):
    """A refund for this reason exists with another amount."""

    refund_id: uuid.UUID
    amount: Money


@dataclass(eq=False)
class CheckoutUnavailable(ConsultError):
    """The gateway gave no usable answer; the payment stands as it stood, and trying again later is safe."""

    payment_id: uuid.UUID


@dataclass(eq=False)
class CheckoutRefused(ConsultError):
    """The gateway will never open this checkout; the payment failed, another may be tried."""

    payment_id: uuid.UUID


@dataclass(eq=False)
class RefundDelayed(ConsultError):
    """The gateway gave no usable answer to a refund, for the `attempts`th time; trying again is safe."""

    refund_id: uuid.UUID
    attempts: int


@dataclass(eq=False)
class RefundWasSent(ConsultError):
    """The gateway has taken the refund up, so its money needs no other way."""

    refund_id: uuid.UUID


@dataclass(eq=False)
class RefundBusy(ConsultError):
    """A try to send the refund may be under way; in a few minutes it is known what became of it."""

    refund_id: uuid.UUID


def require_same(expected: str, found: str) -> None:
    """Raises ForeignSnapshot when the gateway speaks of something else."""
    if expected != found:
        raise ForeignSnapshot(expected, found)
