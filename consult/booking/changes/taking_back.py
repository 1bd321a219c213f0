"""What a therapist may take back, and what waits meanwhile. Pure.

Her change holds at once: the hour is free, the page says so. What cannot be called back waits until it can
no longer be undone: the money, and the mail with what it does to the patient's calendar.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from consult.payments.refunds import UNDO_WINDOW

NEAR = timedelta(hours=1)
"""A patient whose visit is this close is told at once, or the mail would come too late to help."""


class Actor(StrEnum):
    """Who changed a booking."""

    PATIENT = "patient"
    THERAPIST = "therapist"


class Kind(StrEnum):
    CANCELLED = "cancelled"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """The therapist's last change of a booking. It can be taken back before `until_at`."""

    kind: Kind
    at: datetime

    @property
    def until_at(self) -> datetime:
        return self.at + UNDO_WINDOW


def therapists_change(
    *,
    cancelled_at: datetime | None,
    cancelled_by: str | None,
    moved_at: datetime | None,
    moved_by: str | None,
) -> Change | None:
    """Her change, if nothing has happened to the booking since; however long ago."""
    if cancelled_at is not None:
        return Change(Kind.CANCELLED, cancelled_at) if cancelled_by == Actor.THERAPIST else None
    if moved_at is not None and moved_by == Actor.THERAPIST:
        return Change(Kind.MOVED, moved_at)
    return None


def tell_at(now: datetime, *starts: datetime) -> datetime:
    """When the patient is mailed about a therapist's change of a visit at, or between, these starts."""
    return now if min(starts) - now < NEAR else now + UNDO_WINDOW
