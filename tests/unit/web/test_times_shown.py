"""Times as pages show them, around a change of clocks."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from consult.scheduling.slots import Slot
from consult.web.filters import init_filters

NOVEMBER = "New York time (EDT), UTC−4. The clocks change on Sunday, November 1: after that EST, UTC−5"


@pytest.fixture(scope="module")
def filters() -> dict:
    app = Flask(__name__)
    init_filters(app)
    return app.jinja_env.filters


def slots_from(first: datetime, count: int) -> list[Slot]:
    starts = [first + timedelta(minutes=30) * number for number in range(count)]
    return [Slot(start, start + timedelta(minutes=45)) for start in starts]


@pytest.mark.parametrize(
    ("zone", "first_on", "last_on", "said"),
    [
        ("America/New_York", "2026-10-25", "2026-10-31", "New York time (EDT), UTC−4"),
        ("America/New_York", "2026-11-01", "2026-11-07", NOVEMBER),
        ("America/New_York", "2026-11-02", "2026-11-08", "New York time (EST), UTC−5"),
        (
            "Australia/Lord_Howe",
            "2026-10-04",
            "2026-10-04",
            "Lord Howe time (UTC+10:30). The clocks change on Sunday, October 4: after that UTC+11",
        ),
        ("Asia/Kolkata", "2026-10-25", "2026-11-07", "Kolkata time (IST), UTC+5:30"),
        ("Etc/GMT+5", "2026-10-25", "2026-11-07", "UTC−5"),
        ("EST5EDT", "2026-06-01", "2026-06-07", "EDT, UTC−4"),
        ("Etc/UTC", "2026-10-25", "2026-10-25", "UTC"),
    ],
)
def test_days_are_headed_by_the_offset_that_holds_on_them(
    filters: dict, zone: str, first_on: str, last_on: str, said: str
) -> None:
    assert filters["zone_on_days"](zone, date.fromisoformat(first_on), date.fromisoformat(last_on)) == said


def test_a_zone_that_is_no_place_can_be_seen_to_be_chosen(filters: dict) -> None:
    assert '<option value="Etc/GMT+5" selected>' in filters["zone_options"](["Europe/Berlin"], "Etc/GMT+5")


def test_the_doubled_hour_is_offered_as_two(filters: dict) -> None:
    slots = slots_from(datetime(2026, 11, 1, 4, 30, tzinfo=UTC), 6)

    [day] = filters["slot_days"]([(date(2026, 11, 1), slots)], "America/New_York")

    labels = [option.label for option in day["options"]]
    assert labels == ["12:30 am", "1:00 am EDT", "1:30 am EDT", "1:00 am EST", "1:30 am EST", "2:00 am"]
    assert filters["slots_zone"](slots, "America/New_York") == NOVEMBER
