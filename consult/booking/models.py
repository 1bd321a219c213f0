"""Table: booking."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from consult.db.base import Base, Identified
from consult.db.types import UTCDateTime


class Booking(Identified, Base):
    """A patient's affair. It starts with the safety screen; one that is never confirmed is purged in a day.

    Where the patient stands is derived by `journey` from the facts kept here and in the topics' own rows.
    """

    __tablename__ = "booking"

    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    token_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    session_type_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("session_type.id"))
    patient_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("patient.id"), index=True)
    zone: Mapped[str] = mapped_column(String(64))
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    refund_terms: Mapped[dict[str, Any]] = mapped_column(JSON)

    started_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    advice_read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    agreed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    agreed_versions: Mapped[dict[str, str] | None] = mapped_column(JSON)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
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
