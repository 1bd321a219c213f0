"""Reasons why a time is not on offer."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from consult.core.timespan import TimeSpan

from .availability import Absence
from .lifecycle import Status, undo_of


@dataclass(frozen=True, slots=True)
class Claim:
    """One appointment, session or own entry, that takes time; `busy` is its time with buffers.

    `name` is that of the session type, or the title of an own entry.
    """

    appointment_id: uuid.UUID
    booking_id: uuid.UUID | None
    name: str
    status: Status
    span: TimeSpan
    busy: TimeSpan
    hold_expires_at: datetime | None

    @property
    def undo_of(self) -> uuid.UUID | None:
        """The booking that this hour is kept for, while the therapist can undo what she did to it."""
        return undo_of(self.name) if self.status is Status.HELD and self.booking_id is None else None


@dataclass(frozen=True, slots=True)
class OutsideHours:
    """Neither weekly nor extra hours hold then."""


@dataclass(frozen=True, slots=True)
class OnHoliday:
    """The weekly hours that would hold then do not on a public holiday."""

    name: str


@dataclass(frozen=True, slots=True)
class InTimeOff:
    absence: Absence


@dataclass(frozen=True, slots=True)
class DoesNotFit:
    """The session would run on after `closes_at`, when open time ends."""

    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """It is over."""


@dataclass(frozen=True, slots=True)
class TooSoon:
    """Closer than the notice; `earliest_at` is the first instant that is not."""

    earliest_at: datetime


@dataclass(frozen=True, slots=True)
class TooFar:
    """Beyond the horizon; `latest_at` is its first instant."""

    latest_at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """The session itself would meet this one."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Held:
    """As `Taken`, by a hold: free again at `claim.hold_expires_at` unless it is booked until then."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class InBuffer:
    """The sessions would not meet, but the quiet time between them would be too short."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class BusyElsewhere:
    """Another calendar of hers is busy for all of `span`; the session, or its quiet time, would meet it."""

    calendar_id: uuid.UUID
    span: TimeSpan


@dataclass(frozen=True, slots=True)
class DayFull:
    limit: int


@dataclass(frozen=True, slots=True)
class WeekFull:
    limit: int


Reason = (
    OutsideHours
    | OnHoliday
    | InTimeOff
    | DoesNotFit
    | Past
    | TooSoon
    | TooFar
    | Taken
    | Held
    | InBuffer
    | BusyElsewhere
    | DayFull
    | WeekFull
)
