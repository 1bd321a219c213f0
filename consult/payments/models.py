"""Tables: payment, refund, ledger_entry, money_alert, gateway_event, reconciliation; and what the demo
gateway remembers.
"""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Enum, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.money import Money
from consult.db.base import Base, Identified
from consult.db.types import UTCDateTime

from .gateway import CheckoutStatus, RefundStatus
from .lifecycle import LIVE, PaymentState, RefundState


class LedgerKind(StrEnum):
    CHARGE = "charge"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"


def _words(kind: type[StrEnum]) -> Enum:
    """A column of an enum's values as plain text, so that a new word needs no migration of a native type."""
    return Enum(
        kind, native_enum=False, length=20, values_callable=lambda words: [word.value for word in words]
    )


_IS_LIVE = text(f"state IN ({', '.join(repr(state.value) for state in sorted(LIVE))})")
_IS_CHARGE = text(f"kind = '{LedgerKind.CHARGE.value}'")


class Payment(Identified, Base):
    """One attempt to be paid for a booking, stored with its frozen request before the gateway hears of it.

    A purged booking takes its payments along; once money has moved, the ledger forbids the purge.
    """

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        Index(
            "uq_payment_live_booking_id",
            "booking_id",
            unique=True,
            sqlite_where=_IS_LIVE,
            postgresql_where=_IS_LIVE,
        ),
    )

    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), index=True)
    gateway: Mapped[str] = mapped_column(String(20))
    livemode: Mapped[bool]
    state: Mapped[PaymentState] = mapped_column(_words(PaymentState), index=True)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    idempotency_key: Mapped[str] = mapped_column(String(80), unique=True)
    checkout_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    gateway_payment_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    url: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    next_ask_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class Refund(Identified, Base):
    """Money to send back; at most once for each reason, so that a repeated command pays nothing twice."""

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        UniqueConstraint("payment_id", "reason"),
    )

    payment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("payment.id"))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(40))
    state: Mapped[RefundState] = mapped_column(_words(RefundState), index=True)
    gateway_refund_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    idempotency_key: Mapped[str] = mapped_column(String(80), unique=True)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class LedgerEntry(Identified, Base):
    """What moved at the gateway, signed from the practice's side. Entries are added, never changed."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("kind", "gateway_ref"),
        Index(
            "uq_ledger_entry_charge_payment_id",
            "payment_id",
            unique=True,
            sqlite_where=_IS_CHARGE,
            postgresql_where=_IS_CHARGE,
        ),
    )

    payment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("payment.id"), index=True)
    kind: Mapped[LedgerKind] = mapped_column(_words(LedgerKind))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    gateway_ref: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class MoneyAlert(Identified, Base):
    """Something about money that only a person can settle. `key` names the fact, so it is raised once."""

    __tablename__ = "money_alert"

    key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    payment_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("payment.id", ondelete="CASCADE"), index=True
    )
    gateway_ref: Mapped[str | None] = mapped_column(String(255))
    raised_at: Mapped[datetime] = mapped_column(UTCDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    settled_note: Mapped[str | None] = mapped_column(String(300))


class Reconciliation(Identified, Base):
    """One comparison of our payments with what the gateway has; `events_until_at` is how far it has read."""

    __tablename__ = "reconciliation"

    gateway: Mapped[str] = mapped_column(String(20), index=True)
    livemode: Mapped[bool]
    began_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    events_until_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    checkouts_seen: Mapped[int] = mapped_column(default=0)
    news: Mapped[int] = mapped_column(default=0)


class ReceivedEvent(Base):
    """A webhook that arrived: ids only, its payload is never kept."""

    __tablename__ = "gateway_event"

    gateway: Mapped[str] = mapped_column(String(20), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    type: Mapped[str] = mapped_column(String(80))
    object_id: Mapped[str] = mapped_column(String(255))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    processed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class DemoCheckout(Base):
    """The demo gateway's own memory; nothing else reads it, and no key ties it to our rows."""

    __tablename__ = "demo_checkout"

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[CheckoutStatus] = mapped_column(_words(CheckoutStatus))
    gateway_payment_id: Mapped[str | None] = mapped_column(String(60), unique=True)
    declines: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class DemoRefund(Base):
    """A refund at the demo gateway."""

    __tablename__ = "demo_refund"

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    gateway_payment_id: Mapped[str] = mapped_column(String(60), index=True)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    refund_ref: Mapped[str] = mapped_column(String(60))
    status: Mapped[RefundStatus] = mapped_column(_words(RefundStatus))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
