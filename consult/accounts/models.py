"""Tables: account, sign_in."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from consult.db.base import Base, Identified
from consult.db.types import UTCDateTime


class Account(Identified, Base):
    __tablename__ = "account"

    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    therapist_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("therapist.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SignIn(Identified, Base):
    """One signed-in browser. Signing out deletes the row, so a stolen cookie stops working with it."""

    __tablename__ = "sign_in"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
