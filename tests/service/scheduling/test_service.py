"""Holds, bookings and what becomes of them."""

import uuid
from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from consult.booking.models import Booking
from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan
from consult.db.transaction import transaction
from consult.scheduling import service
from consult.scheduling.errors import HoldExpired, NotOffered, SlotNotOffered, SlotTaken
from consult.scheduling.lifecycle import Command, Status, TransitionRefused
from consult.scheduling.models import Appointment, AvailabilityRule
from consult.scheduling.queries import find_live_appointment
from consult.scheduling.rulebook import bump_rules
from tests.service.scheduling.factory import (
    NOW,
    Clinic,
    add_booking,
    add_clinic,
    add_hours,
    add_session_type,
    add_time_off,
    at,
    new_appointment,
    retire,
)
from tests.service.scheduling.steps import LATER, TTL, hold, new_booking, status, stored

CommandOnOne = Callable[[Session, uuid.UUID, datetime], Appointment]


class TestPlacingAHold:
    def test_it_keeps_the_session_with_its_buffers_until_it_runs_out(self, db_session: Session) -> None:
        with transaction(db_session):
            clinic = add_clinic(db_session, minutes=45, buffers=(10, 15))
        booking_id = new_booking(db_session, clinic)

        held = stored(db_session, hold(db_session, clinic, booking_id, at(2, 15)))

        assert held.status is Status.HELD
        assert (held.start_at, held.end_at) == (at(2, 15), at(2, 15, 45))
        assert (held.busy_from, held.busy_until) == (at(2, 14, 50), at(2, 16))
        assert held.hold_expires_at == LATER
        assert (held.booking_id, held.schedule_id) == (booking_id, clinic.schedule_id)
        assert held.session_type_id == clinic.session_type_id

    @pytest.mark.parametrize(
        ("start_at", "reason"),
        [
            (at(2, 15, 10), NotOffered.GRID),
            (at(2, 15) + timedelta(seconds=1), NotOffered.GRID),
            (at(2, 15) + timedelta(microseconds=1), NotOffered.GRID),
            (at(2, 15) - timedelta(milliseconds=500), NotOffered.GRID),
            (at(2, 12, 30), NotOffered.CLOSED),
            (at(2, 20, 30), NotOffered.CLOSED),
            (at(2, 20) + timedelta(microseconds=1), NotOffered.CLOSED),
            (at(6, 15), NotOffered.CLOSED),
            (at(1, 13, 30), NotOffered.NOTICE),
            (at(1, 12), NotOffered.NOTICE),
            (NOW - timedelta(microseconds=1), NotOffered.PAST),
            (at(2, 15) + timedelta(days=30), NotOffered.HORIZON),
            (at(2, 15) + timedelta(days=900_000), NotOffered.HORIZON),
            (at(2, 15) - timedelta(days=700_000), NotOffered.PAST),
        ],
        ids=str,
    )
    def test_a_start_that_is_not_on_offer_is_refused_with_the_reason(
        self, db_session: Session, clinic: Clinic, start_at: datetime, reason: NotOffered
    ) -> None:
        booking_id = new_booking(db_session, clinic)

        with pytest.raises(SlotNotOffered) as refusal:
            hold(db_session, clinic, booking_id, start_at)
        assert (refusal.value.start_at, refusal.value.reason) == (start_at, reason)
        assert find_live_appointment(db_session, booking_id) is None

    def test_a_start_that_only_a_shorter_session_fits_is_closed_to_a_longer(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        with transaction(db_session):
            shorter = add_session_type(db_session, clinic.schedule_id, minutes=30).id
        booking_id = new_booking(db_session, clinic)

        with pytest.raises(SlotNotOffered) as refusal:
            hold(db_session, clinic, booking_id, at(2, 20, 30))
        assert refusal.value.reason is NotOffered.CLOSED
        hold(db_session, clinic, booking_id, at(2, 20, 30), session_type_id=shorter)

    def test_the_first_start_after_the_notice_is_accepted(self, db_session: Session, clinic: Clinic) -> None:
        hold(db_session, clinic, new_booking(db_session, clinic), at(1, 14))

    def test_a_start_at_the_very_end_of_the_horizon_is_too_far_ahead(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        with transaction(db_session):
            for weekday in (2, 3):
                add_hours(db_session, clinic, weekday, time(0), time(0))
        booking_id = new_booking(db_session, clinic)
        midnight = at(2, 4) + timedelta(days=30)

        with pytest.raises(SlotNotOffered):
            hold(db_session, clinic, booking_id, midnight)
        hold(db_session, clinic, booking_id, midnight - timedelta(hours=1))

    def test_a_start_in_time_off_is_refused(self, db_session: Session, clinic: Clinic) -> None:
        with transaction(db_session):
            add_time_off(db_session, clinic, at(2, 15), at(2, 16))

        with pytest.raises(SlotNotOffered):
            hold(db_session, clinic, new_booking(db_session, clinic), at(2, 14, 30))

    @pytest.mark.parametrize("minutes_later", [-30, 0, 30])
    def test_an_hour_somebody_holds_is_taken(
        self, db_session: Session, clinic: Clinic, minutes_later: int
    ) -> None:
        hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
        start_at = at(2, 15) + timedelta(minutes=minutes_later)

        with pytest.raises(SlotTaken) as refusal:
            hold(db_session, clinic, new_booking(db_session, clinic), start_at)
        assert refusal.value.start_at == start_at

    def test_a_longer_session_of_another_type_is_kept_off_too(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        with transaction(db_session):
            longer = add_session_type(db_session, clinic.schedule_id, minutes=120).id
        hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))

        with pytest.raises(SlotTaken):
            hold(db_session, clinic, new_booking(db_session, clinic), at(2, 13, 30), session_type_id=longer)

    def test_a_hold_that_ran_out_gives_way_though_nothing_had_marked_it(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        first = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))

        second = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15), now=LATER)

        assert status(db_session, first) is Status.EXPIRED
        assert status(db_session, second) is Status.HELD

    def test_a_hold_does_not_give_way_before_its_time(self, db_session: Session, clinic: Clinic) -> None:
        hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))

        with pytest.raises(SlotTaken):
            hold(
                db_session,
                clinic,
                new_booking(db_session, clinic),
                at(2, 15),
                now=LATER - timedelta(microseconds=1),
            )

    @pytest.mark.parametrize("start_at", [at(2, 15), at(2, 15, 30), at(3, 15)])
    def test_choosing_another_time_moves_the_hold(
        self, db_session: Session, clinic: Clinic, start_at: datetime
    ) -> None:
        booking_id = new_booking(db_session, clinic)
        first = hold(db_session, clinic, booking_id, at(2, 15))

        second = hold(db_session, clinic, booking_id, start_at)

        assert status(db_session, first) is Status.RELEASED
        live = find_live_appointment(db_session, booking_id)
        assert live is not None
        assert (live.id, live.start_at) == (second, start_at)

    def test_a_taken_hour_leaves_the_earlier_hold_standing_even_within_the_transaction(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        booking_id = new_booking(db_session, clinic)
        first = hold(db_session, clinic, booking_id, at(2, 15))
        hold(db_session, clinic, new_booking(db_session, clinic), at(2, 18))

        with transaction(db_session):
            with pytest.raises(SlotTaken):
                service.place_hold(
                    db_session,
                    booking_id=booking_id,
                    session_type_id=clinic.session_type_id,
                    start_at=at(2, 18),
                    now=NOW,
                    hold_ttl=TTL,
                )
            live = find_live_appointment(db_session, booking_id)
            assert live is not None
            assert (live.id, live.status) == (first, Status.HELD)

        assert status(db_session, first) is Status.HELD
        assert stored(db_session, first).hold_expires_at == LATER

    def test_what_the_caller_wrote_before_a_refusal_is_not_lost(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))

        with transaction(db_session):
            booking_id = add_booking(db_session, clinic)
            with pytest.raises(SlotTaken):
                service.place_hold(
                    db_session,
                    booking_id=booking_id,
                    session_type_id=clinic.session_type_id,
                    start_at=at(2, 15),
                    now=NOW,
                    hold_ttl=TTL,
                )

        db_session.rollback()
        assert db_session.get(Booking, booking_id) is not None

    def test_a_booking_with_a_booked_hour_cannot_hold_a_second(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        booking_id = new_booking(db_session, clinic)
        first = hold(db_session, clinic, booking_id, at(2, 15))
        with transaction(db_session):
            service.book(db_session, first, NOW)

        with pytest.raises(TransitionRefused) as refusal:
            hold(db_session, clinic, booking_id, at(3, 15))
        assert (refusal.value.status, refusal.value.command) == (Status.BOOKED, Command.RELEASE)
        assert status(db_session, first) is Status.BOOKED

    def test_a_retired_session_type_cannot_be_held(self, db_session: Session, clinic: Clinic) -> None:
        with transaction(db_session):
            retire(db_session, clinic.session_type_id)

        with pytest.raises(NotFound):
            hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))

    def test_a_broken_constraint_other_than_the_guard_is_not_called_taken(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        with pytest.raises(IntegrityError):
            hold(db_session, clinic, uuid.uuid4(), at(2, 15))


class TestExtendingAHold:
    def test_it_lasts_until_the_new_time(self, db_session: Session, clinic: Clinic) -> None:
        held = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))

        with transaction(db_session):
            service.extend_hold(db_session, held, NOW + timedelta(minutes=36), NOW)

        assert stored(db_session, held).hold_expires_at == NOW + timedelta(minutes=36)
        with pytest.raises(SlotTaken):
            hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15), now=LATER)

    def test_it_is_never_shortened(self, db_session: Session, clinic: Clinic) -> None:
        held = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))

        with transaction(db_session):
            service.extend_hold(db_session, held, NOW + timedelta(minutes=1), NOW)

        assert stored(db_session, held).hold_expires_at == LATER

    @pytest.mark.parametrize("marked", [True, False])
    def test_one_that_ran_out_is_too_late(self, db_session: Session, clinic: Clinic, marked: bool) -> None:
        held = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
        if marked:
            with transaction(db_session):
                service.expire_holds(db_session, LATER)

        with pytest.raises(HoldExpired) as refusal, transaction(db_session):
            service.extend_hold(db_session, held, LATER + TTL, LATER)
        assert refusal.value.start_at == at(2, 15)

    def test_one_given_back_cannot_be_extended(self, db_session: Session, clinic: Clinic) -> None:
        held = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
        with transaction(db_session):
            service.release_hold(db_session, held, NOW)

        with pytest.raises(TransitionRefused), transaction(db_session):
            service.extend_hold(db_session, held, LATER + TTL, NOW)


