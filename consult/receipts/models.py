"""Tables: receipt, receipt_series."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from consult.db.base import Base, Identified
from consult.db.types import UTCDateTime


class ReceiptSeries(Base):
    """The last number given in a series; its row is the lock that keeps numbers without gaps."""

    __tablename__ = "receipt_series"

    series: Mapped[str] = mapped_column(String(20), primary_key=True)
    last_number: Mapped[int]


class Receipt(Identified, Base):
    """A receipt for money that came, or a credit note for money that went back.

    One for each ledger entry at most. Everything written on it is kept, sealed, as it was when it was issued:
    it names the payer, and what the practice is called changes.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("series", "number"),
        CheckConstraint("number > 0", name="number"),
    )

    series: Mapped[str] = mapped_column(String(20))
    number: Mapped[int]
    ledger_entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    facts_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime)
