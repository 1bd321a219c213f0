"""One therapist's rules as they stand at one version: what is open, and which starts are on offer."""

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from consult.core.timespan import TimeSpan

from .availability import Hours
from .errors import NotOffered, SlotNotOffered
from .policies import BookingWindow, Caps
from .slots import Seconds, Slot

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """A session type's length and buffers (before, after), in minutes; a retired one is not `active`."""

    minutes: int
    buffers: tuple[int, int]
    active: bool


@dataclass(frozen=True, slots=True)
class Rules:
    schedule_id: uuid.UUID
    version: int
    window: BookingWindow
    step_minutes: int
    caps: Caps
    hours: Hours
    terms: Mapping[uuid.UUID, Terms]
    _open: dict[date, tuple[Seconds, ...]] = field(default_factory=dict, repr=False, compare=False)

    def open_on(self, day: date) -> tuple[Seconds, ...]:
        """Open time of the therapist's day, worked out once."""
        known = self._open.get(day)
        if known is None:
            known = tuple(
                (int(span.start_at.timestamp()), int(span.end_at.timestamp()))
                for span in self.hours.open_on(day)
            )
            self._open[day] = known
        return known

    def day_of(self, at: datetime) -> date:
        """The therapist's day."""
        return at.astimezone(self.window.zone).date()

    def is_open(self, span: TimeSpan) -> bool:
        """Whether hours and time off leave the whole span open."""
        return any(opened.contains(span) for opened in self.hours.open_on(self.day_of(span.start_at)))

    def counts(self, starts: list[int]) -> Counter[date]:
        """Sessions a day, from their starts in seconds."""
        zone = self.window.zone
        return Counter(datetime.fromtimestamp(start, zone).date() for start in starts)


@dataclass(frozen=True, slots=True)
class Offer:
    """Sessions of one kind as they can be booked now; `moving_id` is the appointment that looks for another
    time, whose own claim counts for nothing.
    """

    rules: Rules
    minutes: int
    buffers: tuple[int, int]
    moving_id: uuid.UUID | None = None

    @property
    def schedule_id(self) -> uuid.UUID:
        return self.rules.schedule_id

    @property
    def window(self) -> BookingWindow:
        return self.rules.window

    def slot_at(self, start_at: datetime, now: datetime) -> Slot:
        """The slot at this very start, whoever may have taken it. Caps are not looked at.

        Raises SlotNotOffered.
        """
        reason = self._outside_window(start_at, now) or self._off_hours(start_at)
        if reason is not None:
            raise SlotNotOffered(start_at, reason)
        return self.slot_from(start_at)

    def slot_from(self, start_at: datetime) -> Slot:
        """A session of this length from `start_at`, on offer or not."""
        start_at = start_at.astimezone(UTC)
        return Slot(start_at, start_at + self.minutes * _MINUTE)

    def busy_span(self, slot: Slot) -> TimeSpan:
        """The slot with its buffers."""
        before, after = self.buffers
        return TimeSpan(*slot).widened(before * _MINUTE, after * _MINUTE)

    def _outside_window(self, start_at: datetime, now: datetime) -> NotOffered | None:
        if start_at < now:
            return NotOffered.PAST
        if start_at < self.window.earliest_at(now):
            return NotOffered.NOTICE
        if start_at >= self.window.latest_at(now):
            return NotOffered.HORIZON
        return None

    def _off_hours(self, start_at: datetime) -> NotOffered | None:
        session = TimeSpan(start_at, start_at + self.minutes * _MINUTE)
        for opened in self.rules.hours.open_on(self.rules.day_of(start_at)):
            if opened.contains(session):
                off_grid = (session.start_at - opened.start_at) % (self.rules.step_minutes * _MINUTE)
                return NotOffered.GRID if off_grid else None
        return NotOffered.CLOSED
