"""Tables: calendar_object, feed_subscription, external_calendar."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, true
from sqlalchemy.orm import Mapped, mapped_column

from consult.db.base import Base, Identified
from consult.db.types import UTCDateTime


class CalendarObject(Identified, Base):
    """An appointment as calendar programs know it: one UID for life, on every channel.

    `vevent_therapist` is what the therapist's feed hands out; None once withdrawn. The patient's copy links
    the private page, whose token is a secret, so its texts are kept sealed and written out when needed.
    `partstat` (RFC 5545 3.2.12) is what the patient's calendar program answered last, as far as we were
    shown.
    """

    __tablename__ = "calendar_object"
    __table_args__ = (Index(None, "therapist_id", "start_at"),)

    appointment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("appointment.id", ondelete="CASCADE"), unique=True
    )
    therapist_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("therapist.id"))
    uid: Mapped[str] = mapped_column(String(300), unique=True)
    sequence: Mapped[int]
    status: Mapped[str] = mapped_column(String(20))
    start_at: Mapped[datetime] = mapped_column(UTCDateTime)
    end_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revised_at: Mapped[datetime] = mapped_column(UTCDateTime)
    vevent_therapist: Mapped[bytes | None] = mapped_column(LargeBinary)
    patient_texts_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    partstat: Mapped[str | None] = mapped_column(String(20))
    replied_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class FeedSubscription(Identified, Base):
    """A secret calendar address, of the therapist or of one booking's patient. `version` and `modified_at`
    rise with every change of what it shows.
    """

    __tablename__ = "feed_subscription"

    therapist_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("therapist.id"), index=True)
    booking_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("booking.id", ondelete="CASCADE"), index=True
    )
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    version: Mapped[int]
    modified_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_fetched_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_agent: Mapped[str | None] = mapped_column(String(200))
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ExternalCalendar(Identified, Base):
    """Another calendar of the therapist's, whose busy times are not offered. Only read, never written.

    Address and password are a secret, so sealed together. `succeeded_at` is when it was last read whole (or
    was unchanged): what is known of it is that old. `last_error` names a kind of failure, never its text.
    """

    __tablename__ = "external_calendar"

    therapist_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("therapist.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    access_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    etag: Mapped[str | None] = mapped_column(String(200))
    last_modified: Mapped[str | None] = mapped_column(String(80))
    next_check_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    checked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    succeeded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(40))
    skipped_events: Mapped[int] = mapped_column(default=0)
    whole_days_busy: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
