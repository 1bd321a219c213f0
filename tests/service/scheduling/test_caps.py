"""As many sessions a day and a week as the therapist wants."""

import uuid
from datetime import date, time, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from consult.core.timespan import TimeSpan
from consult.db.transaction import transaction
from consult.scheduling import service
from consult.scheduling.errors import NotOffered, SlotNotOffered, SlotTaken
from consult.scheduling.lifecycle import CLAIMING, Status
from tests.service.scheduling.factory import NOW, Clinic, add_clinic, add_hours, at, new_appointment
from tests.service.scheduling.steps import LATER, book, hold, new_booking, offered, status, stored
from tests.service.scheduling.test_races import TRIES, by_the_rules, live_count, race

MONDAY, TUESDAY, WEDNESDAY = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)


@pytest.fixture
def two_a_day(db_session: Session) -> Clinic:
    with transaction(db_session):
        return add_clinic(db_session, max_per_day=2)


@pytest.fixture
def three_a_week(db_session: Session) -> Clinic:
    with transaction(db_session):
        return add_clinic(db_session, max_per_week=3)


def refusal(session: Session, clinic: Clinic, *start_ats: object) -> NotOffered:
    with pytest.raises(SlotNotOffered) as refused:
        hold(session, clinic, new_booking(session, clinic), at(*start_ats))  # type: ignore[arg-type]
    return refused.value.reason


def test_a_full_day_offers_nothing_more_and_the_next_does(db_session: Session, two_a_day: Clinic) -> None:
    hold(db_session, two_a_day, new_booking(db_session, two_a_day), at(2, 13))
    assert offered(db_session, two_a_day, TUESDAY)
    book(db_session, two_a_day, new_booking(db_session, two_a_day), at(2, 15))

    assert offered(db_session, two_a_day, TUESDAY) == []
    assert len(offered(db_session, two_a_day, WEDNESDAY)) == 15
    assert refusal(db_session, two_a_day, 2, 18) is NotOffered.CAP


def test_a_full_week_offers_nothing_more_from_monday_to_sunday(
    db_session: Session, three_a_week: Clinic
) -> None:
    for day in (1, 3, 5):
        book(db_session, three_a_week, new_booking(db_session, three_a_week), at(day, 15))

    assert offered(db_session, three_a_week, MONDAY, 7) == []
    assert len(offered(db_session, three_a_week, date(2026, 6, 8))) == 15
    assert refusal(db_session, three_a_week, 4, 15) is NotOffered.CAP


@pytest.mark.parametrize("status", Status)
def test_what_counts_is_what_claims(db_session: Session, two_a_day: Clinic, status: Status) -> None:
    with transaction(db_session):
        for hour in (13, 14):
            db_session.add(new_appointment(two_a_day, at(2, hour), status=status))

    assert (offered(db_session, two_a_day, TUESDAY) == []) is (status in CLAIMING)


def test_a_hold_that_ran_out_and_an_own_entry_do_not_count(db_session: Session, two_a_day: Clinic) -> None:
    hold(db_session, two_a_day, new_booking(db_session, two_a_day), at(2, 13))
    with transaction(db_session):
        service.block_time(
            db_session,
            schedule_id=two_a_day.schedule_id,
            span=TimeSpan(at(2, 15), at(2, 16)),
            title="Team meeting",
            now=NOW,
        )
    assert offered(db_session, two_a_day, TUESDAY)
    book(db_session, two_a_day, new_booking(db_session, two_a_day), at(2, 18))
    assert offered(db_session, two_a_day, TUESDAY) == []

    assert offered(db_session, two_a_day, TUESDAY, now=LATER)
    hold(db_session, two_a_day, new_booking(db_session, two_a_day), at(2, 19), now=LATER)


def test_the_day_is_the_therapists_own_where_the_session_starts(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, max_per_day=1)
        for weekday in range(7):
            add_hours(db_session, clinic, weekday, time(0), time(0))
        db_session.add(new_appointment(clinic, at(3, 3, 30)))  # Tuesday half past eleven at night

    assert offered(db_session, clinic, TUESDAY) == []
    assert offered(db_session, clinic, WEDNESDAY)[0] == at(3, 4, 30)


