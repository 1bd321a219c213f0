"""Tables: promotion_code, promotion_redemption, session_pack, pack_purchase, pack_redemption."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from consult.db.base import Base, Identified
from consult.db.types import UTCDateTime

_NOT_RETURNED = text("returned_at IS NULL")


class PromotionCode(Identified, Base):
    """A code that lowers the price of a session: by a percentage, or by an amount in one currency.

    `code` is kept in capitals. `max_redemptions` None is without limit; validity is half-open, None is open.
    """

    __tablename__ = "promotion_code"
    __table_args__ = (
        CheckConstraint("(percent_off IS NULL) <> (amount_off_minor IS NULL)", name="kind"),
        CheckConstraint("percent_off BETWEEN 1 AND 100", name="percent_off"),
        CheckConstraint("amount_off_minor > 0", name="amount_off_minor"),
        CheckConstraint("max_redemptions > 0", name="max_redemptions"),
    )

    code: Mapped[str] = mapped_column(String(40), unique=True)
    percent_off: Mapped[int | None]
    amount_off_minor: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    valid_from_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    valid_until_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    max_redemptions: Mapped[int | None]
    active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class PromotionRedemption(Identified, Base):
    """One use of a code, kept for one booking from when it was typed in; gone when that comes to nothing."""

    __tablename__ = "promotion_redemption"

    promotion_code_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("promotion_code.id"), index=True)
    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), unique=True)
    discount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    redeemed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SessionPack(Identified, Base):
    """Several sessions of one type on offer at one price."""

    __tablename__ = "session_pack"
    __table_args__ = (
        CheckConstraint("sessions > 1", name="sessions"),
        CheckConstraint("price_minor > 0", name="price_minor"),
    )

    session_type_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("session_type.id"), index=True)
    sessions: Mapped[int]
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class PackPurchase(Identified, Base):
    """A pack somebody has paid for, as it was on offer then. Whoever has its code may use it.

    `ended_at` when its money went back.
    """

    __tablename__ = "pack_purchase"
    __table_args__ = (CheckConstraint("sessions > 1", name="sessions"),)

    session_pack_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("session_pack.id"))
    session_type_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("session_type.id"))
    payment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("payment.id"), unique=True)
    sessions: Mapped[int]
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    code_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    bought_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PackRedemption(Identified, Base):
    """A session of a pack, kept for a booking from when its code was typed in; gone when that comes to
    nothing. `returned_at` when the visit was cancelled in time.
    """

    __tablename__ = "pack_redemption"
    __table_args__ = (
        Index(
            "uq_pack_redemption_booking_id",
            "booking_id",
            unique=True,
            sqlite_where=_NOT_RETURNED,
            postgresql_where=_NOT_RETURNED,
        ),
    )

    pack_purchase_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pack_purchase.id"), index=True)
    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"))
    redeemed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    returned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
