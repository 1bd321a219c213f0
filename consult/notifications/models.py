"""Table: outbox_message."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from consult.db.base import Base, Identified
from consult.db.types import UTCDateTime


class OutboxMessage(Identified, Base):
    """A mail still to send, or sent. Written in the transaction of the fact it tells of.

    `lease_token` names the worker's present try; `last_error` is the name of an error class, never its text,
    which may hold an address.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (Index(None, "status", "due_at"),)

    kind: Mapped[str] = mapped_column(String(40))
    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    booking_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("booking.id", ondelete="SET NULL"), index=True
    )
    payload_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    lease_token: Mapped[uuid.UUID | None]
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
