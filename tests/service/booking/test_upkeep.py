"""The periodic pass: each part on its own, cut off anywhere."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from consult.accounts.models import Account, SignIn
from consult.accounts.service import sign_in
from consult.booking import checkout
from consult.booking.drafts import DRAFT_LIFETIME, purge_drafts
from consult.booking.models import Booking
from consult.booking.upkeep import Upkeep
from consult.core.clock import FixedClock
from consult.deps import deps
from consult.intake.models import QuestionnaireResponse
from consult.notifications.models import OutboxMessage
from consult.payments.alerts import AlertKind, raise_alert, settle
from consult.payments.asking import SOONEST
from consult.payments.demo_gateway import Fault
from consult.payments.ledger import post_once
from consult.payments.lifecycle import PaymentState
from consult.payments.models import LedgerKind, Payment, Refund
from consult.practice.models import Patient
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment

from .conftest import ONE, TEN, Desk

TOMORROW = TEN + timedelta(days=1)


@pytest.fixture
def upkeep(desk: Desk) -> Upkeep:
    return Upkeep(desk.counter, deps().mailer, "bookings@example.org")


def test_a_pass_over_nothing_does_nothing(upkeep: Upkeep):
    upkeep.run_due()
    upkeep.run_due()


def test_a_checkout_past_its_time_is_closed(desk: Desk, upkeep: Upkeep, clock: FixedClock):
    booking = desk.come_to_pay(ONE)
    checkout.open_checkout(desk.counter, booking.id)
    upkeep.ask_about_payments()
    assert desk.standing(booking).payment is not None
    clock.advance(timedelta(minutes=35))
    upkeep.ask_about_payments()
    assert desk.standing(booking).payment is None
    assert desk.session.scalars(select(Payment.state)).all() == ["expired"]


def test_a_silent_gateway_stops_neither_the_other_payments_nor_the_pass(
    desk: Desk, upkeep: Upkeep, clock: FixedClock
):
    paid = []
    for start_at in (ONE, ONE + timedelta(hours=1)):
        booking = desk.come_to_pay(start_at)
        checkout.open_checkout(desk.counter, booking.id)
        payment = desk.standing(booking).payment
        desk.gateway.pay(payment.checkout_id, desk.now)
        paid.append(booking)
        clock.advance(timedelta(seconds=1))
    desk.gateway.faults = [Fault.DOWN_BEFORE]
    upkeep.run_due()
    assert [desk.fresh(booking).confirmed_at is not None for booking in paid] == [False, True]
    clock.advance(SOONEST)
    upkeep.run_due()
    assert all(desk.fresh(booking).confirmed_at for booking in paid)


def test_a_refund_the_gateway_did_not_answer_is_tried_again_later(
    desk: Desk, upkeep: Upkeep, clock: FixedClock
):
    booking = desk.come_to_pay()
    checkout.open_checkout(desk.counter, booking.id)
    payment = desk.standing(booking).payment
    desk.screen(booking, "chest")
    desk.gateway.pay(payment.checkout_id, desk.now)
    upkeep.ask_about_payments()
    desk.gateway.faults = [Fault.DOWN_BEFORE]
    upkeep.send_refunds()
    upkeep.send_refunds()
    assert desk.session.scalar(select(Refund.state)) == "requested"
    clock.advance(timedelta(minutes=4))
    upkeep.run_due()
    desk.session.expire_all()
    assert desk.session.scalar(select(Refund.state)) == "succeeded"


def test_holds_that_ran_out_are_marked(desk: Desk, upkeep: Upkeep, clock: FixedClock):
    desk.come_to_pay()
    clock.advance(timedelta(minutes=9, seconds=59))
    upkeep.run_due()
    assert desk.session.scalar(select(Appointment.status)) is Status.HELD
    clock.advance(timedelta(seconds=1))
    upkeep.run_due()
    desk.session.expire_all()
    assert desk.session.scalar(select(Appointment.status)) is Status.EXPIRED


def test_drafts_go_after_a_day_and_nobody_elses_patient_with_them(desk: Desk, clock: FixedClock):
    old = desk.come_to_pay(ONE)
    clock.advance(DRAFT_LIFETIME)
    young = desk.come_to_pay(ONE + timedelta(days=1))
    clock.advance(timedelta(seconds=1))
    old_id, young_id = old.id, young.id
    with desk.counter.transaction():
        purge_drafts(desk.session, desk.now)
    assert desk.session.scalars(select(Booking.id)).all() == [young_id]
    assert old_id != young_id
    assert desk.session.scalars(select(Patient.id)).all() == [desk.fresh(young_id).patient_id]


@pytest.fixture
def draft(desk: Desk) -> Booking:
    """A booking whose payment page ran out, and which was left."""
    booking = desk.come_to_pay(ONE)
    checkout.open_checkout(desk.counter, booking.id)
    payment = desk.standing(booking).payment
    with desk.counter.transaction():
        desk.session.get_one(Payment, payment.id).state = PaymentState.EXPIRED
    return desk.fresh(booking)


@pytest.fixture
def purged(desk: Desk, draft: Booking, clock: FixedClock) -> Callable[[], bool]:
    """Whether a day later nothing is left of the draft; its answers are gone in any case."""
    draft_id = draft.id

    def purge() -> bool:
        clock.advance(DRAFT_LIFETIME + timedelta(seconds=1))
        with desk.counter.transaction():
            purge_drafts(desk.session, desk.now)
        desk.session.expire_all()
        assert desk.session.scalar(select(func.count()).select_from(QuestionnaireResponse)) == 0
        patients = desk.session.scalar(select(func.count()).select_from(Patient))
        left = desk.session.scalars(select(Booking.id)).all()
        assert (len(left), patients) in ((0, 0), (1, 1))
        return draft_id not in left

    return purge


def test_a_draft_that_nobody_paid_for_goes_with_its_payment(desk: Desk, purged: Callable[[], bool]):
    assert purged()
    assert desk.session.scalar(select(func.count()).select_from(Payment)) == 0


def test_a_draft_whose_money_moved_stays_for_its_refund_without_its_answers(
    desk: Desk, draft: Booking, purged: Callable[[], bool]
):
    payment = desk.session.scalars(select(Payment)).one()
    with desk.counter.transaction():
        post_once(desk.session, payment.id, LedgerKind.CHARGE, payment.amount, "cs_1", desk.now)
        post_once(desk.session, payment.id, LedgerKind.REFUND, -payment.amount, "re_1", desk.now)
    assert not purged()


def test_a_draft_that_a_person_has_to_see_to_stays_until_they_have(
    desk: Desk, draft: Booking, purged: Callable[[], bool]
):
    payment_id = desk.session.scalars(select(Payment.id)).one()
    with desk.counter.transaction():
        alert = raise_alert(desk.session, "mismatch-1", AlertKind.MISMATCH, desk.now, payment_id=payment_id)
        assert alert is not None
    assert not purged()
    with desk.counter.transaction():
        settle(desk.session, alert.id, "Agreed by phone.", desk.now)
    assert purged()


def test_a_draft_being_paid_for_right_now_stays(desk: Desk, clock: FixedClock):
    booking = desk.come_to_pay(ONE + timedelta(days=2))
    clock.advance(DRAFT_LIFETIME)
    desk.confirm_email(booking)
    desk.hold(booking, ONE + timedelta(days=2))
    checkout.open_checkout(desk.counter, booking.id)
    clock.advance(timedelta(minutes=5))
    with desk.counter.transaction():
        purge_drafts(desk.session, desk.now)
    assert desk.standing(booking).payment is not None


def test_a_reminder_that_cannot_be_written_takes_no_other_with_it(
    desk: Desk, upkeep: Upkeep, clock: FixedClock
):
    broken, whole = desk.booked(TOMORROW), desk.booked(TOMORROW + timedelta(hours=1))
    with desk.counter.transaction():
        desk.session.execute(
            update(QuestionnaireResponse)
            .where(QuestionnaireResponse.booking_id == broken.id)
            .values(answers_sealed=b"lost")
        )
    clock.now = TOMORROW - timedelta(hours=22)
    upkeep.run_due()
    reminded = select(OutboxMessage.booking_id).where(OutboxMessage.kind == "day_reminder")
    assert desk.session.scalars(reminded).all() == [whole.id]


def test_old_sign_ins_are_forgotten(desk: Desk, upkeep: Upkeep, clock: FixedClock):
    account_id = desk.session.scalar(select(Account.id))
    with desk.counter.transaction():
        sign_in(desk.session, account_id, desk.now)
    clock.advance(timedelta(hours=12))
    upkeep.run_due()
    assert desk.session.scalar(select(func.count()).select_from(SignIn)) == 1
    clock.advance(timedelta(seconds=1))
    upkeep.run_due()
    assert desk.session.scalar(select(func.count()).select_from(SignIn)) == 0


def test_rows_from_earlier_releases_are_brought_up_to_date(desk: Desk, upkeep: Upkeep):
    booking = desk.come_to_pay()
    version = desk.ports.catalogue.version
    with desk.counter.transaction():
        desk.session.execute(update(Patient).values(person_digest=None, email_digest=None))
        desk.session.execute(
            update(QuestionnaireResponse).values(questionnaire_version=version.partition("+")[0])
        )
    upkeep.run_due()
    assert None not in desk.session.execute(select(Patient.person_digest, Patient.email_digest)).one()
    assert desk.standing(booking).response.version == version


def test_a_page_that_could_not_be_closed_when_its_booking_was_stopped_is_closed_by_the_next_pass(
    desk: Desk, upkeep: Upkeep
):
    booking = desk.come_to_pay()
    checkout.open_checkout(desk.counter, booking.id)
    desk.screen(booking, "chest")
    upkeep.ask_about_payments()
    assert desk.session.scalars(select(Payment.state)).all() == ["expired"]
