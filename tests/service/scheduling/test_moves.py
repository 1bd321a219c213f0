"""Another time for a booked session, and what the therapist takes back."""

import uuid
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan
from consult.db.transaction import transaction
from consult.scheduling import service
from consult.scheduling.errors import NotOffered, SlotNotOffered, SlotTaken
from consult.scheduling.lifecycle import Command, Status, TransitionRefused
from consult.scheduling.models import Schedule, SessionType
from consult.scheduling.queries import find_live_appointment, nearest_slots
from consult.scheduling.rulebook import bump_rules
from tests.service.scheduling.factory import (
    NOW,
    Clinic,
    add_clinic,
    add_session_type,
    add_time_off,
    at,
    new_appointment,
    retire,
)
from tests.service.scheduling.steps import LATER, book, hold, new_booking, offered, status, stored

TUESDAY = date(2026, 6, 2)


def move(
    session: Session,
    appointment_id: uuid.UUID,
    start_at: datetime,
    *,
    now: datetime = NOW,
    by_therapist: bool = False,
) -> None:
    with transaction(session):
        service.move(session, appointment_id, start_at, now, by_therapist=by_therapist)


@pytest.fixture
def booking_id(db_session: Session, clinic: Clinic) -> uuid.UUID:
    return new_booking(db_session, clinic)


@pytest.fixture
def booked(db_session: Session, clinic: Clinic, booking_id: uuid.UUID) -> uuid.UUID:
    """Tuesday at eleven in New York."""
    return book(db_session, clinic, booking_id, at(2, 15))


