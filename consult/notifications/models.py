"""Tables: outbox_message, mail_preference, sms_consent."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from consult.db.base import Base, Identified
from consult.db.types import UTCDateTime


class OutboxMessage(Identified, Base):
    """A message still to send, or sent, over its `channel`. Written in the transaction of what it tells of.

    `lease_token` names the worker's present try; `last_error` is the name of an error class, never its text,
    which may hold an address. From `useless_at` on it is not worth sending any more. The payload is forgotten
    some time after it was sent.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index(None, "status", "due_at"),
        Index(
            "ix_outbox_message_payload_kept",
            *("status", "sent_at"),
            sqlite_where=text("payload_sealed IS NOT NULL"),
            postgresql_where=text("payload_sealed IS NOT NULL"),
        ),
    )

    channel: Mapped[str] = mapped_column(String(10), default="email", server_default="email")
    kind: Mapped[str] = mapped_column(String(40))
    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    booking_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("booking.id", ondelete="SET NULL"), index=True
    )
    payload_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    useless_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_token: Mapped[uuid.UUID | None]
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class MailPreference(Identified, Base):
    """Which mails beyond the necessary an address wants. No row is the default: all of them.

    `email_digest` is keyed (`Sealer.digests`). The token is in the links of mails, sealed here to be written
    again.
    """

    __tablename__ = "mail_preference"

    email_digest: Mapped[str] = mapped_column(String(64), unique=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    token_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    reminder_day_before: Mapped[bool]
    reminder_hour_before: Mapped[bool]
    intake_reminders: Mapped[bool]
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SmsConsent(Identified, Base):
    """That somebody asked for text messages, in which words, and whether that still holds.

    `number_digest` is keyed (`Sealer.digests`). Over a number as E.164 and an e-mail address, a line break
    between, the row is the consent of who booked with both. Over the number alone it says when anybody first
    agreed with it, and only its stop counts: that came from the phone, and is of them all.
    """

    __tablename__ = "sms_consent"

    number_digest: Mapped[str] = mapped_column(String(64), unique=True)
    wording: Mapped[str] = mapped_column(String(40))
    given_at: Mapped[datetime] = mapped_column(UTCDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stopped_by: Mapped[str | None] = mapped_column(String(20))
