"""Tables: questionnaire_response, handout."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from consult.db.base import Base, Identified
from consult.db.types import UTCDateTime

IN_PROGRESS = "in-progress"
COMPLETED = "completed"


class QuestionnaireResponse(Identified, Base):
    """One patient's answers (FHIR QuestionnaireResponse), sealed together with what came of them."""

    __tablename__ = "questionnaire_response"

    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), unique=True)
    questionnaire_id: Mapped[str] = mapped_column(String(60))
    questionnaire_version: Mapped[str] = mapped_column(String(60))
    status: Mapped[str] = mapped_column(String(20))
    answers_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class QuestionnaireVersion(Identified, Base):
    """The form files as they were when somebody first answered this version, to read those answers by.

    `documents` is compressed JSON: file name to text.
    """

    __tablename__ = "questionnaire_version"

    version: Mapped[str] = mapped_column(String(60), unique=True)
    documents: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class HandoutEdit(Identified, Base):
    """What the therapist made of one patient's handout: lines taken out or put in, a note, its release."""

    __tablename__ = "handout"

    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), unique=True)
    edit_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