class TestMoving:
    @pytest.mark.parametrize("by_therapist", [False, True])
    def test_it_stays_the_same_appointment_at_another_time(
        self,
        db_session: Session,
        clinic: Clinic,
        booking_id: uuid.UUID,
        booked: uuid.UUID,
        by_therapist: bool,
    ) -> None:
        move(db_session, booked, at(3, 18), now=LATER, by_therapist=by_therapist)

        moved = stored(db_session, booked)
        assert (moved.status, moved.booking_id) == (Status.BOOKED, booking_id)
        assert (moved.start_at, moved.end_at) == (at(3, 18), at(3, 19))
        assert (moved.busy_from, moved.busy_until) == (at(3, 18), at(3, 19))
        assert moved.updated_at == LATER
        assert at(2, 15) in offered(db_session, clinic, TUESDAY)
        assert at(3, 18) not in offered(db_session, clinic, date(2026, 6, 3))

    @pytest.mark.parametrize("by_therapist", [False, True])
    @pytest.mark.parametrize("minutes", [-30, 30])
    def test_its_own_hour_is_not_in_its_way(
        self, db_session: Session, booked: uuid.UUID, minutes: int, by_therapist: bool
    ) -> None:
        start_at = at(2, 15) + timedelta(minutes=minutes)

        move(db_session, booked, start_at, by_therapist=by_therapist)

        assert stored(db_session, booked).start_at == start_at

    @pytest.mark.parametrize("by_therapist", [False, True])
    def test_a_move_to_where_it_is_changes_nothing_even_when_no_longer_on_offer(
        self, db_session: Session, booked: uuid.UUID, by_therapist: bool
    ) -> None:
        move(db_session, booked, at(2, 15), now=at(2, 15, 5), by_therapist=by_therapist)

        assert stored(db_session, booked).updated_at == NOW

    def test_it_keeps_the_length_it_was_booked_with_and_takes_the_buffers_of_today(
        self, db_session: Session, clinic: Clinic, booking_id: uuid.UUID, booked: uuid.UUID
    ) -> None:
        with transaction(db_session):
            session_type = db_session.get_one(SessionType, clinic.session_type_id)
            session_type.minutes, session_type.active = 30, False
            session_type.buffer_before_minutes, session_type.buffer_after_minutes = 10, 15
            bump_rules(db_session, clinic.schedule_id)

        starts = offered(db_session, clinic, TUESDAY, moving_booking_id=booking_id)
        assert starts[-1] == at(2, 20)
        move(db_session, booked, at(2, 20))

        moved = stored(db_session, booked)
        assert (moved.start_at, moved.end_at) == (at(2, 20), at(2, 21))
        assert (moved.busy_from, moved.busy_until) == (at(2, 19, 50), at(2, 21, 15))

    @pytest.mark.parametrize("by_therapist", [False, True])
    @pytest.mark.parametrize("theirs", [Status.HELD, Status.BOOKED])
    def test_somebody_elses_hour_is_taken_and_the_own_one_stays(
        self, db_session: Session, clinic: Clinic, booked: uuid.UUID, theirs: Status, by_therapist: bool
    ) -> None:
        with transaction(db_session):
            db_session.add(new_appointment(clinic, at(2, 18), status=theirs))

        with pytest.raises(SlotTaken) as refusal:
            move(db_session, booked, at(2, 18, 30), by_therapist=by_therapist)
        assert refusal.value.start_at == at(2, 18, 30)
        assert stored(db_session, booked).start_at == at(2, 15)

    @pytest.mark.parametrize("by_therapist", [False, True])
    def test_a_refusal_leaves_the_rest_of_the_transaction_standing(
        self, db_session: Session, clinic: Clinic, booked: uuid.UUID, by_therapist: bool
    ) -> None:
        hold(db_session, clinic, new_booking(db_session, clinic), at(2, 18))

        with transaction(db_session):
            with pytest.raises(SlotTaken):
                service.move(db_session, booked, at(2, 18), NOW, by_therapist=by_therapist)
            service.move(db_session, booked, at(2, 17), NOW, by_therapist=by_therapist)

        assert stored(db_session, booked).start_at == at(2, 17)

    @pytest.mark.parametrize("by_therapist", [False, True])
    def test_a_hold_that_ran_out_is_not_in_the_way(
        self, db_session: Session, clinic: Clinic, booked: uuid.UUID, by_therapist: bool
    ) -> None:
        held = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 18))

        move(db_session, booked, at(2, 18), now=LATER, by_therapist=by_therapist)

        assert status(db_session, held) is Status.EXPIRED

    @pytest.mark.parametrize(
        ("start_at", "reason"),
        [
            (at(1, 11), NotOffered.PAST),
            (at(1, 13), NotOffered.NOTICE),
            (at(2, 15, 10), NotOffered.GRID),
            (at(2, 12), NotOffered.CLOSED),
            (at(6, 15), NotOffered.CLOSED),
            (at(2, 15) + timedelta(days=30), NotOffered.HORIZON),
        ],
        ids=str,
    )
    def test_a_patient_gets_what_is_on_offer_and_the_therapist_what_is_still_to_come(
        self, db_session: Session, booked: uuid.UUID, start_at: datetime, reason: NotOffered
    ) -> None:
        with pytest.raises(SlotNotOffered) as refusal:
            move(db_session, booked, start_at)
        assert (refusal.value.start_at, refusal.value.reason) == (start_at, reason)
        assert stored(db_session, booked).start_at == at(2, 15)

        if reason is NotOffered.PAST:
            with pytest.raises(SlotNotOffered):
                move(db_session, booked, start_at, by_therapist=True)
        else:
            move(db_session, booked, start_at, by_therapist=True)
            assert stored(db_session, booked).start_at == start_at

    @pytest.mark.parametrize("current", [each for each in Status if each is not Status.BOOKED])
    def test_only_what_is_booked_can_move(self, db_session: Session, clinic: Clinic, current: Status) -> None:
        with transaction(db_session):
            appointment = new_appointment(clinic, at(2, 15), status=current)
            db_session.add(appointment)

        with pytest.raises(TransitionRefused) as refusal:
            move(db_session, appointment.id, at(2, 15))
        assert (refusal.value.status, refusal.value.command) == (current, Command.MOVE)


