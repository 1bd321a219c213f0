"""replies and text messages"""

import sqlalchemy as sa
from alembic import op

from consult.db.types import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sms_consent",
        sa.Column("number_digest", sa.String(length=64), nullable=False),
        sa.Column("wording", sa.String(length=40), nullable=False),
        sa.Column("given_at", UTCDateTime(), nullable=False),
        sa.Column("stopped_at", UTCDateTime(), nullable=True),
        sa.Column("stopped_by", sa.String(length=20), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_consent")),
        sa.UniqueConstraint("number_digest", name=op.f("uq_sms_consent_number_digest")),
    )
    with op.batch_alter_table("calendar_object") as batch_op:
        batch_op.add_column(sa.Column("partstat", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("replied_at", UTCDateTime(), nullable=True))

    with op.batch_alter_table("external_calendar") as batch_op:
        batch_op.add_column(
            sa.Column("whole_days_busy", sa.Boolean(), server_default=sa.true(), nullable=False)
        )

    with op.batch_alter_table("outbox_message") as batch_op:
        batch_op.add_column(
            sa.Column("channel", sa.String(length=10), server_default="email", nullable=False)
        )
        batch_op.create_index(
            "ix_outbox_message_payload_kept",
            ["status", "sent_at"],
            sqlite_where=sa.text("payload_sealed IS NOT NULL"),
            postgresql_where=sa.text("payload_sealed IS NOT NULL"),
        )

    with op.batch_alter_table("therapist") as batch_op:
        batch_op.add_column(
            sa.Column("wants_invitations", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("therapist") as batch_op:
        batch_op.drop_column("wants_invitations")

    with op.batch_alter_table("outbox_message") as batch_op:
        batch_op.drop_index(
            "ix_outbox_message_payload_kept",
            sqlite_where=sa.text("payload_sealed IS NOT NULL"),
            postgresql_where=sa.text("payload_sealed IS NOT NULL"),
        )
        batch_op.drop_column("channel")

    with op.batch_alter_table("external_calendar") as batch_op:
        batch_op.drop_column("whole_days_busy")

    with op.batch_alter_table("calendar_object") as batch_op:
        batch_op.drop_column("replied_at")
        batch_op.drop_column("partstat")

    op.drop_table("sms_consent")
