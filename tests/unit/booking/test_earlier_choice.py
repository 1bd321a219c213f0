"""Which earlier time is worth a mail, and how long it can be kept."""

from datetime import UTC, datetime, timedelta

import pytest

from consult.booking.earlier.choice import awake, offer_until, openings, still_known
from consult.core.timespan import TimeSpan

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("ahead", "kept"),
    [
        (timedelta(days=2), 3 * HOUR),
        (4 * HOUR, 3 * HOUR),
        (3 * HOUR, 2 * HOUR),
        (1.5 * HOUR, HOUR / 2),
        (1.25 * HOUR, None),
        (-HOUR, None),
    ],
)
def test_an_offer_is_kept_three_hours_at_most_and_ends_an_hour_before(
    ahead: timedelta, kept: timedelta | None
):
    until = offer_until(NOON + ahead, NOON)
    assert until == (NOON + kept if kept is not None else None)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/New_York", True),
        ("America/Los_Angeles", False),
        ("Asia/Kolkata", True),
        ("Asia/Tokyo", False),
    ],
)
def test_it_is_day_from_eight_to_nine_in_the_evening_where_the_patient_is(zone: str, day: bool):
    assert awake(zone, NOON) is day


def test_only_times_that_are_worth_it_new_and_not_refused_are_openings():
    free = [NOON + hours * HOUR for hours in (5, 1, 2, 3, 9.5, 9)]
    known = {int((NOON + 2 * HOUR).timestamp())}
    found = openings(free, known, {NOON + 3 * HOUR}, before=NOON + 10 * HOUR, length=HOUR)
    assert found == [NOON + hours * HOUR for hours in (1, 5, 9)]


def test_every_start_of_a_refused_hour_is_refused_and_those_beside_it_are_not():
    free = [NOON + minutes * HOUR / 60 for minutes in (0, 15, 30, 45, 60, 75, 90)]
    found = openings(free, (), {NOON + HOUR * 0.75}, before=NOON + 10 * HOUR, length=HOUR * 0.75)
    assert found == [free[0], free[6]]


def test_a_known_time_that_was_booked_is_forgotten_so_that_it_can_open():
    known = [int((NOON + hours * HOUR).timestamp()) for hours in (0, 1, 2)]
    booked = [TimeSpan(NOON + 0.5 * HOUR, NOON + HOUR)]
    assert still_known(known, booked, HOUR * 0.75) == known[1:]