class TestOfferingAnotherTime:
    def test_the_own_hour_and_those_it_would_meet_are_on_offer_to_its_booking_alone(
        self, db_session: Session, clinic: Clinic, booking_id: uuid.UUID, booked: uuid.UUID
    ) -> None:
        others = set(offered(db_session, clinic, TUESDAY))

        own = set(offered(db_session, clinic, TUESDAY, moving_booking_id=booking_id))

        assert own - others == {at(2, 14, 30), at(2, 15), at(2, 15, 30)}
        near = nearest_slots(
            db_session, clinic.session_type_id, at(2, 15), 1, NOW, moving_booking_id=booking_id
        )
        assert [slot.start_at for slot in near] == [at(2, 15)]

    def test_what_is_offered_can_be_had_and_nothing_else(
        self, db_session: Session, clinic: Clinic, booking_id: uuid.UUID, booked: uuid.UUID
    ) -> None:
        with transaction(db_session):
            add_time_off(db_session, clinic, at(2, 16), at(2, 17))
            db_session.add(new_appointment(clinic, at(2, 19)))
        on_offer = offered(db_session, clinic, TUESDAY, moving_booking_id=booking_id)

        for half_hour in range(30):
            start_at = at(2, 10) + timedelta(minutes=30 * half_hour)
            session_at = stored(db_session, booked).start_at
            try:
                move(db_session, booked, start_at)
            except (SlotTaken, SlotNotOffered):
                assert start_at not in on_offer
            else:
                assert start_at in on_offer or start_at == session_at

    def test_a_retired_session_type_is_offered_to_who_has_it_only(
        self, db_session: Session, clinic: Clinic, booking_id: uuid.UUID, booked: uuid.UUID
    ) -> None:
        with transaction(db_session):
            retire(db_session, clinic.session_type_id)

        assert at(2, 15) in offered(db_session, clinic, TUESDAY, moving_booking_id=booking_id)
        with pytest.raises(NotFound):
            offered(db_session, clinic, TUESDAY)

    def test_who_has_nothing_booked_of_that_type_has_nothing_to_move(
        self, db_session: Session, clinic: Clinic, booked: uuid.UUID, booking_id: uuid.UUID
    ) -> None:
        with transaction(db_session):
            other_type = add_session_type(db_session, clinic.schedule_id).id
        holder = new_booking(db_session, clinic)
        hold(db_session, clinic, holder, at(2, 18))

        with pytest.raises(NotFound):
            offered(db_session, clinic, TUESDAY, moving_booking_id=holder)
        with pytest.raises(NotFound):
            offered(db_session, clinic, TUESDAY, session_type_id=other_type, moving_booking_id=booking_id)


