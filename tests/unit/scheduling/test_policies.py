"""How soon and how far ahead."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from consult.scheduling.policies import CHECKOUT_GRACE, CHECKOUT_TTL, HOLD_TTL, BookingWindow


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
