"""Why not this time, asked of the database."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan
from consult.db.transaction import transaction
from consult.scheduling import service
from consult.scheduling.lifecycle import Status
from consult.scheduling.queries import claims_between, explain_day
from consult.scheduling.reasons import (
    DayFull,
    DoesNotFit,
    Held,
    InBuffer,
    InTimeOff,
    OnHoliday,
    Taken,
    WeekFull,
)
from tests.service.scheduling.factory import (
    NOW,
    Clinic,
    add_clinic,
    add_extra_hours,
    add_session_type,
    add_time_off,
    at,
    retire,
)
from tests.service.scheduling.steps import LATER, book, hold, new_booking, offered

TUESDAY, JUNETEENTH = date(2026, 6, 2), date(2026, 6, 19)


def test_it_names_what_stands_in_the_way(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, buffers=(0, 15), max_per_day=2, max_per_week=2)
        entry = service.block_time(
            db_session,
            schedule_id=clinic.schedule_id,
            span=TimeSpan(at(2, 13), at(2, 14)),
            title="Team meeting",
            now=NOW,
        )
        add_time_off(db_session, clinic, at(2, 20), at(4, 0))
    booking_id, holder = new_booking(db_session, clinic), new_booking(db_session, clinic)
    booked = book(db_session, clinic, booking_id, at(2, 15))
    held = hold(db_session, clinic, holder, at(2, 17))

    explanation = explain_day(db_session, clinic.session_type_id, TUESDAY, NOW)

    reasons = {each.span.start_at: each.reasons for each in explanation.stretches}
    meeting, visit, kept = claims_between(db_session, clinic.schedule_id, at(2, 0), at(3, 0), NOW)
    assert (meeting.appointment_id, visit.appointment_id, kept.appointment_id) == (entry.id, booked, held)
    assert (meeting.name, visit.name, kept.name) == ("Team meeting", *["First consultation"] * 2)
    assert (meeting.booking_id, visit.booking_id, kept.booking_id) == (None, booking_id, holder)
    assert (kept.status, kept.hold_expires_at) == (Status.HELD, LATER)
    assert visit.busy == TimeSpan(at(2, 15), at(2, 16, 15))
    full = (DayFull(2), WeekFull(2))
    assert reasons[at(2, 13)] == (Taken(meeting), *full)
    assert reasons[at(2, 14)] == (InBuffer(visit), *full)
    assert reasons[at(2, 15, 30)] == (Taken(visit), *full)
    assert reasons[at(2, 16)] == (InBuffer(visit), InBuffer(kept), *full)
    assert reasons[at(2, 17)] == (Held(kept), *full)
    assert reasons[at(2, 18, 30)] == full
    assert reasons[at(2, 19, 30)] == (DoesNotFit(at(2, 20)), *full)
    [off] = reasons[at(2, 20)]
    assert isinstance(off, InTimeOff)


def test_a_hold_that_ran_out_is_no_reason(db_session: Session, clinic: Clinic) -> None:
    hold(db_session, clinic, new_booking(db_session, clinic), at(2, 17))

    explanation = explain_day(db_session, clinic.session_type_id, TUESDAY, LATER)

    assert all(
        each.offered for each in explanation.stretches if at(2, 13) <= each.span.start_at < at(2, 20, 30)
    )


def test_a_claim_of_the_evening_before_reaches_into_the_morning(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, buffers=(30, 0))
        add_extra_hours(db_session, clinic, TUESDAY, time(0), time(2))
        service.block_time(
            db_session,
            schedule_id=clinic.schedule_id,
            span=TimeSpan(at(2, 3), at(2, 3, 45)),
            title="Late",
            now=NOW,
        )

    explanation = explain_day(db_session, clinic.session_type_id, TUESDAY, NOW)

    first = explanation.stretches[0]
    assert [type(reason) for reason in first.reasons] == [InBuffer]


def test_a_claim_of_the_next_morning_reaches_into_the_evening(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, buffers=(0, 30))
        add_extra_hours(db_session, clinic, TUESDAY, time(22), time(0))
        service.block_time(
            db_session,
            schedule_id=clinic.schedule_id,
            span=TimeSpan(at(3, 4, 15), at(3, 5)),
            title="Early",
            now=NOW,
        )

    explanation = explain_day(db_session, clinic.session_type_id, TUESDAY, NOW)

    last = [[type(reason) for reason in each.reasons] for each in explanation.stretches[-4:]]
    assert last == [[], [], [InBuffer], [DoesNotFit, Taken]]


def test_what_it_calls_open_is_what_is_offered(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(
            db_session, holiday_region="US-NY", max_per_day=3, horizon_days=20, buffers=(5, 10)
        )
        short = add_session_type(db_session, clinic.schedule_id, minutes=20).id
        add_time_off(db_session, clinic, at(3, 14, 20), at(3, 16, 5))
        add_extra_hours(db_session, clinic, JUNETEENTH, time(18), time(20))
    for start_at in (at(2, 13), at(2, 15), at(2, 19), at(3, 17, 5), at(4, 13)):
        book(db_session, clinic, new_booking(db_session, clinic), start_at)

    for session_type_id in (clinic.session_type_id, short):
        for number in range(24):
            day = date(2026, 5, 31) + timedelta(days=number)
            explanation = explain_day(db_session, session_type_id, day, NOW)
            called_open = [each.span.start_at for each in explanation.stretches if each.offered]
            assert called_open == offered(db_session, clinic, day, session_type_id=session_type_id)


def test_a_public_holiday_has_its_name(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, holiday_region="US")

    explanation = explain_day(db_session, clinic.session_type_id, JUNETEENTH, NOW)

    name = "Juneteenth National Independence Day"
    assert explanation.holiday == name
    assert [each.reasons for each in explanation.stretches][1] == (OnHoliday(name),)


@pytest.mark.parametrize("day", [date.min, date.max, date(1970, 12, 31)])
def test_a_day_out_of_all_reason_is_not_found(db_session: Session, clinic: Clinic, day: date) -> None:
    with pytest.raises(NotFound):
        explain_day(db_session, clinic.session_type_id, day, NOW)


def test_a_session_type_no_longer_offered_is_not_found(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        retire(db_session, clinic.session_type_id)

    with pytest.raises(NotFound):
        explain_day(db_session, clinic.session_type_id, TUESDAY, NOW)
