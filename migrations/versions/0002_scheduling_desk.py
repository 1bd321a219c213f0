"""scheduling desk"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from consult.db.types import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "questionnaire_version",
        sa.Column("version", sa.String(length=60), nullable=False),
        sa.Column("documents", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire_version")),
        sa.UniqueConstraint("version", name=op.f("uq_questionnaire_version_version")),
    )
    op.create_table(
        "extra_hours",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("open_on", sa.Date(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("end_time", sa.Time(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name=op.f("fk_extra_hours_schedule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extra_hours")),
    )
    with op.batch_alter_table("extra_hours") as batch_op:
        batch_op.create_index(batch_op.f("ix_extra_hours_schedule_id"), ["schedule_id"], unique=False)

    op.create_table(
        "earlier_time_request",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("known_starts", sa.JSON(), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_earlier_time_request_booking_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earlier_time_request")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_earlier_time_request_booking_id")),
    )
    op.create_table(
        "email_confirmation",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("email_digest", sa.String(length=64), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_email_confirmation_booking_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_confirmation")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_email_confirmation_booking_id")),
    )
    with op.batch_alter_table("email_confirmation") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_email_confirmation_email_digest"), ["email_digest"], unique=False
        )

    op.create_table(
        "earlier_time_offer",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("start_at", UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("offered_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'lapsed', 'withdrawn')",
            name=op.f("ck_earlier_time_offer_state"),
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_earlier_time_offer_appointment_id")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_earlier_time_offer_booking_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earlier_time_offer")),
    )
    with op.batch_alter_table("earlier_time_offer") as batch_op:
        batch_op.create_index(batch_op.f("ix_earlier_time_offer_booking_id"), ["booking_id"], unique=False)
        batch_op.create_index(
            "uq_earlier_time_offer_open_booking_id",
            ["booking_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    with op.batch_alter_table("appointment") as batch_op:
        batch_op.add_column(sa.Column("title", sa.String(length=120), nullable=True))
        batch_op.alter_column("session_type_id", existing_type=sa.Uuid(), nullable=True)
        batch_op.create_check_constraint("what", "session_type_id IS NOT NULL OR title IS NOT NULL")

    with op.batch_alter_table("booking") as batch_op:
        batch_op.add_column(sa.Column("cancelled_by", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("moved_at", UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("moved_by", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("moved_from_at", UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("first_held_at", UTCDateTime(), nullable=True))

    with op.batch_alter_table("patient") as batch_op:
        batch_op.add_column(sa.Column("email_digest", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("person_digest", sa.String(length=64), nullable=True))
        batch_op.create_index(batch_op.f("ix_patient_email_digest"), ["email_digest"], unique=False)
        batch_op.create_index(batch_op.f("ix_patient_person_digest"), ["person_digest"], unique=False)

    with op.batch_alter_table("practice") as batch_op:
        batch_op.add_column(sa.Column("move_until_hours", sa.Integer(), server_default="24", nullable=False))

    with op.batch_alter_table("questionnaire_response") as batch_op:
        batch_op.alter_column(
            "questionnaire_version",
            existing_type=sa.VARCHAR(length=20),
            type_=sa.String(length=60),
            existing_nullable=False,
        )

    with op.batch_alter_table("schedule") as batch_op:
        batch_op.add_column(sa.Column("max_per_day", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("max_per_week", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("holiday_region", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("rules_version", sa.Integer(), server_default="1", nullable=False))

    _time_off_on_the_wall_clock()


def downgrade() -> None:
    _time_off_as_instants()
    with op.batch_alter_table("schedule") as batch_op:
        for name in ("rules_version", "holiday_region", "max_per_week", "max_per_day"):
            batch_op.drop_column(name)
    with op.batch_alter_table("questionnaire_response") as batch_op:
        batch_op.alter_column(
            "questionnaire_version", existing_type=sa.String(length=60), type_=sa.String(length=20)
        )
    with op.batch_alter_table("practice") as batch_op:
        batch_op.drop_column("move_until_hours")
    with op.batch_alter_table("patient") as batch_op:
        for name in ("person_digest", "email_digest"):
            batch_op.drop_index(f"ix_patient_{name}")
            batch_op.drop_column(name)
    with op.batch_alter_table("booking") as batch_op:
        for name in ("first_held_at", "moved_from_at", "moved_by", "moved_at", "cancelled_by"):
            batch_op.drop_column(name)
    op.drop_table("earlier_time_offer")
    op.execute("DELETE FROM appointment WHERE session_type_id IS NULL")
    with op.batch_alter_table("appointment") as batch_op:
        batch_op.drop_constraint(op.f("ck_appointment_what"), type_="check")
        batch_op.alter_column("session_type_id", existing_type=sa.Uuid(), nullable=False)
        batch_op.drop_column("title")
    for table in ("email_confirmation", "earlier_time_request", "extra_hours", "questionnaire_version"):
        op.drop_table(table)


_SCHEDULE = sa.table("schedule", sa.column("id", sa.Uuid()), sa.column("zone", sa.String()))


def _time_off_on_the_wall_clock() -> None:
    connection = op.get_bind()
    spans = _taken_out(sa.column("start_at", UTCDateTime()), sa.column("end_at", UTCDateTime()))
    time_off = op.create_table(
        "time_off",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("end_time", sa.Time(), nullable=False),
        sa.Column("note", sa.String(length=120), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "starts_on < ends_on OR (starts_on = ends_on AND start_time < end_time)",
            name=op.f("ck_time_off_span"),
        ),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name=op.f("fk_time_off_schedule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_off")),
    )
    op.create_index("ix_time_off_schedule_id_ends_on", "time_off", ["schedule_id", "ends_on"])
    for row_id, schedule_id, zone, start_at, end_at in spans:
        start, end = start_at.astimezone(ZoneInfo(zone)), end_at.astimezone(ZoneInfo(zone))
        connection.execute(
            time_off.insert().values(
                id=row_id,
                schedule_id=schedule_id,
                starts_on=start.date(),
                start_time=start.time(),
                ends_on=end.date(),
                end_time=end.time(),
            )
        )


def _time_off_as_instants() -> None:
    connection = op.get_bind()
    spans = _taken_out(
        sa.column("starts_on", sa.Date()),
        sa.column("start_time", sa.Time()),
        sa.column("ends_on", sa.Date()),
        sa.column("end_time", sa.Time()),
    )
    time_off = op.create_table(
        "time_off",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("start_at", UTCDateTime(), nullable=False),
        sa.Column("end_at", UTCDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("start_at < end_at", name=op.f("ck_time_off_span")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name=op.f("fk_time_off_schedule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_off")),
    )
    op.create_index("ix_time_off_schedule_id_end_at", "time_off", ["schedule_id", "end_at"])
    for row_id, schedule_id, zone, starts_on, start_time, ends_on, end_time in spans:
        start_at = datetime.combine(starts_on, start_time, ZoneInfo(zone)).astimezone(UTC)
        end_at = datetime.combine(ends_on, end_time, ZoneInfo(zone)).astimezone(UTC)
        connection.execute(
            time_off.insert().values(id=row_id, schedule_id=schedule_id, start_at=start_at, end_at=end_at)
        )


def _taken_out(*columns: "sa.ColumnClause[Any]") -> "Sequence[sa.Row[Any]]":
    """The rows of time_off - id, schedule, its zone and these columns - and the table gone."""
    table = sa.table("time_off", sa.column("id", sa.Uuid()), sa.column("schedule_id", sa.Uuid()), *columns)
    query = sa.select(table.c.id, table.c.schedule_id, _SCHEDULE.c.zone, *columns)
    rows = op.get_bind().execute(query.join(_SCHEDULE, _SCHEDULE.c.id == table.c.schedule_id)).all()
    op.drop_table("time_off")
    return rows
