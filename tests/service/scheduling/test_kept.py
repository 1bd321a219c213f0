"""An hour that is kept for an undo, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core.timespan import TimeSpan
from consult.db.transaction import transaction
from consult.scheduling import service
from consult.scheduling.errors import SlotTaken
from consult.scheduling.kept import give_back_kept, keep_for_undo
from consult.scheduling.lifecycle import Status, undo_of, undo_title
from consult.scheduling.models import Appointment
from consult.scheduling.queries import claims_between
from tests.service.scheduling.factory import NOW, Clinic, add_clinic, at, new_appointment
from tests.service.scheduling.steps import book, hold, new_booking, offered

UNTIL = NOW + timedelta(minutes=5)
TEN = at(2, 14)
TUESDAY = TEN.date()


def cancelled(session: Session, clinic: Clinic) -> Appointment:
    appointment_id = book(session, clinic, new_booking(session, clinic), TEN)
    with transaction(session):
        service.cancel(session, appointment_id, NOW)
        keep_for_undo(session, appointment_id, TEN, UNTIL, NOW)
    return session.get_one(Appointment, appointment_id)


def test_it_is_nobodys_until_its_time_is_over(db_session: Session, clinic: Clinic):
    cancelled(db_session, clinic)
    other = new_booking(db_session, clinic)
    assert TEN not in offered(db_session, clinic, TUESDAY)
    with pytest.raises(SlotTaken):
        hold(db_session, clinic, other, TEN, now=UNTIL - timedelta(seconds=1))
    assert TEN in offered(db_session, clinic, TUESDAY, now=UNTIL)
    hold(db_session, clinic, other, TEN, now=UNTIL)


def test_the_database_itself_keeps_it(db_session: Session, clinic: Clinic):
    cancelled(db_session, clinic)
    with pytest.raises(IntegrityError), transaction(db_session):
        db_session.add(new_appointment(clinic, TEN))


def test_it_says_whose_it_is_and_counts_towards_no_cap(db_session: Session):
    with transaction(db_session):
        clinic = add_clinic(db_session, max_per_day=1)
    booking_id = cancelled(db_session, clinic).booking_id
    [claim] = claims_between(db_session, clinic.schedule_id, at(2, 0), at(3, 0), NOW)
    assert (claim.undo_of, claim.booking_id, claim.status) == (booking_id, None, Status.HELD)
    hold(db_session, clinic, new_booking(db_session, clinic), at(2, 16))


def test_what_is_taken_back_or_given_back_leaves_nothing_kept(db_session: Session, clinic: Clinic):
    first = cancelled(db_session, clinic)
    with transaction(db_session):
        service.restore(db_session, first.id, NOW)
    assert kept(db_session) == []
    with transaction(db_session):
        service.move(db_session, first.id, at(2, 18), NOW, by_therapist=True)
        keep_for_undo(db_session, first.id, TEN, UNTIL, NOW)
    assert kept(db_session) == [TimeSpan(TEN, at(2, 15))]
    with transaction(db_session):
        give_back_kept(db_session, first.id, NOW)
    assert kept(db_session) == []


def test_of_an_hour_it_still_overlaps_only_the_rest_is_kept(db_session: Session, clinic: Clinic):
    appointment_id = book(db_session, clinic, new_booking(db_session, clinic), TEN)
    with transaction(db_session):
        service.move(db_session, appointment_id, at(2, 14, 20), NOW, by_therapist=True)
        keep_for_undo(db_session, appointment_id, TEN, UNTIL, NOW)
    assert kept(db_session) == [TimeSpan(TEN, at(2, 14, 20))]


def test_what_somebody_else_has_of_it_by_now_is_not_kept(db_session: Session, clinic: Clinic):
    appointment_id = book(db_session, clinic, new_booking(db_session, clinic), TEN)
    with transaction(db_session):
        service.cancel(db_session, appointment_id, NOW)
    hold(db_session, clinic, new_booking(db_session, clinic), TEN)
    with transaction(db_session):
        keep_for_undo(db_session, appointment_id, TEN, UNTIL, NOW)
    assert kept(db_session) == []


def test_her_own_entry_goes_before_what_is_kept_and_a_refused_one_does_not(
    db_session: Session, clinic: Clinic
):
    cancelled(db_session, clinic)
    book(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
    with pytest.raises(SlotTaken), transaction(db_session):
        _block(db_session, clinic, TimeSpan(TEN, at(2, 16)))
    assert len(kept(db_session)) == 1
    with transaction(db_session):
        _block(db_session, clinic, TimeSpan(TEN, at(2, 15)))
    assert kept(db_session) == []


@pytest.mark.parametrize("title", ["undo", "undo the washing", "Team meeting"])
def test_no_other_title_is_taken_for_one(title: str, db_session: Session, clinic: Clinic):
    assert undo_of(title) is None
    booking_id = new_booking(db_session, clinic)
    assert undo_of(undo_title(booking_id)) == booking_id


def kept(session: Session) -> list[TimeSpan]:
    session.rollback()
    held = select(Appointment).where(Appointment.status == Status.HELD, Appointment.booking_id.is_(None))
    return [TimeSpan(row.busy_from, row.busy_until) for row in session.scalars(held)]


def _block(session: Session, clinic: Clinic, span: TimeSpan) -> None:
    service.block_time(session, schedule_id=clinic.schedule_id, span=span, title="Dentist", now=NOW)
