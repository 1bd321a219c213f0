"""Open time less busy time, cut into starts a patient may choose."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import NamedTuple

Seconds = tuple[int, int]
"""A half-open span, start and end in whole seconds since 1970 UTC."""


class Slot(NamedTuple):
    """A time on offer, without its buffers; aware UTC. Computed, never stored."""

    start_at: datetime
    end_at: datetime


def open_slots(
    open_spans: Sequence[Seconds],
    busy: Iterable[Seconds],
    *,
    minutes: int,
    buffers: tuple[int, int],
    step_minutes: int,
    earliest_at: datetime,
    latest_at: datetime,
) -> list[Slot]:
    """Slots of `minutes` that start every `step_minutes` from each open span's start, in order of time.

    The session lies inside one open span; the minutes of `buffers` before and after it may reach out of
    open time, but not into `busy`, which has the buffers of others already. Starts lie in [earliest_at,
    latest_at). `open_spans` are sorted and disjoint. Raises ValueError for a length or step not positive.
    """
    if minutes <= 0 or step_minutes <= 0:
        raise ValueError(f"slots need a positive length and step, not {minutes} and {step_minutes}")
    length, step = minutes * 60, step_minutes * 60
    before, after = buffers[0] * 60, length + buffers[1] * 60
    earliest, latest = ceil(earliest_at.timestamp()), ceil(latest_at.timestamp())
    taken = [*_disjoint(busy), (latest + before + after, latest + before + after)]
    current = 0
    starts: list[int] = []
    for opens, closes in open_spans:
        start = _next_on_grid(opens, step, earliest)
        last = min(closes - length, latest - 1)
        while start <= last:
            while taken[current][1] <= start - before:
                current += 1
            if taken[current][0] < start + after:
                start = _next_on_grid(start, step, taken[current][1] + before)
            else:
                starts.append(start)
                start += step
    duration = timedelta(seconds=length)
    start_ats = [datetime.fromtimestamp(start, UTC) for start in starts]
    return [Slot(start_at, start_at + duration) for start_at in start_ats]


def _next_on_grid(start: int, step: int, earliest: int) -> int:
    """The first of start, start + step, ... that is not before `earliest`."""
    return start if start >= earliest else earliest + (start - earliest) % step


def _disjoint(busy: Iterable[Seconds]) -> list[Seconds]:
    """The same time, sorted by start and by end."""
    result: list[Seconds] = []
    for start, end in sorted(busy):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result
