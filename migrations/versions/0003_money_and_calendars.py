"""money and calendars"""

import sqlalchemy as sa
from alembic import op

from consult.db.types import UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_preference",
        sa.Column("email_digest", sa.String(length=64), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("reminder_day_before", sa.Boolean(), nullable=False),
        sa.Column("reminder_hour_before", sa.Boolean(), nullable=False),
        sa.Column("intake_reminders", sa.Boolean(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_preference")),
        sa.UniqueConstraint("email_digest", name=op.f("uq_mail_preference_email_digest")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_mail_preference_token_digest")),
    )
    op.create_table(
        "promotion_code",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("percent_off", sa.Integer(), nullable=True),
        sa.Column("amount_off_minor", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("valid_from_at", UTCDateTime(), nullable=True),
        sa.Column("valid_until_at", UTCDateTime(), nullable=True),
        sa.Column("max_redemptions", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(percent_off IS NULL) <> (amount_off_minor IS NULL)", name=op.f("ck_promotion_code_kind")
        ),
        sa.CheckConstraint("amount_off_minor > 0", name=op.f("ck_promotion_code_amount_off_minor")),
        sa.CheckConstraint("max_redemptions > 0", name=op.f("ck_promotion_code_max_redemptions")),
        sa.CheckConstraint("percent_off BETWEEN 1 AND 100", name=op.f("ck_promotion_code_percent_off")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_code")),
        sa.UniqueConstraint("code", name=op.f("uq_promotion_code_code")),
    )
    op.create_table(
        "receipt_series",
        sa.Column("series", sa.String(length=20), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_receipt_series")),
    )
    op.create_table(
        "reconciliation",
        sa.Column("gateway", sa.String(length=20), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("began_at", UTCDateTime(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.Column("events_until_at", UTCDateTime(), nullable=True),
        sa.Column("checkouts_seen", sa.Integer(), nullable=False),
        sa.Column("news", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation")),
    )
    with op.batch_alter_table("reconciliation") as batch_op:
        batch_op.create_index(batch_op.f("ix_reconciliation_gateway"), ["gateway"], unique=False)

    op.create_table(
        "external_calendar",
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("access_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.String(length=200), nullable=True),
        sa.Column("last_modified", sa.String(length=80), nullable=True),
        sa.Column("next_check_at", UTCDateTime(), nullable=False),
        sa.Column("checked_at", UTCDateTime(), nullable=True),
        sa.Column("succeeded_at", UTCDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=40), nullable=True),
        sa.Column("skipped_events", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["therapist_id"], ["therapist.id"], name=op.f("fk_external_calendar_therapist_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_calendar")),
    )
    with op.batch_alter_table("external_calendar") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_external_calendar_next_check_at"), ["next_check_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_external_calendar_therapist_id"), ["therapist_id"], unique=False)

    op.create_table(
        "external_busy",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("external_calendar_id", sa.Uuid(), nullable=False),
        sa.Column("start_at", UTCDateTime(), nullable=False),
        sa.Column("end_at", UTCDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("start_at < end_at", name=op.f("ck_external_busy_span")),
        sa.ForeignKeyConstraint(
            ["external_calendar_id"],
            ["external_calendar.id"],
            name=op.f("fk_external_busy_external_calendar_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name=op.f("fk_external_busy_schedule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_busy")),
    )
    with op.batch_alter_table("external_busy") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_external_busy_external_calendar_id"), ["external_calendar_id"], unique=False
        )
        batch_op.create_index(
            "ix_external_busy_schedule_id_end_at", ["schedule_id", "end_at", "start_at"], unique=False
        )

    op.create_table(
        "session_pack",
        sa.Column("session_type_id", sa.Uuid(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("price_minor > 0", name=op.f("ck_session_pack_price_minor")),
        sa.CheckConstraint("sessions > 1", name=op.f("ck_session_pack_sessions")),
        sa.ForeignKeyConstraint(
            ["session_type_id"], ["session_type.id"], name=op.f("fk_session_pack_session_type_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_pack")),
    )
    with op.batch_alter_table("session_pack") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_session_pack_session_type_id"), ["session_type_id"], unique=False
        )

    op.create_table(
        "promotion_redemption",
        sa.Column("promotion_code_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("discount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("redeemed_at", UTCDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_promotion_redemption_booking_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["promotion_code_id"],
            ["promotion_code.id"],
            name=op.f("fk_promotion_redemption_promotion_code_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_redemption")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_promotion_redemption_booking_id")),
    )
    with op.batch_alter_table("promotion_redemption") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_promotion_redemption_promotion_code_id"), ["promotion_code_id"], unique=False
        )

    op.create_table(
        "money_alert",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("gateway_ref", sa.String(length=255), nullable=True),
        sa.Column("raised_at", UTCDateTime(), nullable=False),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.Column("settled_note", sa.String(length=300), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_money_alert_payment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_alert")),
        sa.UniqueConstraint("key", name=op.f("uq_money_alert_key")),
    )
    with op.batch_alter_table("money_alert") as batch_op:
        batch_op.create_index(batch_op.f("ix_money_alert_payment_id"), ["payment_id"], unique=False)

    op.create_table(
        "pack_purchase",
        sa.Column("session_pack_id", sa.Uuid(), nullable=False),
        sa.Column("session_type_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("bought_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("sessions > 1", name=op.f("ck_pack_purchase_sessions")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_pack_purchase_payment_id")),
        sa.ForeignKeyConstraint(
            ["session_pack_id"], ["session_pack.id"], name=op.f("fk_pack_purchase_session_pack_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_type_id"], ["session_type.id"], name=op.f("fk_pack_purchase_session_type_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_purchase")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_pack_purchase_code_digest")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_pack_purchase_payment_id")),
    )
    op.create_table(
        "pack_redemption",
        sa.Column("pack_purchase_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("redeemed_at", UTCDateTime(), nullable=False),
        sa.Column("returned_at", UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_pack_redemption_booking_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["pack_purchase_id"], ["pack_purchase.id"], name=op.f("fk_pack_redemption_pack_purchase_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_redemption")),
    )
    with op.batch_alter_table("pack_redemption") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pack_redemption_pack_purchase_id"), ["pack_purchase_id"], unique=False
        )
        batch_op.create_index(
            "uq_pack_redemption_booking_id",
            ["booking_id"],
            unique=True,
            sqlite_where=sa.text("returned_at IS NULL"),
            postgresql_where=sa.text("returned_at IS NULL"),
        )

    op.create_table(
        "receipt",
        sa.Column("series", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ledger_entry_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("facts_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", UTCDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_receipt_number")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_receipt_booking_id")),
        sa.ForeignKeyConstraint(
            ["ledger_entry_id"], ["ledger_entry.id"], name=op.f("fk_receipt_ledger_entry_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("ledger_entry_id", name=op.f("uq_receipt_ledger_entry_id")),
        sa.UniqueConstraint("series", "number", name=op.f("uq_receipt_series_number")),
    )
    with op.batch_alter_table("receipt") as batch_op:
        batch_op.create_index(batch_op.f("ix_receipt_booking_id"), ["booking_id"], unique=False)

    with op.batch_alter_table("booking") as batch_op:
        batch_op.add_column(sa.Column("visit_token_digest", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("visit_token_sealed", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("session_pack_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("therapist_moved_at", UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("patient_moves", sa.Integer(), server_default="0", nullable=False))
        batch_op.drop_index(batch_op.f("ix_booking_started_at"))
        batch_op.create_index(
            "ix_booking_draft",
            ["started_at"],
            unique=False,
            sqlite_where=sa.text("confirmed_at IS NULL"),
            postgresql_where=sa.text("confirmed_at IS NULL"),
        )
        batch_op.create_unique_constraint(batch_op.f("uq_booking_visit_token_digest"), ["visit_token_digest"])
        batch_op.create_foreign_key(
            batch_op.f("fk_booking_session_pack_id"), "session_pack", ["session_pack_id"], ["id"]
        )

    with op.batch_alter_table("earlier_time_request") as batch_op:
        batch_op.create_index(
            "ix_earlier_time_request_waiting",
            ["asked_at"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    with op.batch_alter_table("feed_subscription") as batch_op:
        batch_op.add_column(sa.Column("booking_id", sa.Uuid(), nullable=True))
        batch_op.create_index(batch_op.f("ix_feed_subscription_booking_id"), ["booking_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_feed_subscription_booking_id"),
            "booking",
            ["booking_id"],
            ["id"],
            ondelete="CASCADE",
        )

    with op.batch_alter_table("outbox_message") as batch_op:
        batch_op.add_column(sa.Column("useless_at", UTCDateTime(), nullable=True))
        batch_op.alter_column("payload_sealed", existing_type=sa.LargeBinary(), nullable=True)

    with op.batch_alter_table("payment") as batch_op:
        batch_op.add_column(sa.Column("next_ask_at", UTCDateTime(), nullable=True))

    with op.batch_alter_table("practice") as batch_op:
        batch_op.add_column(
            sa.Column("receipt_name", sa.String(length=200), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("receipt_address", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("tax_number", sa.String(length=60), server_default="", nullable=False))
        batch_op.add_column(sa.Column("tax_note", sa.String(length=300), server_default="", nullable=False))
        batch_op.add_column(sa.Column("embed_sites", sa.JSON(), server_default="[]", nullable=False))

    with op.batch_alter_table("therapist") as batch_op:
        batch_op.add_column(
            sa.Column("feed_detail", sa.String(length=20), server_default="initials", nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("therapist") as batch_op:
        batch_op.drop_column("feed_detail")

    with op.batch_alter_table("practice") as batch_op:
        batch_op.drop_column("embed_sites")
        batch_op.drop_column("tax_note")
        batch_op.drop_column("tax_number")
        batch_op.drop_column("receipt_address")
        batch_op.drop_column("receipt_name")

    with op.batch_alter_table("payment") as batch_op:
        batch_op.drop_column("next_ask_at")

    op.execute("DELETE FROM outbox_message WHERE payload_sealed IS NULL")
    with op.batch_alter_table("outbox_message") as batch_op:
        batch_op.alter_column("payload_sealed", existing_type=sa.LargeBinary(), nullable=False)
        batch_op.drop_column("useless_at")

    with op.batch_alter_table("feed_subscription") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_feed_subscription_booking_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_feed_subscription_booking_id"))
        batch_op.drop_column("booking_id")

    with op.batch_alter_table("earlier_time_request") as batch_op:
        batch_op.drop_index(
            "ix_earlier_time_request_waiting",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    with op.batch_alter_table("booking") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_booking_session_pack_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_booking_visit_token_digest"), type_="unique")
        batch_op.drop_index(
            "ix_booking_draft",
            sqlite_where=sa.text("confirmed_at IS NULL"),
            postgresql_where=sa.text("confirmed_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_booking_started_at"), ["started_at"], unique=False)
        batch_op.drop_column("patient_moves")
        batch_op.drop_column("therapist_moved_at")
        batch_op.drop_column("session_pack_id")
        batch_op.drop_column("visit_token_sealed")
        batch_op.drop_column("visit_token_digest")

    for table in (
        "receipt",
        "pack_redemption",
        "pack_purchase",
        "money_alert",
        "promotion_redemption",
        "session_pack",
        "external_busy",
        "external_calendar",
        "reconciliation",
        "receipt_series",
        "promotion_code",
        "mail_preference",
    ):
        op.drop_table(table)
