"""Wall clock to instant, on the days when clocks change."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from consult.scheduling.wall_clock import day_start, instant

CASES = [
    # zone, day, wall clock, the instant in UTC
    ("America/New_York", "2026-06-01", "09:00", "2026-06-01T13:00"),
    ("America/New_York", "2026-03-08", "01:59", "2026-03-08T06:59"),
    ("America/New_York", "2026-03-08", "02:00", "2026-03-08T07:00"),
    ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:00"),
    ("America/New_York", "2026-03-08", "03:00", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01", "00:59", "2026-11-01T04:59"),
    ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30"),
    ("America/New_York", "2026-11-01", "02:00", "2026-11-01T07:00"),
    ("Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30"),
    ("Europe/Berlin", "2026-10-25", "03:00", "2026-10-25T02:00"),
    ("Australia/Sydney", "2026-10-04", "02:30", "2026-10-03T16:00"),
    ("Australia/Sydney", "2026-04-05", "02:30", "2026-04-04T15:30"),
    ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30"),
    ("Australia/Lord_Howe", "2026-10-04", "02:30", "2026-10-03T15:30"),
    ("Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45"),
    ("Australia/Lord_Howe", "2026-04-05", "02:00", "2026-04-04T15:30"),
    ("America/Phoenix", "2026-03-08", "02:30", "2026-03-08T09:30"),
    ("America/Phoenix", "2026-11-01", "01:30", "2026-11-01T08:30"),
    ("Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T10:00"),
]


@pytest.mark.parametrize(("zone", "day", "wall", "expected"), CASES)
def test_a_wall_time_is_its_first_real_instant(zone: str, day: str, wall: str, expected: str) -> None:
    found = instant(date.fromisoformat(day), time.fromisoformat(wall), ZoneInfo(zone))

    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("America/New_York", "2026-06-01", "2026-06-01T04:00"),
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00"),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00"),
    ],
)
def test_a_day_starts_at_its_first_instant_even_where_midnight_is_skipped_or_comes_twice(
    zone: str, day: str, expected: str
) -> None:
    assert day_start(date.fromisoformat(day), ZoneInfo(zone)) == datetime.fromisoformat(expected).replace(
        tzinfo=UTC
    )
