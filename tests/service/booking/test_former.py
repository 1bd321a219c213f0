"""Earlier visits of the same person."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from consult.booking.answers.former import FormerVisit, former_visits
from consult.booking.desk import contact_of, summary_page
from consult.booking.models import Booking
from consult.core.clock import FixedClock
from consult.intake import service as intake
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment

from .conftest import ONE, TEN, Desk


@pytest.fixture
def former(desk: Desk) -> Callable[[Booking], list[FormerVisit]]:
    def visits(booking: Booking) -> list[FormerVisit]:
        start_at = desk.standing(booking).appointment.start_at
        contact = contact_of(desk.session, booking, desk.ports)
        return list(former_visits(desk.session, booking, contact, start_at, desk.ports))

    return visits


def set_status(desk: Desk, booking: Booking, status: Status) -> None:
    with desk.counter.transaction():
        desk.session.execute(
            update(Appointment).where(Appointment.booking_id == booking.id).values(status=status)
        )


def send_intake(desk: Desk, booking: Booking) -> None:
    with desk.counter.transaction():
        intake.complete(desk.session, booking.id, desk.now)


def test_visits_before_this_one_stand_latest_first_with_whether_the_form_was_sent(
    desk: Desk, former: Callable[[Booking], list[FormerVisit]], clock: FixedClock
):
    first = desk.booked(TEN)
    second = desk.booked(ONE)
    third = desk.booked(TEN + timedelta(days=1))
    send_intake(desk, first)
    assert former(third) == [FormerVisit(second.id, ONE, False), FormerVisit(first.id, TEN, True)]
    assert former(second) == [FormerVisit(first.id, TEN, True)]
    assert former(first) == []


def test_only_visits_that_took_place_or_still_will_count(
    desk: Desk, former: Callable[[Booking], list[FormerVisit]], subtests: pytest.Subtests
):
    first = desk.booked(TEN)
    second = desk.booked(ONE)
    for status in Status:
        with subtests.test(status.value):
            set_status(desk, first, status)
            counts = status in (Status.BOOKED, Status.DONE)
            assert [visit.booking_id for visit in former(second)] == [first.id] * counts


def test_the_summary_compares_with_the_latest_visit_whose_form_was_sent(desk: Desk):
    first, second, third = (desk.booked(start_at) for start_at in (TEN, ONE, TEN + timedelta(days=1)))
    assert summary_page(desk.session, third.id, desk.now, desk.ports).since is None
    send_intake(desk, first)
    page = summary_page(desk.session, third.id, desk.now, desk.ports)
    assert page.since is not None
    assert page.since.booking_id == first.id
    send_intake(desk, second)
    page = summary_page(desk.session, third.id, desk.now, desk.ports)
    assert page.since is not None
    assert page.since.booking_id == second.id
    assert page.summary.sheet.changes is not None


def test_a_former_form_that_is_lost_takes_the_comparison_along_and_nothing_else(desk: Desk):
    first, second = desk.booked(TEN), desk.booked(ONE)
    send_intake(desk, first)
    with desk.counter.transaction():
        intake.find_response(desk.session, first.id).questionnaire_version = "1.0.0+lost"
    page = summary_page(desk.session, second.id, desk.now, desk.ports)
    assert page.since is not None
    assert page.summary.sheet.changes is None