class TestGivingBack:
    def test_a_released_hour_is_free_for_others(self, db_session: Session, clinic: Clinic) -> None:
        held = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
        with transaction(db_session):
            service.release_hold(db_session, held, NOW)

        hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
        assert status(db_session, held) is Status.RELEASED

    def test_a_cancelled_hour_is_free_for_others(self, db_session: Session, clinic: Clinic) -> None:
        held = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
        with transaction(db_session):
            service.book(db_session, held, NOW)
            service.cancel(db_session, held, NOW + TTL)

        hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
        assert status(db_session, held) is Status.CANCELLED
        assert stored(db_session, held).updated_at == NOW + TTL

    def test_a_purged_booking_takes_its_claims_with_it(self, db_session: Session, clinic: Clinic) -> None:
        booking_id = new_booking(db_session, clinic)
        hold(db_session, clinic, booking_id, at(2, 15))
        with transaction(db_session):
            db_session.execute(delete(Booking).where(Booking.id == booking_id))

        assert db_session.scalar(select(func.count()).select_from(Appointment)) == 0

    def test_expiring_ends_what_ran_out_in_every_schedule_and_nothing_else(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        with transaction(db_session):
            other = add_clinic(db_session)
        gone = [
            hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15)),
            hold(db_session, other, new_booking(db_session, other), at(2, 15)),
        ]
        booked = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 18))
        with transaction(db_session):
            service.book(db_session, booked, NOW)
        fresh = hold(
            db_session, clinic, new_booking(db_session, clinic), at(3, 15), now=NOW + timedelta(seconds=1)
        )

        with transaction(db_session):
            assert service.expire_holds(db_session, LATER) == 2
            assert service.expire_holds(db_session, LATER) == 0

        assert [status(db_session, held) for held in gone] == [Status.EXPIRED, Status.EXPIRED]
        assert status(db_session, booked) is Status.BOOKED
        assert status(db_session, fresh) is Status.HELD


