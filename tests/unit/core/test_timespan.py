"""Spans of time: joining and cutting them loses and invents nothing."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.core.timespan import TimeSpan, merged, subtracted

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def span(start: int, end: int) -> TimeSpan:
    return TimeSpan(EPOCH + timedelta(hours=start), EPOCH + timedelta(hours=end))


def hours(spans: list[TimeSpan]) -> set[int]:
    """Every hour the spans cover, one by one: the slow way that cannot be wrong."""
    return {
        hour
        for each in spans
        for hour in range(
            (each.start_at - EPOCH) // timedelta(hours=1), (each.end_at - EPOCH) // timedelta(hours=1)
        )
    }


spans = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: span(pair[0], sum(pair))))


@pytest.mark.parametrize("end", [5, 4])
def test_a_span_without_any_time_in_it_is_refused(end: int) -> None:
    with pytest.raises(ValueError, match="must end after it starts"):
        span(5, end)


def test_a_naive_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        TimeSpan(datetime(2026, 1, 1), EPOCH + timedelta(days=1))  # noqa: DTZ001 - the naive time is the point


def test_bounds_are_kept_in_utc_whatever_zone_they_came_in() -> None:
    local = EPOCH.astimezone(timezone(timedelta(hours=9)))

    assert TimeSpan(local, local + timedelta(hours=1)).start_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ((1, 3), (3, 5), False),
        ((1, 3), (2, 5), True),
        ((1, 6), (2, 3), True),
        ((1, 3), (4, 5), False),
        ((1, 3), (1, 3), True),
    ],
)
def test_spans_that_only_touch_do_not_overlap(
    one: tuple[int, int], other: tuple[int, int], overlap: bool
) -> None:
    assert span(*one).overlaps(span(*other)) is overlap
    assert span(*other).overlaps(span(*one)) is overlap


def test_a_span_contains_itself_and_nothing_that_reaches_beyond_it() -> None:
    assert span(2, 5).contains(span(2, 5))
    assert not span(2, 5).contains(span(2, 6))
    assert not span(2, 5).contains(span(1, 5))


def test_widening_moves_each_end_outwards() -> None:
    assert span(2, 5).widened(timedelta(hours=1), timedelta(hours=2)) == span(1, 7)


def test_touching_spans_are_joined() -> None:
    assert merged([span(3, 5), span(1, 3), span(7, 8)]) == [span(1, 5), span(7, 8)]


def test_a_hole_in_the_middle_leaves_both_ends() -> None:
    assert subtracted([span(1, 9)], [span(3, 4), span(6, 7)]) == [span(1, 3), span(4, 6), span(7, 9)]


@given(spans)
def test_merging_keeps_every_hour_and_leaves_gaps_between_spans(some: list[TimeSpan]) -> None:
    result = merged(some)

    assert hours(result) == hours(some)
    assert all(left.end_at < right.start_at for left, right in pairwise(result))


@given(spans, spans)
def test_subtracting_keeps_exactly_the_hours_outside_the_holes(
    some: list[TimeSpan], holes: list[TimeSpan]
) -> None:
    result = subtracted(some, holes)

    assert hours(result) == hours(some) - hours(holes)
    assert all(left.end_at < right.start_at for left, right in pairwise(result))