class TestAnEarlierTime:
    def test_it_is_held_for_nobody_and_off_the_list_meanwhile(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        held = self.hold_offer(db_session, clinic, at(2, 15))

        row = stored(db_session, held)
        assert (row.status, row.booking_id, row.hold_expires_at) == (Status.HELD, None, LATER)
        assert at(2, 15) not in offered(db_session, clinic, TUESDAY)
        assert at(2, 15) in offered(db_session, clinic, TUESDAY, now=LATER)

    def test_it_is_given_back_and_taken_in_one_transaction(
        self, db_session: Session, clinic: Clinic, booking_id: uuid.UUID
    ) -> None:
        booked = book(db_session, clinic, booking_id, at(4, 15))
        held = self.hold_offer(db_session, clinic, at(2, 15), booking_id)

        with transaction(db_session):
            service.release_hold(db_session, held, NOW)
            service.move(db_session, booked, at(2, 15), NOW)

        assert stored(db_session, booked).start_at == at(2, 15)

    def test_it_is_a_slot_like_any_other(self, db_session: Session, clinic: Clinic) -> None:
        hold(db_session, clinic, new_booking(db_session, clinic), at(2, 18))

        with pytest.raises(SlotTaken):
            self.hold_offer(db_session, clinic, at(2, 18))
        with pytest.raises(SlotNotOffered):
            self.hold_offer(db_session, clinic, at(2, 18, 10))

    def test_it_is_as_long_as_the_session_that_would_move_there(
        self, db_session: Session, clinic: Clinic, booking_id: uuid.UUID
    ) -> None:
        book(db_session, clinic, booking_id, at(4, 15))
        with transaction(db_session):
            db_session.get_one(SessionType, clinic.session_type_id).minutes = 30
            retire(db_session, clinic.session_type_id)

        held = stored(db_session, self.hold_offer(db_session, clinic, at(2, 15), booking_id))

        assert (held.start_at, held.end_at) == (at(2, 15), at(2, 16))

    def hold_offer(
        self, session: Session, clinic: Clinic, start_at: datetime, moving_booking_id: uuid.UUID | None = None
    ) -> uuid.UUID:
        with transaction(session):
            return service.place_offer_hold(
                session,
                session_type_id=clinic.session_type_id,
                start_at=start_at,
                now=NOW,
                until=LATER,
                moving_booking_id=moving_booking_id,
            ).id


class TestTakingBack:
    def test_a_cancelled_session_is_on_again(
        self, db_session: Session, clinic: Clinic, booked: uuid.UUID
    ) -> None:
        with transaction(db_session):
            service.cancel(db_session, booked, NOW)
            service.restore(db_session, booked, LATER)

        row = stored(db_session, booked)
        assert (row.status, row.start_at, row.updated_at) == (Status.BOOKED, at(2, 15), LATER)
        assert at(2, 15) not in offered(db_session, clinic, TUESDAY)

    def test_unless_somebody_else_has_the_hour_now(
        self, db_session: Session, clinic: Clinic, booked: uuid.UUID
    ) -> None:
        with transaction(db_session):
            service.cancel(db_session, booked, NOW)
        hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15, 30))

        with transaction(db_session), pytest.raises(SlotTaken) as refusal:
            service.restore(db_session, booked, NOW)
        assert refusal.value.start_at == at(2, 15)
        assert status(db_session, booked) is Status.CANCELLED

        with transaction(db_session):
            service.restore(db_session, booked, LATER)
        assert status(db_session, booked) is Status.BOOKED

    def test_or_it_is_over(self, db_session: Session, booked: uuid.UUID) -> None:
        with transaction(db_session):
            service.cancel(db_session, booked, NOW)
            with pytest.raises(SlotTaken):
                service.restore(db_session, booked, at(2, 16))
            service.restore(db_session, booked, at(2, 16) - timedelta(microseconds=1))

    def test_neither_hours_nor_caps_stand_against_it(
        self, db_session: Session, clinic: Clinic, booked: uuid.UUID
    ) -> None:
        with transaction(db_session):
            service.cancel(db_session, booked, NOW)
            db_session.get_one(Schedule, clinic.schedule_id).max_per_day = 0
            add_time_off(db_session, clinic, at(2, 0), at(3, 0))
            service.restore(db_session, booked, NOW)

        assert status(db_session, booked) is Status.BOOKED

    def test_a_hold_of_the_same_booking_gives_way_and_a_booked_hour_does_not(
        self, db_session: Session, clinic: Clinic, booking_id: uuid.UUID, booked: uuid.UUID
    ) -> None:
        with transaction(db_session):
            service.cancel(db_session, booked, NOW)
        held = hold(db_session, clinic, booking_id, at(2, 15, 30))
        with transaction(db_session):
            service.restore(db_session, booked, NOW)
        assert status(db_session, held) is Status.RELEASED

        with transaction(db_session):
            service.cancel(db_session, booked, NOW)
        book(db_session, clinic, booking_id, at(2, 18))
        with transaction(db_session), pytest.raises(TransitionRefused):
            service.restore(db_session, booked, NOW)
        live = find_live_appointment(db_session, booking_id)
        assert live is not None
        assert live.start_at == at(2, 18)

    @pytest.mark.parametrize("mark", [service.complete, service.mark_no_show])
    def test_a_mark_can_be_taken_back_and_given_anew(
        self, db_session: Session, booked: uuid.UUID, mark: object
    ) -> None:
        assert callable(mark)
        with transaction(db_session):
            mark(db_session, booked, at(2, 16))
            service.reopen(db_session, booked, at(2, 17))
        assert status(db_session, booked) is Status.BOOKED

        with transaction(db_session):
            service.complete(db_session, booked, at(2, 18))
        assert status(db_session, booked) is Status.DONE

    @pytest.mark.parametrize(
        ("command", "fitting"),
        [(service.restore, {Status.CANCELLED}), (service.reopen, {Status.DONE, Status.NO_SHOW})],
    )
    def test_anything_else_cannot_be_taken_back(
        self, db_session: Session, clinic: Clinic, command: object, fitting: set[Status]
    ) -> None:
        assert callable(command)
        for number, current in enumerate(set(Status) - fitting):
            with transaction(db_session):
                appointment = new_appointment(clinic, at(2, 13 + number), status=current)
                db_session.add(appointment)
            with pytest.raises(TransitionRefused), transaction(db_session):
                command(db_session, appointment.id, NOW)


