"""A time that is gone is said to be gone before anybody waits for a lock."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from consult.booking.holds import refuse_if_gone
from consult.booking.models import Booking
from consult.core.clock import FixedClock
from consult.scheduling import service as scheduling
from consult.scheduling.errors import SlotNotOffered, SlotTaken
from consult.scheduling.models import Appointment, SessionType
from consult.scheduling.policies import HOLD_TTL
from consult.scheduling.queries import find_live_appointment
from consult.scheduling.rulebook import bump_rules

from .asked import statements
from .conftest import ONE, Desk


def look(desk: Desk, booking: Booking) -> None:
    refuse_if_gone(desk.session, desk.fresh(booking), ONE, desk.now)


def test_who_is_too_late_is_refused_outside_any_write_and_nothing_is_written(desk: Desk):
    winner, loser = desk.screened(), desk.screened()
    desk.hold(winner, ONE)
    with statements(desk) as asked, pytest.raises(SlotTaken):
        look(desk, loser)
    assert asked
    assert all(each.startswith("SELECT") and "FOR UPDATE" not in each for each in asked), asked
    assert not desk.session.dirty
    assert desk.session.scalar(select(func.count()).select_from(Appointment)) == 1
    assert desk.fresh(loser).first_held_at is None


def test_a_time_that_has_just_become_free_is_not_refused(desk: Desk):
    winner, loser = desk.screened(), desk.screened()
    desk.hold(winner, ONE)
    with pytest.raises(SlotTaken):
        look(desk, loser)
    held = find_live_appointment(desk.session, winner.id)
    assert held is not None
    with desk.counter.transaction():
        scheduling.release_hold(desk.session, held.id, desk.now)
    look(desk, loser)
    desk.hold(loser, ONE)


def test_a_hold_that_ran_out_refuses_nobody_though_nothing_has_ended_it(desk: Desk, clock: FixedClock):
    winner, loser = desk.screened(), desk.screened()
    desk.hold(winner, ONE)
    clock.advance(HOLD_TTL - timedelta(seconds=1))
    with pytest.raises(SlotTaken):
        look(desk, loser)
    clock.advance(timedelta(seconds=1))
    look(desk, loser)


def test_ones_own_hold_is_no_reason_to_refuse(desk: Desk):
    booking = desk.screened()
    desk.hold(booking, ONE)
    look(desk, booking)


def test_what_the_same_confirmed_mailbox_holds_elsewhere_refuses_nothing(desk: Desk):
    """The command gives that hold back first, and then the time is free."""
    first, second = desk.screened(), desk.screened()
    for booking in (first, second):
        desk.confirm_email(booking)
    desk.hold(first, ONE)
    look(desk, second)
    desk.hold(second, ONE)
    with pytest.raises(SlotTaken):
        look(desk, desk.screened())


def test_a_start_that_was_never_on_offer_is_refused_as_that(desk: Desk):
    with pytest.raises(SlotNotOffered):
        refuse_if_gone(desk.session, desk.screened(), ONE + timedelta(minutes=1), desk.now)


def test_of_a_kind_of_visit_no_longer_offered_it_is_left_to_the_command_to_say(desk: Desk):
    booking = desk.screened()
    with desk.counter.transaction():
        kind = desk.session.get_one(SessionType, booking.session_type_id)
        kind.active = False
        bump_rules(desk.session, kind.schedule_id)
    look(desk, booking)
