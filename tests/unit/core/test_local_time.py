from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

import pytest

from consult.core.local_time import spoken
from consult.core.timespan import TimeSpan


@pytest.mark.parametrize(
    ("start_at", "zone", "said"),
    [
        (
            datetime(2026, 6, 2, 19, 0, tzinfo=UTC),
            "America/New_York",
            "Tuesday, June 2, 2026, 3:00 pm to 3:45 pm, New York time (EDT)",
        ),
        (
            datetime(2026, 1, 6, 16, 30, tzinfo=UTC),
            "America/Chicago",
            "Tuesday, January 6, 2026, 10:30 am to 11:15 am, Chicago time (CST)",
        ),
        (
            datetime(2026, 6, 3, 3, 30, tzinfo=UTC),
            "America/Los_Angeles",
            "Tuesday, June 2, 2026, 8:30 pm to 9:15 pm, Los Angeles time (PDT)",
        ),
        (
            datetime(2026, 6, 3, 3, 30, tzinfo=UTC),
            "America/New_York",
            "Tuesday, June 2, 2026, 11:30 pm to 12:15 am, New York time (EDT)",
        ),
        (
            datetime(2026, 6, 2, 3, 0, tzinfo=UTC),
            "America/Argentina/Buenos_Aires",
            "Tuesday, June 2, 2026, 12:00 am to 12:45 am, Buenos Aires time (UTC-03)",
        ),
        (datetime(2026, 6, 2, 12, 5, tzinfo=UTC), "UTC", "Tuesday, June 2, 2026, 12:05 pm to 12:50 pm, UTC"),
    ],
)
def test_an_hour_is_said_in_the_readers_zone_with_its_name(start_at: datetime, zone: str, said: str) -> None:
    assert spoken(TimeSpan(start_at, start_at + timedelta(minutes=45)), zone) == said


def test_the_doubled_hour_of_autumn_is_told_apart_by_the_zones_short_name() -> None:
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    hours = [TimeSpan(start, start + timedelta(minutes=30)) for start in (first, first + timedelta(hours=1))]

    said = [spoken(hour, "America/New_York") for hour in hours]
    assert said == [
        "Sunday, November 1, 2026, 1:30 am to 1:00 am, New York time (EDT)",
        "Sunday, November 1, 2026, 1:30 am to 2:00 am, New York time (EST)",
    ]


def test_a_zone_nobody_knows_is_an_error() -> None:
    start = datetime(2026, 6, 2, tzinfo=UTC)
    with pytest.raises(ZoneInfoNotFoundError):
        spoken(TimeSpan(start, start + timedelta(hours=1)), "Mars/Olympus")
