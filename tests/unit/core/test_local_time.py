from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from consult.core.local_time import clock_words, offset_words, spoken
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
            "Tuesday, June 2, 2026, 12:00 am to 12:45 am, Buenos Aires time (UTC−3)",
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
        "Sunday, November 1, 2026, 1:30 am EDT to 1:00 am EST, New York time (EDT)",
        "Sunday, November 1, 2026, 1:30 am EST to 2:00 am, New York time (EST)",
    ]


def test_a_zone_nobody_knows_is_an_error() -> None:
    start = datetime(2026, 6, 2, tzinfo=UTC)
    with pytest.raises(ZoneInfoNotFoundError):
        spoken(TimeSpan(start, start + timedelta(hours=1)), "Mars/Olympus")


@pytest.mark.parametrize(
    ("zone", "at", "said"),
    [
        ("Australia/Lord_Howe", "2026-04-04T14:45+00:00", "1:45 am UTC+11"),
        ("Australia/Lord_Howe", "2026-04-04T15:15+00:00", "1:45 am UTC+10:30"),
        ("Australia/Lord_Howe", "2026-04-04T15:30+00:00", "2:00 am"),
        ("Australia/Lord_Howe", "2026-10-03T15:30+00:00", "2:30 am"),
        ("Europe/Berlin", "2026-10-25T00:00+00:00", "2:00 am CEST"),
        ("Europe/Berlin", "2026-10-25T01:59+00:00", "2:59 am CET"),
        ("Europe/Berlin", "2026-03-29T01:00+00:00", "3:00 am"),
        ("Asia/Kolkata", "2026-10-25T01:00+00:00", "6:30 am"),
    ],
)
def test_only_a_time_that_the_clock_shows_twice_says_which_it_is(zone: str, at: str, said: str) -> None:
    assert clock_words(datetime.fromisoformat(at).astimezone(ZoneInfo(zone))) == said


@pytest.mark.parametrize(
    ("zone", "month", "label"),
    [
        ("America/New_York", 6, "UTC−4"),
        ("America/New_York", 1, "UTC−5"),
        ("Asia/Kolkata", 6, "UTC+5:30"),
        ("America/St_Johns", 6, "UTC−2:30"),
        ("Europe/London", 1, "UTC"),
        ("Etc/UTC", 6, "UTC"),
    ],
)
def test_the_offset_is_that_of_the_instant(zone: str, month: int, label: str) -> None:
    assert offset_words(datetime(2026, month, 1, tzinfo=UTC).astimezone(ZoneInfo(zone))) == label