class TestBooking:
    @pytest.mark.parametrize("now", [NOW, LATER + timedelta(days=1)])
    def test_a_hold_still_standing_is_booked_even_past_its_time(
        self, db_session: Session, clinic: Clinic, now: datetime
    ) -> None:
        held = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))

        with transaction(db_session):
            assert service.book(db_session, held, now).status is Status.BOOKED

        with transaction(db_session):
            service.expire_holds(db_session, now + timedelta(days=1))
        assert status(db_session, held) is Status.BOOKED

    @pytest.mark.parametrize("ended_by", ["running out", "giving back"])
    def test_a_hold_that_ended_is_claimed_again_while_its_hour_is_free(
        self, db_session: Session, clinic: Clinic, ended_by: str
    ) -> None:
        held = ended_hold(db_session, clinic, ended_by)

        with transaction(db_session):
            service.book(db_session, held, LATER)

        assert status(db_session, held) is Status.BOOKED
        with pytest.raises(SlotTaken):
            hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15), now=LATER)

    @pytest.mark.parametrize("ended_by", ["running out", "giving back"])
    def test_an_hour_lost_to_another_patient_is_told_so_and_stays_theirs(
        self, db_session: Session, clinic: Clinic, ended_by: str
    ) -> None:
        lost = ended_hold(db_session, clinic, ended_by)
        theirs = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15, 30), now=LATER)

        with transaction(db_session), pytest.raises(SlotTaken) as refusal:
            service.book(db_session, lost, LATER)
        assert refusal.value.start_at == at(2, 15)
        assert status(db_session, lost) in (Status.EXPIRED, Status.RELEASED)
        assert status(db_session, theirs) is Status.HELD

    def test_a_hold_of_another_patient_that_ran_out_does_not_stand_in_the_way(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        paid_late = ended_hold(db_session, clinic, "running out")
        theirs = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15), now=LATER)

        with transaction(db_session):
            service.book(db_session, paid_late, LATER + TTL)

        assert status(db_session, paid_late) is Status.BOOKED
        assert status(db_session, theirs) is Status.EXPIRED

    def test_reclaiming_gives_back_the_time_the_patient_held_since(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        booking_id = new_booking(db_session, clinic)
        first = hold(db_session, clinic, booking_id, at(2, 15))
        second = hold(db_session, clinic, booking_id, at(2, 15, 30))

        with transaction(db_session):
            service.book(db_session, first, NOW)

        assert status(db_session, first) is Status.BOOKED
        assert status(db_session, second) is Status.RELEASED

    def test_reclaiming_a_lost_hour_leaves_the_patients_other_hold_standing(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        booking_id = new_booking(db_session, clinic)
        first = hold(db_session, clinic, booking_id, at(2, 15))
        second = hold(db_session, clinic, booking_id, at(3, 15))
        hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))

        with transaction(db_session), pytest.raises(SlotTaken):
            service.book(db_session, first, NOW)

        assert status(db_session, first) is Status.RELEASED
        assert status(db_session, second) is Status.HELD

    def test_an_hour_that_has_begun_is_not_claimed_again(self, db_session: Session, clinic: Clinic) -> None:
        held = ended_hold(db_session, clinic, "running out")

        with pytest.raises(SlotTaken), transaction(db_session):
            service.book(db_session, held, at(2, 15))
        with transaction(db_session):
            service.book(db_session, held, at(2, 15) - timedelta(microseconds=1))

    def test_an_hour_the_therapist_has_taken_off_since_is_not_claimed_again(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        held = ended_hold(db_session, clinic, "running out")
        with transaction(db_session):
            add_time_off(db_session, clinic, at(2, 15, 30), at(2, 18))

        with pytest.raises(SlotTaken), transaction(db_session):
            service.book(db_session, held, LATER)

    def test_an_hour_outside_changed_hours_is_not_claimed_again(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        held = ended_hold(db_session, clinic, "running out")
        with transaction(db_session):
            db_session.execute(delete(AvailabilityRule))
            bump_rules(db_session, clinic.schedule_id)

        with pytest.raises(SlotTaken), transaction(db_session):
            service.book(db_session, held, LATER)

    @pytest.mark.parametrize("current", [Status.BOOKED, Status.CANCELLED, Status.DONE, Status.NO_SHOW])
    def test_what_is_booked_already_or_over_is_not_booked_again(
        self, db_session: Session, clinic: Clinic, current: Status
    ) -> None:
        with transaction(db_session):
            appointment = new_appointment(clinic, at(2, 15), status=current)
            db_session.add(appointment)

        with pytest.raises(TransitionRefused) as refusal, transaction(db_session):
            service.book(db_session, appointment.id, NOW)
        assert (refusal.value.status, refusal.value.command) == (current, Command.BOOK)


class TestAfterTheSession:
    @pytest.mark.parametrize(
        ("command", "expected"),
        [(service.complete, Status.DONE), (service.mark_no_show, Status.NO_SHOW)],
    )
    def test_the_outcome_is_kept_and_the_hour_stays_spent(
        self, db_session: Session, clinic: Clinic, command: CommandOnOne, expected: Status
    ) -> None:
        held = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
        with transaction(db_session):
            service.book(db_session, held, NOW)
            command(db_session, held, NOW)

        assert status(db_session, held) is expected
        with pytest.raises(SlotTaken):
            hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))