def test_buffers_that_reach_over_midnight_count_for_nothing(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, max_per_day=1)
        appointment = new_appointment(clinic, at(3, 4))  # Wednesday, at the very start of the day
        appointment.busy_from = at(3, 3, 30)
        db_session.add(appointment)

    assert offered(db_session, clinic, TUESDAY)
    assert offered(db_session, clinic, WEDNESDAY) == []


def test_ones_own_hold_can_be_exchanged_on_a_full_day(db_session: Session, two_a_day: Clinic) -> None:
    book(db_session, two_a_day, new_booking(db_session, two_a_day), at(2, 13))
    booking_id = new_booking(db_session, two_a_day)
    hold(db_session, two_a_day, booking_id, at(2, 15))

    assert at(2, 18) in offered(db_session, two_a_day, TUESDAY, for_booking_id=booking_id)
    hold(db_session, two_a_day, booking_id, at(2, 18))


def test_ones_own_session_can_move_within_a_full_day_and_not_into_another(
    db_session: Session, two_a_day: Clinic
) -> None:
    booking_id = new_booking(db_session, two_a_day)
    booked = book(db_session, two_a_day, booking_id, at(2, 13))
    book(db_session, two_a_day, new_booking(db_session, two_a_day), at(2, 15))
    for hour in (13, 15):
        book(db_session, two_a_day, new_booking(db_session, two_a_day), at(3, hour))

    assert at(2, 18) in offered(db_session, two_a_day, TUESDAY, moving_booking_id=booking_id)
    assert offered(db_session, two_a_day, WEDNESDAY, moving_booking_id=booking_id) == []
    with transaction(db_session):
        service.move(db_session, booked, at(2, 18), NOW)
    with pytest.raises(SlotNotOffered) as refused, transaction(db_session):
        service.move(db_session, booked, at(3, 18), NOW)
    assert refused.value.reason is NotOffered.CAP
    with transaction(db_session):
        service.move(db_session, booked, at(3, 18), NOW, by_therapist=True)
    assert stored(db_session, booked).start_at == at(3, 18)


def test_an_earlier_time_is_held_within_the_caps_of_who_would_move(
    db_session: Session, two_a_day: Clinic
) -> None:
    booking_id = new_booking(db_session, two_a_day)
    book(db_session, two_a_day, booking_id, at(2, 19))
    book(db_session, two_a_day, new_booking(db_session, two_a_day), at(2, 15))

    def offer(moving_booking_id: uuid.UUID | None) -> None:
        with transaction(db_session):
            service.place_offer_hold(
                db_session,
                session_type_id=two_a_day.session_type_id,
                start_at=at(2, 13),
                now=NOW,
                until=LATER,
                moving_booking_id=moving_booking_id,
            )

    with pytest.raises(SlotNotOffered):
        offer(None)
    offer(booking_id)


def test_a_payment_that_came_late_gets_its_hour_also_beyond_the_cap(
    db_session: Session, two_a_day: Clinic
) -> None:
    paid_late = hold(db_session, two_a_day, new_booking(db_session, two_a_day), at(2, 13))
    with transaction(db_session):
        service.expire_holds(db_session, LATER)
    for hour in (15, 18):
        book(db_session, two_a_day, new_booking(db_session, two_a_day), at(2, hour), now=LATER)

    with transaction(db_session):
        service.book(db_session, paid_late, LATER)

    assert status(db_session, paid_late) is Status.BOOKED


def test_an_hour_somebody_has_is_called_taken_also_on_a_full_day(
    db_session: Session, two_a_day: Clinic
) -> None:
    for hour in (13, 15):
        book(db_session, two_a_day, new_booking(db_session, two_a_day), at(2, hour))

    with pytest.raises(SlotTaken):
        hold(db_session, two_a_day, new_booking(db_session, two_a_day), at(2, 13))


def test_tries_at_different_hours_never_exceed_the_cap(engine: Engine, two_a_day: Clinic) -> None:
    """Each hour is free for its two patients; only the day is not."""
    start_ats = [at(2, 13) + timedelta(hours=number % 7) for number in range(TRIES)]

    outcomes = race(engine, two_a_day, by_the_rules(two_a_day), start_ats)

    assert outcomes["held"] == 2 == live_count(engine)
    assert outcomes["not offered"] > 0
    assert outcomes.total() == TRIES
