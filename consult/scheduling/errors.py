"""What scheduling refuses."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from consult.core.errors import ConsultError


class NotOffered(StrEnum):
    """Why a start is not on offer, whoever has it. Of several reasons, the first of these."""

    PAST = "past"
    NOTICE = "notice"
    """Too soon."""
    HORIZON = "horizon"
    """Too far ahead."""
    CLOSED = "closed"
    """The session would not lie inside open time."""
    GRID = "grid"
    """Inside open time, but between two starts."""
    CAP = "cap"
    """As many sessions as the therapist wants on that day or in that week."""


@dataclass(eq=False)
class SlotTaken(ConsultError):
    """Somebody else has this time now, or it can no longer be given to anyone."""

    start_at: datetime


@dataclass(eq=False)
class TakenElsewhere(SlotTaken):
    """Another calendar of the therapist's says that she is busy then."""

    calendar_id: uuid.UUID


@dataclass(eq=False)
class SlotNotOffered(ConsultError):
    """The rules do not offer this start, free or not."""

    start_at: datetime
    reason: NotOffered


@dataclass(eq=False)
class HoldExpired(ConsultError):
    """The hold ran out before it could be stretched."""

    start_at: datetime
