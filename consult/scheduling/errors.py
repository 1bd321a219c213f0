"""What scheduling refuses."""

from dataclasses import dataclass
from datetime import datetime

from consult.core.errors import ConsultError


@dataclass(eq=False)
class SlotTaken(ConsultError):
    """Somebody else has this time now, or it can no longer be given to anyone."""

    start_at: datetime


@dataclass(eq=False)
class SlotNotOffered(ConsultError):
    """This start was never on offer: outside the hours, off the grid, too soon or too far ahead."""

    start_at: datetime


@dataclass(eq=False)
class HoldExpired(ConsultError):
    """The hold ran out before it could be stretched."""

    start_at: datetime
