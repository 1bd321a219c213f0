"""A visit moved and cancelled: hour, money, calendar and mails in one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from consult.booking import answering
from consult.booking.changes import commands as changes
from consult.booking.changes.commands import VisitBegun, VisitChanged, VisitImmovable
from consult.booking.changes.money import find_money
from consult.booking.changes.moving import MOST_MOVES, Immovable
from consult.booking.changes.taking_back import Actor
from consult.booking.changes.undoing import undo
from consult.booking.drafts import DRAFT_LIFETIME, purge_drafts
from consult.booking.models import Booking
from consult.booking.recheck import save_recheck
from consult.booking.standing import VisitOver
from consult.calendaring.models import CalendarObject
from consult.core.clock import FixedClock
from consult.core.money import Money
from consult.notifications.models import OutboxMessage
from consult.payments.demo_gateway import Fault
from consult.payments.ledger import post_once
from consult.payments.models import LedgerKind, Payment
from consult.payments.refund_service import request_refund
from consult.scheduling.errors import NotOffered, SlotNotOffered, SlotTaken
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment

from .conftest import ONE, TEN, Desk
from .post import kinds, letters
from .visits import (
    DAY,
    HALF,
    MINUTE,
    PRICE,
    SECOND,
    THURSDAY,
    WEDNESDAY,
    cancel,
    everything,
    later_visit,
    move,
    refunds,
    sent,
    visit,
)


@pytest.fixture
def booking(desk: Desk, clock: FixedClock) -> Booking:
    return later_visit(desk, clock)


def test_a_patients_move_keeps_booking_payment_and_uid(desk: Desk, booking: Booking):
    [first] = letters(desk, "confirmation")
    move(desk, booking, THURSDAY)
    assert visit(desk, booking) == (Status.BOOKED, THURSDAY)
    moved = desk.fresh(booking)
    assert (moved.moved_at, moved.moved_by, moved.moved_from_at) == (desk.now, "patient", WEDNESDAY)
    assert refunds(desk) == []
    assert find_money(desk.session, moved).kept == PRICE
    _, uid, sequence, _ = first.revision
    [mail] = letters(desk, "moved")
    assert mail.revision == ("REQUEST", uid, sequence + 1, THURSDAY)
    assert mail.due_at == desk.now
    assert "Thursday, June 4, 2026, 10:00 am" in mail.message.text
    assert "It was on Wednesday, June 3, 2026, 10:00 am" in mail.message.text
    assert len(letters(desk, "therapist_moved")) == 1


def test_the_hour_left_is_free_for_others_and_the_new_one_is_not(desk: Desk, booking: Booking):
    move(desk, booking, THURSDAY)
    other = desk.screened()
    with pytest.raises(SlotTaken):
        desk.hold(other, THURSDAY)
    desk.hold(other, WEDNESDAY)


def test_a_second_click_moves_nothing_twice(desk: Desk, booking: Booking):
    move(desk, booking, THURSDAY, seen_start_at=WEDNESDAY)
    before = everything(desk, booking)
    move(desk, booking, THURSDAY, seen_start_at=WEDNESDAY)
    assert everything(desk, booking) == before


def test_a_page_that_knows_another_time_moves_and_cancels_nothing(desk: Desk, booking: Booking):
    move(desk, booking, THURSDAY)
    before = everything(desk, booking)
    with pytest.raises(VisitChanged):
        move(desk, booking, THURSDAY + timedelta(hours=1), seen_start_at=WEDNESDAY)
    with pytest.raises(VisitChanged):
        cancel(desk, booking, seen_start_at=WEDNESDAY)
    assert everything(desk, booking) == before


def test_after_a_move_the_limits_are_those_of_the_new_time(desk: Desk, booking: Booking, clock: FixedClock):
    move(desk, booking, THURSDAY)
    clock.now = WEDNESDAY
    move(desk, booking, THURSDAY + timedelta(hours=1))
    clock.advance(timedelta(hours=1))
    move(desk, booking, THURSDAY + DAY)
    assert visit(desk, booking) == (Status.BOOKED, THURSDAY + DAY)


@pytest.mark.parametrize(
    ("before_start", "refused"),
    [(timedelta(hours=24), None), (timedelta(hours=24) - SECOND, Immovable.LATE), (-SECOND, Immovable.BEGUN)],
)
def test_a_patient_moves_until_the_limit_of_the_terms(
    desk: Desk, booking: Booking, clock: FixedClock, before_start: timedelta, refused: Immovable | None
):
    clock.now = WEDNESDAY - before_start
    if refused is None:
        move(desk, booking, THURSDAY)
        return
    before = everything(desk, booking)
    with pytest.raises(VisitImmovable) as refusal:
        move(desk, booking, THURSDAY)
    assert refusal.value.why is refused
    assert everything(desk, booking) == before


def test_terms_older_than_moving_let_a_visit_move_while_cancelling_it_is_free(
    desk: Desk, booking: Booking, clock: FixedClock
):
    with desk.counter.transaction():
        desk.fresh(booking).refund_terms = {"full_until_hours": 30, "late_percent": 0}
    clock.now = WEDNESDAY - timedelta(hours=30) + SECOND
    with pytest.raises(VisitImmovable):
        move(desk, booking, THURSDAY)
    clock.advance(-SECOND)
    move(desk, booking, THURSDAY)


def test_a_slip_in_booking_is_put_right_for_fifteen_minutes_however_near_the_visit(
    desk: Desk, clock: FixedClock
):
    booking = desk.booked(ONE)
    clock.advance(15 * MINUTE)
    move(desk, booking, ONE + timedelta(hours=1))
    clock.advance(SECOND)
    with pytest.raises(VisitImmovable):
        move(desk, booking, ONE)


@pytest.mark.parametrize(("after", "back"), [(15 * MINUTE, PRICE), (15 * MINUTE + SECOND, HALF)])
def test_and_cancelled_for_nothing(desk: Desk, clock: FixedClock, after: timedelta, back: Money):
    booking = desk.booked(ONE)
    clock.advance(after)
    cancel(desk, booking)
    assert refunds(desk) == [("patient", back.minor, "requested")]


def test_a_patient_whose_visit_was_moved_has_a_day_to_say_no(desk: Desk, booking: Booking, clock: FixedClock):
    move(desk, booking, TEN + timedelta(hours=6), Actor.THERAPIST)
    clock.advance(timedelta(hours=2))
    move(desk, booking, THURSDAY)
    move(desk, booking, TEN + timedelta(hours=6), Actor.THERAPIST)
    clock.advance(timedelta(hours=2))
    cancel(desk, booking)
    assert refunds(desk) == [("patient", PRICE.minor, "requested")]


def test_the_day_to_say_no_outlasts_what_the_patient_chooses_in_it(
    desk: Desk, booking: Booking, clock: FixedClock
):
    clock.now = WEDNESDAY - timedelta(hours=3)
    move(desk, booking, WEDNESDAY + timedelta(hours=5), Actor.THERAPIST)
    clock.advance(MINUTE)
    move(desk, booking, WEDNESDAY + timedelta(hours=4))
    clock.advance(timedelta(hours=3))
    cancel(desk, booking)
    assert refunds(desk) == [("patient", PRICE.minor, "requested")]


def test_the_day_after_a_move_that_was_told_outlasts_a_later_one_taken_back(
    desk: Desk, booking: Booking, clock: FixedClock
):
    clock.now = WEDNESDAY - timedelta(hours=5)
    move(desk, booking, WEDNESDAY + timedelta(hours=4), Actor.THERAPIST)
    clock.advance(timedelta(minutes=10))
    sent(desk)
    told_at = desk.fresh(booking).moved_at
    move(desk, booking, WEDNESDAY + timedelta(hours=6), Actor.THERAPIST)
    with desk.counter.transaction():
        undo(desk.session, desk.fresh(booking), desk.now, desk.now, desk.ports)
    assert desk.fresh(booking).therapist_moved_at == told_at
    cancel(desk, booking)
    assert refunds(desk) == [("patient", PRICE.minor, "requested")]


def test_a_move_taken_back_before_it_was_told_gives_no_day(desk: Desk, booking: Booking, clock: FixedClock):
    clock.now = WEDNESDAY - timedelta(hours=5)
    move(desk, booking, WEDNESDAY + timedelta(hours=4), Actor.THERAPIST)
    with desk.counter.transaction():
        undo(desk.session, desk.fresh(booking), desk.now, desk.now, desk.ports)
    cancel(desk, booking)
    assert refunds(desk) == [("patient", HALF.minor, "requested")]


def test_a_patient_moves_five_times_and_then_calls(desk: Desk, booking: Booking):
    _move_to_and_fro(desk, booking)
    before = everything(desk, booking)
    with pytest.raises(VisitImmovable) as refusal:
        move(desk, booking, WEDNESDAY)
    assert refusal.value.why is Immovable.OFTEN
    assert everything(desk, booking) == before


def _move_to_and_fro(desk: Desk, booking: Booking) -> None:
    for number in range(MOST_MOVES):
        move(desk, booking, THURSDAY + number % 2 * DAY)


def test_what_answers_a_therapists_move_or_her_offer_counts_for_nothing(desk: Desk, booking: Booking):
    _move_to_and_fro(desk, booking)
    move(desk, booking, THURSDAY + DAY, Actor.THERAPIST)
    move(desk, booking, THURSDAY)
    assert desk.fresh(booking).patient_moves == MOST_MOVES
    desk.do(changes.take_earlier_time, desk.fresh(booking), WEDNESDAY)
    assert desk.fresh(booking).patient_moves == MOST_MOVES
    with pytest.raises(VisitImmovable):
        move(desk, booking, THURSDAY)


def test_a_time_somebody_has_or_that_is_not_on_offer_leaves_the_visit_where_it_is(
    desk: Desk, booking: Booking
):
    desk.booked(THURSDAY)
    before = everything(desk, booking)
    with pytest.raises(SlotTaken):
        move(desk, booking, THURSDAY)
    with pytest.raises(SlotNotOffered):
        move(desk, booking, THURSDAY + 7 * MINUTE)
    assert everything(desk, booking) == before


def test_a_visit_on_hold_is_not_moved_by_its_patient(desk: Desk, booking: Booking):
    _put_on_hold(desk, booking)
    with pytest.raises(VisitImmovable) as refusal:
        move(desk, booking, THURSDAY)
    assert refusal.value.why is Immovable.ON_HOLD


def _put_on_hold(desk: Desk, booking: Booking) -> None:
    with desk.counter.transaction():
        found = desk.fresh(booking)
        answers = desk.answers({"rc_same": ["stroke"]})
        save_recheck(desk.session, found, answers, True, desk.now, desk.ports)
    assert desk.fresh(booking).on_safety_hold


@pytest.mark.parametrize(
    ("before_start", "back"),
    [(timedelta(hours=24), PRICE), (timedelta(hours=24) - SECOND, HALF), (SECOND, HALF)],
)
def test_a_patients_cancellation_pays_back_by_the_terms(
    desk: Desk, booking: Booking, clock: FixedClock, before_start: timedelta, back: Money
):
    clock.now = WEDNESDAY - before_start
    cancel(desk, booking)
    assert visit(desk, booking) == (Status.CANCELLED, WEDNESDAY)
    assert (desk.fresh(booking).cancelled_at, desk.fresh(booking).cancelled_by) == (desk.now, "patient")
    assert refunds(desk) == [("patient", back.minor, "requested")]
    sent(desk)
    money = find_money(desk.session, desk.fresh(booking))
    assert (money.returned, money.kept) == (back, PRICE - back)


def test_a_refund_that_failed_is_over_once_the_money_went_back_by_the_dashboard(desk: Desk, booking: Booking):
    cancel(desk, booking)
    desk.gateway.faults = [None, Fault.REFUSE]
    sent(desk)
    money = find_money(desk.session, desk.fresh(booking))
    assert (money.failed, money.returned) == (PRICE, PRICE - PRICE)
    payment = desk.session.scalars(select(Payment)).one()
    with desk.counter.transaction():
        post_once(desk.session, payment.id, LedgerKind.REFUND, -PRICE, "re_1", desk.now)
    money = find_money(desk.session, desk.fresh(booking))
    assert (money.failed, money.returned) == (PRICE - PRICE, PRICE)


def test_terms_without_a_late_share_request_nothing(desk: Desk, booking: Booking, clock: FixedClock):
    with desk.counter.transaction():
        desk.fresh(booking).refund_terms = {"full_until_hours": 24, "late_percent": 0, "move_until_hours": 24}
    clock.now = WEDNESDAY - timedelta(hours=2)
    cancel(desk, booking)
    assert refunds(desk) == []
    [mail] = letters(desk, "cancelled")
    assert "nothing of the $120.00 you paid is refunded" in mail.message.text


def test_from_the_start_on_a_patient_cannot_cancel(desk: Desk, booking: Booking, clock: FixedClock):
    clock.now = WEDNESDAY
    before = everything(desk, booking)
    with pytest.raises(VisitBegun):
        cancel(desk, booking)
    assert everything(desk, booking) == before


def test_a_visit_on_hold_gives_everything_back_however_late(desk: Desk, booking: Booking, clock: FixedClock):
    clock.now = WEDNESDAY - timedelta(hours=1)
    _put_on_hold(desk, booking)
    cancel(desk, booking)
    assert refunds(desk) == [("screening", PRICE.minor, "requested")]


def test_a_cancellation_takes_the_visit_out_of_calendars_and_frees_the_hour(desk: Desk, booking: Booking):
    [first] = letters(desk, "confirmation")
    cancel(desk, booking)
    _, uid, sequence, start_at = first.revision
    [mail] = letters(desk, "cancelled")
    assert mail.revision == ("CANCEL", uid, sequence + 1, start_at)
    assert mail.due_at == desk.now
    assert "All of $120.00 is being refunded" in mail.message.text
    assert len(letters(desk, "therapist_cancelled")) == 1
    assert desk.session.scalar(select(CalendarObject.vevent_therapist)) is None
    desk.hold(desk.screened(), WEDNESDAY)


def test_a_second_click_cancels_nothing_twice_and_nothing_else_changes_it(desk: Desk, booking: Booking):
    cancel(desk, booking, seen_start_at=WEDNESDAY, seen_refund=PRICE)
    before = everything(desk, booking)
    cancel(desk, booking, seen_start_at=WEDNESDAY, seen_refund=PRICE)
    cancel(desk, booking, Actor.THERAPIST)
    for by in Actor:
        with pytest.raises(VisitOver):
            move(desk, booking, THURSDAY, by)
    assert everything(desk, booking) == before


def test_nobody_cancels_for_less_than_the_page_said(desk: Desk, booking: Booking, clock: FixedClock):
    clock.now = WEDNESDAY - timedelta(hours=24) + SECOND
    before = everything(desk, booking)
    with pytest.raises(VisitChanged):
        cancel(desk, booking, seen_refund=PRICE)
    assert everything(desk, booking) == before
    cancel(desk, booking, seen_refund=HALF)
    assert refunds(desk) == [("patient", HALF.minor, "requested")]


def test_a_cancelled_visit_takes_no_more_answers(desk: Desk, booking: Booking):
    cancel(desk, booking)
    done: list[Callable[..., Any]] = [
        lambda: desk.do(answering.save_intake, desk.fresh(booking), "body", {}, False),
        lambda: desk.do(answering.submit_intake, desk.fresh(booking)),
        lambda: desk.do(save_recheck, desk.fresh(booking), {}, True),
    ]
    for command in done:
        with pytest.raises(VisitOver):
            command()


def test_the_visit_of_a_cancelled_booking_is_the_one_that_was_booked_not_a_later_hold(
    desk: Desk, booking: Booking
):
    """A payment that came late claims an older hold again, and a newer one is given back."""
    with desk.counter.transaction():
        held = desk.standing(booking).appointment
        assert held is not None
        kept = ("schedule_id", "booking_id", "session_type_id", "hold_expires_at")
        desk.session.add(
            Appointment(
                **{name: getattr(held, name) for name in kept},
                status=Status.RELEASED,
                start_at=THURSDAY,
                end_at=THURSDAY + timedelta(minutes=45),
                busy_from=THURSDAY,
                busy_until=THURSDAY + timedelta(hours=1),
                created_at=desk.now,
                updated_at=desk.now,
            )
        )
    cancel(desk, booking)
    assert visit(desk, booking) == (Status.CANCELLED, WEDNESDAY)


def test_a_cancelled_booking_is_no_draft(desk: Desk, booking: Booking, clock: FixedClock):
    cancel(desk, booking)
    clock.advance(DRAFT_LIFETIME * 3)
    with desk.counter.transaction():
        purge_drafts(desk.session, desk.now)
    assert visit(desk, booking) == (Status.CANCELLED, WEDNESDAY)


def test_the_confirmation_that_could_not_leave_gives_way_to_what_is_true_now(desk: Desk):
    booking = desk.booked(WEDNESDAY)
    move(desk, booking, THURSDAY)
    assert kinds(desk) == ["confirmation", "therapist_moved", "therapist_new_booking"]
    [mail] = letters(desk, "confirmation")
    assert mail.revision[3] == THURSDAY
    assert "Thursday, June 4" in mail.message.text
    cancel(desk, booking)
    assert "confirmation" not in kinds(desk)
    assert "cancelled" in kinds(desk)


def test_a_mail_that_failed_once_may_have_arrived_and_is_not_taken_for_unsent(desk: Desk):
    booking = desk.booked(WEDNESDAY)
    with desk.counter.transaction():
        for row in desk.session.scalars(select(OutboxMessage)):
            row.attempts = 1
    move(desk, booking, THURSDAY)
    assert "moved" in kinds(desk)
    assert "confirmation" not in kinds(desk)


def test_the_therapist_moves_to_any_time_to_come_and_the_patient_is_told_when_it_is_certain(
    desk: Desk, booking: Booking
):
    sunday_night = TEN + 6 * DAY + timedelta(hours=9, minutes=7)
    move(desk, booking, sunday_night, Actor.THERAPIST)
    assert visit(desk, booking) == (Status.BOOKED, sunday_night)
    assert desk.fresh(booking).moved_by == "therapist"
    [mail] = letters(desk, "moved")
    assert mail.due_at == desk.now + timedelta(minutes=10)
    assert "Dr. Olivia Patel has moved your online appointment." in mail.message.text
    assert letters(desk, "therapist_moved") == []


def test_the_therapist_moves_nothing_into_the_past(desk: Desk, booking: Booking):
    with pytest.raises(SlotNotOffered) as refusal:
        move(desk, booking, TEN - DAY, Actor.THERAPIST)
    assert refusal.value.reason is NotOffered.PAST


def test_two_moves_the_patient_has_not_heard_of_are_one(desk: Desk, booking: Booking, clock: FixedClock):
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    clock.advance(MINUTE)
    move(desk, booking, THURSDAY + DAY, Actor.THERAPIST)
    [mail] = letters(desk, "moved")
    assert "It was on Wednesday, June 3" in mail.message.text
    assert "Friday, June 5" in mail.message.text
    clock.advance(MINUTE)
    move(desk, booking, WEDNESDAY, Actor.THERAPIST)
    assert letters(desk, "moved") == []
    assert desk.fresh(booking).moved_at is None


def test_a_move_the_patient_was_told_of_is_told_from_there(desk: Desk, booking: Booking, clock: FixedClock):
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    clock.advance(timedelta(minutes=10))
    sent(desk)
    move(desk, booking, THURSDAY + DAY, Actor.THERAPIST)
    assert "It was on Thursday, June 4" in letters(desk, "moved")[-1].message.text


def test_a_patient_who_moves_meanwhile_hears_of_their_own_move_only(
    desk: Desk, booking: Booking, clock: FixedClock
):
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    clock.advance(MINUTE)
    move(desk, booking, THURSDAY + DAY)
    [mail] = letters(desk, "moved")
    assert "You moved your online appointment" in mail.message.text
    assert mail.due_at == desk.now


def test_the_therapist_cancels_and_everything_goes_back_once_it_is_certain(
    desk: Desk, booking: Booking, clock: FixedClock
):
    clock.now = WEDNESDAY - timedelta(hours=2)
    cancel(desk, booking, Actor.THERAPIST)
    assert refunds(desk) == [("therapist", PRICE.minor, "requested")]
    [mail] = letters(desk, "cancelled")
    assert mail.due_at == desk.now + timedelta(minutes=10)
    assert "Dr. Olivia Patel has to cancel" in mail.message.text
    clock.advance(timedelta(minutes=10) - SECOND)
    sent(desk)
    assert refunds(desk)[0][2] == "requested"
    assert letters(desk, "cancelled")[0].status == "ready"
    clock.advance(SECOND)
    sent(desk)
    assert refunds(desk)[0][2] == "succeeded"
    assert letters(desk, "cancelled")[0].status == "sent"


def test_the_therapist_cancels_also_after_the_start(desk: Desk, booking: Booking, clock: FixedClock):
    clock.now = WEDNESDAY + 20 * MINUTE
    cancel(desk, booking, Actor.THERAPIST)
    assert refunds(desk) == [("therapist", PRICE.minor, "requested")]


def test_a_patient_whose_visit_is_near_is_told_at_once(desk: Desk, booking: Booking, clock: FixedClock):
    clock.now = WEDNESDAY - timedelta(minutes=59)
    cancel(desk, booking, Actor.THERAPIST)
    assert letters(desk, "cancelled")[0].due_at == desk.now


def test_a_cancellation_speaks_of_the_time_the_patient_knows(desk: Desk, booking: Booking, clock: FixedClock):
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    clock.advance(MINUTE)
    cancel(desk, booking, Actor.THERAPIST)
    assert letters(desk, "moved") == []
    [mail] = letters(desk, "cancelled")
    assert "Wednesday, June 3" in mail.message.text
    assert "Thursday" not in mail.message.text


def test_what_was_paid_back_before_is_not_paid_back_again(desk: Desk, booking: Booking):
    with desk.counter.transaction():
        payment_id = desk.session.scalar(select(Payment.id))
        request_refund(desk.session, payment_id, Money(5_000, "usd"), "staff", desk.now)
    cancel(desk, booking, seen_refund=Money(7_000, "usd"))
    assert [amount for _, amount, _ in refunds(desk)] == [5_000, 7_000]


def test_a_refund_that_fails_is_told_to_the_therapist(desk: Desk, booking: Booking):
    cancel(desk, booking)
    desk.gateway.faults = [None, Fault.REFUSE]
    sent(desk)
    assert refunds(desk)[0][2] == "failed"
    [mail] = letters(desk, "therapist_money_alert")
    assert "http://localhost/therapist/money" in mail.message.text
    assert "Rosa" not in mail.message.text


def test_an_earlier_time_the_practice_offered_is_taken_against_the_limit(
    desk: Desk, booking: Booking, clock: FixedClock
):
    clock.now = WEDNESDAY - timedelta(hours=3)
    earlier = WEDNESDAY - timedelta(hours=1)
    desk.do(changes.take_earlier_time, desk.fresh(booking), earlier)
    desk.do(changes.take_earlier_time, desk.fresh(booking), earlier)
    assert visit(desk, booking) == (Status.BOOKED, earlier)
    assert len(letters(desk, "moved")) == 1
