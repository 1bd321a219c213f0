"""Half-open spans of time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .clock import as_utc


@dataclass(frozen=True, order=True, slots=True)
class TimeSpan:
    """From `start_at` up to, not including, `end_at`; both aware UTC.

    Raises ValueError when a bound is naive or the span would be empty or inverted.
    """

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start_at", as_utc(self.start_at))
        object.__setattr__(self, "end_at", as_utc(self.end_at))
        if self.end_at <= self.start_at:
            raise ValueError(f"a span must end after it starts: {self.start_at} .. {self.end_at}")

    @property
    def duration(self) -> timedelta:
        return self.end_at - self.start_at

    def overlaps(self, other: "TimeSpan") -> bool:
        return self.start_at < other.end_at and other.start_at < self.end_at

    def contains(self, other: "TimeSpan") -> bool:
        return self.start_at <= other.start_at and other.end_at <= self.end_at

    def widened(self, before: timedelta, after: timedelta) -> "TimeSpan":
        return TimeSpan(self.start_at - before, self.end_at + after)


def merged(spans: Iterable[TimeSpan]) -> list[TimeSpan]:
    """The same time as sorted spans that neither overlap nor touch."""
    result: list[TimeSpan] = []
    for span in sorted(spans):
        if result and span.start_at <= result[-1].end_at:
            if span.end_at > result[-1].end_at:
                result[-1] = TimeSpan(result[-1].start_at, span.end_at)
        else:
            result.append(span)
    return result


def subtracted(spans: Iterable[TimeSpan], holes: Iterable[TimeSpan]) -> list[TimeSpan]:
    """`spans` without any moment of `holes`; sorted and merged."""
    cuts = merged(holes)
    result: list[TimeSpan] = []
    for span in merged(spans):
        start_at = span.start_at
        for cut in cuts:
            if cut.end_at <= start_at or cut.start_at >= span.end_at:
                continue
            if cut.start_at > start_at:
                result.append(TimeSpan(start_at, cut.start_at))
            start_at = max(start_at, cut.end_at)
        if start_at < span.end_at:
            result.append(TimeSpan(start_at, span.end_at))
    return result
