"""Tables: practice, therapist, patient."""

import uuid
from datetime import datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from consult.db.base import Base, Identified
from consult.db.types import UTCDateTime


class Practice(Identified, Base):
    """The one practice of this installation: what its therapist changes in daily life, so not environment."""

    __tablename__ = "practice"

    name: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(40))
    licensed_states: Mapped[list[str]] = mapped_column(JSON)
    full_refund_hours: Mapped[int]
    late_refund_percent: Mapped[int]
    move_until_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    handout_at_once: Mapped[bool] = mapped_column(default=False)
    privacy_version: Mapped[str] = mapped_column(String(20))
    receipt_name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    receipt_address: Mapped[str] = mapped_column(Text, default="", server_default="")
    tax_number: Mapped[str] = mapped_column(String(60), default="", server_default="")
    tax_note: Mapped[str] = mapped_column(String(300), default="", server_default="")
    embed_sites: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Therapist(Identified, Base):
    __tablename__ = "therapist"

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id"))
    name: Mapped[str] = mapped_column(String(120))
    about: Mapped[str] = mapped_column(Text)
    feed_detail: Mapped[str] = mapped_column(String(20), default="initials", server_default="initials")
    wants_invitations: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Patient(Identified, Base):
    """Contact details are sealed together.

    The digests are keyed (`Sealer.digests`): equal for the same e-mail address, and for the same address with
    the same birth date, which is how a patient who comes again is known.
    """

    __tablename__ = "patient"

    contact_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    email_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    person_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
