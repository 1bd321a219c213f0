"""Reasons why a time is not on offer.

Once times of other calendars close hours as well, they will be one more kind.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from consult.core.timespan import TimeSpan

from .availability import Absence
from .lifecycle import Status


class Kind(StrEnum):
    OUTSIDE_HOURS = "outside_hours"
    HOLIDAY = "holiday"
    TIME_OFF = "time_off"
    DOES_NOT_FIT = "does_not_fit"
    PAST = "past"
    NOTICE = "notice"
    HORIZON = "horizon"
    TAKEN = "taken"
    HELD = "held"
    BUFFER = "buffer"
    DAY_FULL = "day_full"
    WEEK_FULL = "week_full"


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


@dataclass(frozen=True, slots=True)
class OutsideHours:
    """Neither weekly nor extra hours hold then."""

    kind: ClassVar = Kind.OUTSIDE_HOURS


@dataclass(frozen=True, slots=True)
class OnHoliday:
    """The weekly hours that would hold then do not on a public holiday."""

    kind: ClassVar = Kind.HOLIDAY
    name: str


@dataclass(frozen=True, slots=True)
class InTimeOff:
    kind: ClassVar = Kind.TIME_OFF
    absence: Absence


@dataclass(frozen=True, slots=True)
class DoesNotFit:
    """The session would run on after `closes_at`, when open time ends."""

    kind: ClassVar = Kind.DOES_NOT_FIT
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    kind: ClassVar = Kind.PAST


@dataclass(frozen=True, slots=True)
class TooSoon:
    """Closer than the notice; `earliest_at` is the first instant that is not."""

    kind: ClassVar = Kind.NOTICE
    earliest_at: datetime


@dataclass(frozen=True, slots=True)
class TooFar:
    """Beyond the horizon; `latest_at` is its first instant."""

    kind: ClassVar = Kind.HORIZON
    latest_at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """The session itself would meet this one."""

    kind: ClassVar = Kind.TAKEN
    claim: Claim


@dataclass(frozen=True, slots=True)
class Held:
    """As `Taken`, by a hold: free again at `claim.hold_expires_at` unless it is booked until then."""

    kind: ClassVar = Kind.HELD
    claim: Claim


@dataclass(frozen=True, slots=True)
class InBuffer:
    """The sessions would not meet, but the quiet time between them would be too short."""

    kind: ClassVar = Kind.BUFFER
    claim: Claim


@dataclass(frozen=True, slots=True)
class DayFull:
    kind: ClassVar = Kind.DAY_FULL
    limit: int


@dataclass(frozen=True, slots=True)
class WeekFull:
    kind: ClassVar = Kind.WEEK_FULL
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
    | DayFull
    | WeekFull
)