class TestOwnEntries:
    def block(self, session: Session, clinic: Clinic, span: TimeSpan, now: datetime = NOW) -> uuid.UUID:
        with transaction(session):
            return service.block_time(
                session, schedule_id=clinic.schedule_id, span=span, title="Team meeting", now=now
            ).id

    def test_the_time_is_taken_until_it_is_freed(self, db_session: Session, clinic: Clinic) -> None:
        before = offered(db_session, clinic, TUESDAY)
        entry = self.block(db_session, clinic, TimeSpan(at(2, 15, 10), at(2, 15, 40)))

        assert set(before) - set(offered(db_session, clinic, TUESDAY)) == {
            at(2, 14, 30),
            at(2, 15),
            at(2, 15, 30),
        }
        row = stored(db_session, entry)
        assert (row.status, row.title) == (Status.BOOKED, "Team meeting")
        assert (row.booking_id, row.session_type_id) == (None, None)
        with pytest.raises(SlotTaken):
            hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))

        with transaction(db_session):
            service.unblock_time(db_session, entry, LATER)
        assert status(db_session, entry) is Status.CANCELLED
        assert offered(db_session, clinic, TUESDAY) == before

    def test_it_never_lies_over_a_patients_time(self, db_session: Session, clinic: Clinic) -> None:
        held = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
        span = TimeSpan(at(2, 14), at(2, 15, 1))

        with pytest.raises(SlotTaken) as refusal:
            self.block(db_session, clinic, span)
        assert refusal.value.start_at == at(2, 14)
        assert status(db_session, held) is Status.HELD
        self.block(db_session, clinic, span, now=LATER)

    def test_it_may_lie_outside_the_hours_and_move_there(self, db_session: Session, clinic: Clinic) -> None:
        entry = self.block(db_session, clinic, TimeSpan(at(6, 2), at(6, 5)))

        move(db_session, entry, at(7, 3, 7), by_therapist=True)

        row = stored(db_session, entry)
        assert (row.start_at, row.end_at) == (row.busy_from, row.busy_until) == (at(7, 3, 7), at(7, 6, 7))

    def test_it_is_none_of_the_patients(self, db_session: Session, clinic: Clinic, booked: uuid.UUID) -> None:
        entry = self.block(db_session, clinic, TimeSpan(at(2, 13), at(2, 14)))

        with pytest.raises(NotFound):
            move(db_session, entry, at(2, 16))
        with pytest.raises(NotFound), transaction(db_session):
            service.unblock_time(db_session, booked, NOW)
        assert status(db_session, booked) is Status.BOOKED

    def test_one_freed_already_is_not_freed_again(self, db_session: Session, clinic: Clinic) -> None:
        entry = self.block(db_session, clinic, TimeSpan(at(2, 13), at(2, 14)))

        with transaction(db_session):
            service.unblock_time(db_session, entry, NOW)

        with pytest.raises(TransitionRefused), transaction(db_session):
            service.unblock_time(db_session, entry, NOW)

    def test_an_unknown_schedule_is_not_found(self, db_session: Session) -> None:
        with pytest.raises(NotFound):
            self.block(db_session, Clinic(uuid.uuid4(), uuid.uuid4()), TimeSpan(at(2, 13), at(2, 14)))


def test_another_schedules_time_is_no_obstacle(
    db_session: Session, clinic: Clinic, booked: uuid.UUID
) -> None:
    with transaction(db_session):
        other = add_clinic(db_session)
        db_session.add(new_appointment(other, at(2, 18)))

    move(db_session, booked, at(2, 18))

    assert stored(db_session, booked).start_at == at(2, 18)
