"""The life of an appointment, from hold to done."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from consult.core.errors import ConsultError


class Status(StrEnum):
    HELD = "held"
    """Kept for one booking until `hold_expires_at`, while the patient fills in forms and pays."""
    BOOKED = "booked"
    CANCELLED = "cancelled"
    RELEASED = "released"
    """A hold given back, for instance because the patient chose another time."""
    EXPIRED = "expired"
    """A hold that ran out."""
    DONE = "done"
    NO_SHOW = "no_show"


class Command(StrEnum):
    HOLD = "hold"
    EXTEND = "extend"
    BOOK = "book"
    RELEASE = "release"
    EXPIRE = "expire"
    CANCEL = "cancel"
    COMPLETE = "complete"
    MARK_NO_SHOW = "mark_no_show"
    RECLAIM = "reclaim"
    """Book an hour whose hold had ended, since the payment for it came late."""
    BLOCK = "block"
    """The therapist keeps a time for herself."""
    MOVE = "move"
    """Another time for the same session."""
    RESTORE = "restore"
    """The therapist takes a cancellation back."""
    REOPEN = "reopen"
    """The therapist takes back that a session took place, or that nobody came."""


LIVE = (Status.HELD, Status.BOOKED)
"""What a booking can have at most one of: an hour still ahead of it."""

SESSIONS = (Status.BOOKED, Status.DONE, Status.NO_SHOW)
"""What the therapist's agenda shows: holds are nobody's session yet."""

CLAIMING = (*LIVE, Status.DONE, Status.NO_SHOW)
"""What blocks time. An hour that was spent stays spent, even waiting in vain: the record of who had it must
not be contradicted by a later entry over the same time, and an hour marked done early is still in use."""

TRANSITIONS: Mapping[tuple[Status | None, Command], Status] = MappingProxyType(
    {
        (None, Command.HOLD): Status.HELD,
        (None, Command.BLOCK): Status.BOOKED,
        (Status.HELD, Command.EXTEND): Status.HELD,
        (Status.HELD, Command.BOOK): Status.BOOKED,
        (Status.HELD, Command.RELEASE): Status.RELEASED,
        (Status.HELD, Command.EXPIRE): Status.EXPIRED,
        (Status.EXPIRED, Command.RECLAIM): Status.BOOKED,
        (Status.RELEASED, Command.RECLAIM): Status.BOOKED,
        (Status.BOOKED, Command.CANCEL): Status.CANCELLED,
        (Status.BOOKED, Command.COMPLETE): Status.DONE,
        (Status.BOOKED, Command.MARK_NO_SHOW): Status.NO_SHOW,
        (Status.BOOKED, Command.MOVE): Status.BOOKED,
        (Status.CANCELLED, Command.RESTORE): Status.BOOKED,
        (Status.DONE, Command.REOPEN): Status.BOOKED,
        (Status.NO_SHOW, Command.REOPEN): Status.BOOKED,
    }
)
"""Every allowed step; None is an appointment that does not exist yet."""


_UNDO = "undo "


def undo_title(booking_id: uuid.UUID) -> str:
    """The title of an hour kept so that the therapist can take back what she did to this booking."""
    return f"{_UNDO}{booking_id}"


def undo_of(title: str) -> uuid.UUID | None:
    """The booking out of `undo_title`; None for any other title."""
    try:
        return uuid.UUID(title.removeprefix(_UNDO)) if title.startswith(_UNDO) else None
    except ValueError:
        return None


@dataclass(eq=False)
class TransitionRefused(ConsultError):
    """This command makes no sense for an appointment in this state."""

    status: Status | None
    command: Command


def transition(status: Status | None, command: Command) -> Status:
    """The state after `command`. Raises TransitionRefused for every pair not in `TRANSITIONS`."""
    try:
        return TRANSITIONS[status, command]
    except KeyError:
        raise TransitionRefused(status, command) from None
