"""Which signs hold a visit again after the therapist has released it."""

from datetime import timedelta

import pytest

from consult.booking.models import Booking
from consult.booking.recheck import save_recheck
from consult.booking.safety_release import SignsChanged, release_as_seen
from consult.core.clock import FixedClock

from .conftest import Desk

NEW = {"rc_same": ["habit"], "sc_habit_what": ["often"], "sc_habit_when": "w2"}
LONG = NEW | {"sc_habit_when": "long"}
CHEST = {"rc_same": ["chest"]}


@pytest.fixture
def booking(desk: Desk) -> Booking:
    return desk.booked()


def ask_again(desk: Desk, booking: Booking, answers: dict[str, object]) -> bool:
    """Whether the visit is on hold after these answers."""
    desk.do(save_recheck, desk.fresh(booking), answers, True)
    return desk.fresh(booking).on_safety_hold


def release(desk: Desk, booking: Booking, *seen: str) -> None:
    desk.do(release_as_seen, desk.fresh(booking), seen)


def test_one_she_has_read_does_not_and_another_does(desk: Desk, booking: Booking):
    assert ask_again(desk, booking, NEW)
    with pytest.raises(SignsChanged):
        release(desk, booking)
    release(desk, booking, "bladder_bowel_new_change")
    assert not ask_again(desk, booking, NEW)
    assert ask_again(desk, booking, CHEST)


def test_one_that_was_taken_back_before_she_could_read_it_does(desk: Desk, booking: Booking):
    assert ask_again(desk, booking, CHEST)
    assert ask_again(desk, booking, NEW)
    assert ask_again(desk, booking, LONG)
    release(desk, booking, "chest_or_breathing")
    assert not ask_again(desk, booking, LONG)
    assert ask_again(desk, booking, NEW)


def test_one_told_by_an_older_clock_than_the_releases_does(desk: Desk, booking: Booking, clock: FixedClock):
    """Who waits for the lock has looked at the clock before."""
    assert ask_again(desk, booking, NEW)
    release(desk, booking, "bladder_bowel_new_change")
    clock.advance(-timedelta(milliseconds=5))
    assert ask_again(desk, booking, CHEST)
    clock.advance(-timedelta(milliseconds=5))
    release(desk, booking, "bladder_bowel_new_change", "chest_or_breathing")
    assert not desk.fresh(booking).on_safety_hold
