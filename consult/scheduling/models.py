"""Tables: schedule, session_type, availability_rule, extra_hours, time_off, external_busy, appointment.

That no two claims on a schedule overlap is held by `guards`, in the database itself.
"""

import uuid
from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from consult.db.base import Base, Identified
from consult.db.types import UTCDateTime

from .lifecycle import LIVE, Status

_IS_LIVE = text(f"status IN ({', '.join(repr(str(status)) for status in LIVE)})")


class Schedule(Identified, Base):
    """When one therapist can be booked, and by what rules. Its row is the lock every claim takes first.

    `holiday_region` is an ISO 3166 country, or country and subdivision ("US", "US-NY"), whose public holidays
    are days off. `rules_version` rises with every change to the rules, hours or session types, so that what
    was worked out from them can be kept until then.
    """

    __tablename__ = "schedule"
    __table_args__ = (
        CheckConstraint("slot_step_minutes > 0", name="slot_step_minutes"),
        CheckConstraint("notice_minutes >= 0", name="notice_minutes"),
        CheckConstraint("horizon_days >= 0", name="horizon_days"),
    )

    therapist_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("therapist.id"), unique=True)
    zone: Mapped[str] = mapped_column(String(64))
    slot_step_minutes: Mapped[int]
    notice_minutes: Mapped[int]
    horizon_days: Mapped[int]
    max_per_day: Mapped[int | None]
    max_per_week: Mapped[int | None]
    holiday_region: Mapped[str | None] = mapped_column(String(16))
    rules_version: Mapped[int] = mapped_column(default=1, server_default="1")


class SessionType(Identified, Base):
    """A kind of consultation on offer, its length, its price and the quiet time around it."""

    __tablename__ = "session_type"
    __table_args__ = (
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("price_minor >= 0", name="price_minor"),
        CheckConstraint("buffer_before_minutes >= 0 AND buffer_after_minutes >= 0", name="buffers"),
    )

    schedule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("schedule.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    minutes: Mapped[int]
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    position: Mapped[int]
    active: Mapped[bool]


class AvailabilityRule(Identified, Base):
    """Weekly hours as `availability.WeeklyHours` reads them: wall clock in the schedule's zone."""

    __tablename__ = "availability_rule"
    __table_args__ = (CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),)

    schedule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("schedule.id"), index=True)
    weekday: Mapped[int]
    start_time: Mapped[time]
    end_time: Mapped[time]
    valid_from_on: Mapped[date | None]
    valid_until_on: Mapped[date | None]


class ExtraHours(Identified, Base):
    """Hours of one day beside the weekly ones, wall clock; they hold on a public holiday too."""

    __tablename__ = "extra_hours"

    schedule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("schedule.id"), index=True)
    open_on: Mapped[date]
    start_time: Mapped[time]
    end_time: Mapped[time]


class TimeOff(Identified, Base):
    """Time without sessions, whatever the hours say; wall clock from start to end, the end not included.

    `note` is the therapist's own, shown to nobody else.
    """

    __tablename__ = "time_off"
    __table_args__ = (
        CheckConstraint(
            "starts_on < ends_on OR (starts_on = ends_on AND start_time < end_time)", name="span"
        ),
        Index("ix_time_off_schedule_id_ends_on", "schedule_id", "ends_on"),
    )

    schedule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("schedule.id"))
    starts_on: Mapped[date]
    start_time: Mapped[time]
    ends_on: Mapped[date]
    end_time: Mapped[time]
    note: Mapped[str | None] = mapped_column(String(120))


class ExternalBusy(Identified, Base):
    """A span in which the therapist is busy elsewhere, as another calendar of hers says. Spans may overlap
    one another, and appointments made before they were known.
    """

    __tablename__ = "external_busy"
    __table_args__ = (
        CheckConstraint("start_at < end_at", name="span"),
        Index("ix_external_busy_schedule_id_end_at", "schedule_id", "end_at", "start_at"),
    )

    schedule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("schedule.id"))
    external_calendar_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("external_calendar.id", ondelete="CASCADE"), index=True
    )
    start_at: Mapped[datetime] = mapped_column(UTCDateTime)
    end_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Appointment(Identified, Base):
    """One claim on an hour, from hold to done, so that one database rule sees them all.

    `busy_from` to `busy_until` is the session with its buffers, as they were when it was claimed. An entry
    of the therapist's own has a title, but neither booking nor session type. `hold_expires_at` stays after a
    hold has ended.
    """

    __tablename__ = "appointment"
    __table_args__ = (
        CheckConstraint("start_at < end_at", name="span"),
        CheckConstraint("busy_from <= start_at AND end_at <= busy_until", name="busy_span"),
        CheckConstraint("status <> 'held' OR hold_expires_at IS NOT NULL", name="hold_expires_at"),
        CheckConstraint("session_type_id IS NOT NULL OR title IS NOT NULL", name="what"),
        Index(
            "ix_appointment_schedule_id_busy_from",
            *("schedule_id", "busy_from", "busy_until", "status", "hold_expires_at"),
        ),
        Index(
            "ix_appointment_schedule_id_status_hold_expires_at", "schedule_id", "status", "hold_expires_at"
        ),
        Index(
            "uq_appointment_live_booking_id",
            "booking_id",
            unique=True,
            sqlite_where=_IS_LIVE,
            postgresql_where=_IS_LIVE,
        ),
    )

    schedule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("schedule.id"))
    booking_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("booking.id", ondelete="CASCADE"), index=True
    )
    session_type_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("session_type.id"))
    title: Mapped[str | None] = mapped_column(String(120))
    status: Mapped[Status] = mapped_column(
        Enum(
            Status,
            native_enum=False,
            create_constraint=True,
            name="status",
            length=20,
            values_callable=lambda statuses: [str(status) for status in statuses],
        )
    )
    start_at: Mapped[datetime] = mapped_column(UTCDateTime)
    end_at: Mapped[datetime] = mapped_column(UTCDateTime)
    busy_from: Mapped[datetime] = mapped_column(UTCDateTime)
    busy_until: Mapped[datetime] = mapped_column(UTCDateTime)
    hold_expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
