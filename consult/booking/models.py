"""Tables: booking, earlier_time_request, earlier_time_offer, email_confirmation."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from consult.db.base import Base, Identified
from consult.db.types import UTCDateTime


class Booking(Identified, Base):
    """A patient's affair. It starts with the safety screen; one that is never confirmed is purged in a day.

    Where the patient stands is derived by `journey` from the facts kept here and in the topics' own rows.
    `price_minor` is what is to be paid: less the promotion, for a whole pack to be bought
    (`session_pack_id`), or nothing where a session of one is used. The visit token, which calendars
    carry, opens a page that shows when the visit is and where to join, and nothing else.
    """

    __tablename__ = "booking"
    __table_args__ = (
        Index(
            "ix_booking_draft",
            "started_at",
            sqlite_where=text("confirmed_at IS NULL"),
            postgresql_where=text("confirmed_at IS NULL"),
        ),
    )

    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    token_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    visit_token_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    visit_token_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    session_type_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("session_type.id"))
    patient_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("patient.id"), index=True)
    zone: Mapped[str] = mapped_column(String(64))
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    refund_terms: Mapped[dict[str, Any]] = mapped_column(JSON)
    session_pack_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("session_pack.id"))

    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    advice_read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    agreed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    agreed_versions: Mapped[dict[str, str] | None] = mapped_column(JSON)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancelled_by: Mapped[str | None] = mapped_column(String(20))
    moved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    moved_by: Mapped[str | None] = mapped_column(String(20))
    moved_from_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    therapist_moved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    patient_moves: Mapped[int] = mapped_column(default=0, server_default="0")
    first_held_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    safety_hold_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    safety_released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def on_safety_hold(self) -> bool:
        """Whether a warning sign keeps the visit from taking place until the therapist has looked at it."""
        held, released = self.safety_hold_at, self.safety_released_at
        return held is not None and (released is None or released < held)

    @property
    def known_patient_id(self) -> uuid.UUID:
        """The patient of a booking that got as far as payment. Raises ValueError before."""
        if self.patient_id is None:
            raise ValueError("the patient of this booking is not known yet")
        return self.patient_id


class EarlierTimeRequest(Identified, Base):
    """A patient who would come earlier. `known_starts` are earlier times, in seconds since 1970, that were
    free without being wanted; only others are offered.
    """

    __tablename__ = "earlier_time_request"
    __table_args__ = (
        Index(
            "ix_earlier_time_request_waiting",
            "asked_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), unique=True)
    known_starts: Mapped[list[int]] = mapped_column(JSON)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class EarlierTimeOffer(Identified, Base):
    """An earlier time held for one patient until `expires_at`; `appointment_id` is the hold."""

    __tablename__ = "earlier_time_offer"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'accepted', 'declined', 'lapsed', 'withdrawn')", name="state"),
        Index(
            "uq_earlier_time_offer_open_booking_id",
            "booking_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), index=True)
    appointment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("appointment.id"))
    start_at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(String(20))
    offered_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class EmailConfirmation(Identified, Base):
    """A code sent to an e-mail address before an unpaid hold can be repeated."""

    __tablename__ = "email_confirmation"

    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), unique=True)
    email_digest: Mapped[str] = mapped_column(String(64), index=True)
    code_digest: Mapped[str] = mapped_column(String(64))
    tries: Mapped[int]
    sent_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