@pytest.mark.parametrize(
    "command",
    [
        service.release_hold,
        service.book,
        service.cancel,
        service.complete,
        service.mark_no_show,
        service.restore,
        service.reopen,
        service.unblock_time,
    ],
)
def test_an_unknown_appointment_is_not_found(
    db_session: Session, clinic: Clinic, command: CommandOnOne
) -> None:
    with pytest.raises(NotFound), transaction(db_session):
        command(db_session, uuid.uuid4(), NOW)


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_every_command_takes_the_schedules_lock(db_session: Session, clinic: Clinic) -> None:
    """Held by somebody else, the lock makes each of them wait: here, for a millisecond, then give up."""
    held = hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
    booking_id = new_booking(db_session, clinic)
    commands: list[Callable[[], object]] = [
        lambda: service.place_hold(
            db_session,
            booking_id=booking_id,
            session_type_id=clinic.session_type_id,
            start_at=at(3, 15),
            now=NOW,
            hold_ttl=TTL,
        ),
        lambda: service.extend_hold(db_session, held, LATER + TTL, NOW),
        lambda: service.release_hold(db_session, held, NOW),
        lambda: service.book(db_session, held, NOW),
        lambda: service.cancel(db_session, held, NOW),
        lambda: service.expire_holds(db_session, NOW),
        lambda: service.place_offer_hold(
            db_session, session_type_id=clinic.session_type_id, start_at=at(3, 15), now=NOW, until=LATER
        ),
        lambda: service.move(db_session, held, at(3, 15), NOW),
        lambda: service.restore(db_session, held, NOW),
        lambda: service.reopen(db_session, held, NOW),
        lambda: service.block_time(
            db_session,
            schedule_id=clinic.schedule_id,
            span=TimeSpan(at(3, 15), at(3, 16)),
            title="Meeting",
            now=NOW,
        ),
        lambda: service.unblock_time(db_session, held, NOW),
        lambda: bump_rules(db_session, clinic.schedule_id),
    ]

    def run_impatiently(command: Callable[[], object]) -> None:
        with transaction(db_session):
            db_session.execute(text("SET LOCAL lock_timeout = '1ms'"))
            command()

    with Session(db_session.get_bind()) as other, transaction(other):
        other.execute(text("SELECT id FROM schedule FOR NO KEY UPDATE"))
        for command in commands:
            with pytest.raises(OperationalError, match="lock timeout"):
                run_impatiently(command)


def ended_hold(session: Session, clinic: Clinic, ended_by: str) -> uuid.UUID:
    """A hold on the second of June at 15:00 UTC that has ended, one way or the other, by `LATER`."""
    held = hold(session, clinic, new_booking(session, clinic), at(2, 15))
    with transaction(session):
        if ended_by == "running out":
            service.expire_holds(session, LATER)
        else:
            service.release_hold(session, held, NOW)
    return held
