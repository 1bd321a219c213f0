"""How soon and how far ahead."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from consult.scheduling.policies import (
    CHECKOUT_GRACE,
    CHECKOUT_TTL,
    HOLD_TTL,
    BookingWindow,
    Cap,
    Caps,
    week_of,
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_first_start_is_the_notice_after_now() -> None:
    window = BookingWindow(timedelta(hours=2), 30, ZoneInfo("America/New_York"))

    assert window.earliest_at(utc("2026-06-01T12:00")) == utc("2026-06-01T14:00")


@pytest.mark.parametrize(
    ("now", "latest"),
    [
        ("2026-06-01T12:00", "2026-07-02T04:00"),
        ("2026-06-02T03:59", "2026-07-02T04:00"),
        ("2026-06-02T04:00", "2026-07-03T04:00"),
        ("2026-10-10T12:00", "2026-11-10T05:00"),
    ],
)
def test_the_last_day_is_offered_whole_and_is_the_therapists_day(now: str, latest: str) -> None:
    window = BookingWindow(timedelta(hours=2), 30, ZoneInfo("America/New_York"))

    assert window.latest_at(utc(now)) == utc(latest)


def test_a_checkout_lasts_longer_than_the_gateway_asks_and_its_hold_longer_still() -> None:
    assert timedelta(0) < HOLD_TTL < CHECKOUT_TTL
    assert timedelta(minutes=30) < CHECKOUT_TTL
    assert timedelta(0) < CHECKOUT_GRACE


WEDNESDAY = date(2026, 6, 3)


@pytest.mark.parametrize(
    ("caps", "counts", "reached"),
    [
        (Caps(), {3: 99}, []),
        (Caps(per_day=2), {}, []),
        (Caps(per_day=2), {3: 1, 2: 5, 4: 5}, []),
        (Caps(per_day=2), {3: 2}, [Cap.DAY]),
        (Caps(per_day=2), {3: 3}, [Cap.DAY]),
        (Caps(per_day=0), {}, [Cap.DAY]),
        (Caps(per_week=3), {1: 1, 3: 1}, []),
        (Caps(per_week=3), {1: 1, 3: 1, 7: 1}, [Cap.WEEK]),
        (Caps(per_week=3), {1: 2, 8: 1}, []),
        (Caps(per_week=3), {-1: 2, 7: 2}, []),
        (Caps(per_day=1, per_week=1), {3: 1}, [Cap.DAY, Cap.WEEK]),
    ],
)
def test_a_cap_is_reached_by_the_sessions_of_that_day_or_of_monday_to_sunday(
    caps: Caps, counts: dict[int, int], reached: list[Cap]
) -> None:
    """Counts by day of June 2026, whose first is a Monday."""
    by_day = {date(2026, 6, 1) + timedelta(days=day - 1): count for day, count in counts.items()}

    assert caps.reached_on(WEDNESDAY, by_day) == reached


def test_only_a_limit_makes_caps_count() -> None:
    assert not Caps()
    assert all([Caps(per_day=0), Caps(per_week=5)])


def test_a_week_is_monday_to_sunday() -> None:
    for day in (date(2026, 6, 1), WEDNESDAY, date(2026, 6, 7)):
        assert (week_of(day)[0], week_of(day)[-1]) == (date(2026, 6, 1), date(2026, 6, 7))
