"""Paying, and what follows from it in the other topics."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from consult.booking import answering, checkout
from consult.booking.models import Booking
from consult.booking.reactions import react
from consult.booking.standing import StepNotOpen
from consult.booking.vouchers import PriceChanged
from consult.calendaring.models import CalendarObject
from consult.core.clock import FixedClock
from consult.core.errors import ConsultError
from consult.core.money import Money
from consult.notifications.models import OutboxMessage
from consult.payments import service as payments
from consult.payments.demo_gateway import Fault
from consult.payments.errors import CheckoutRefused, CheckoutUnavailable
from consult.payments.gateway import CheckoutStatus
from consult.payments.models import LedgerEntry, Payment, Refund
from consult.scheduling.errors import SlotTaken
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment, SessionType
from consult.scheduling.policies import CHECKOUT_GRACE, CHECKOUT_TTL, HOLD_TTL

from .conftest import ONE, TEN, Desk


def open_payment(desk: Desk, booking: Booking) -> Payment:
    checkout.open_checkout(desk.counter, booking.id)
    payment = desk.standing(booking).payment
    assert payment is not None
    return payment


def pay(desk: Desk, payment: Payment) -> None:
    assert payment.checkout_id is not None
    desk.gateway.pay(payment.checkout_id, desk.now)
    checkout.settle(desk.counter, payment.id)


def outbox_kinds(desk: Desk) -> list[str]:
    return sorted(desk.session.scalars(select(OutboxMessage.kind)))


def hold_ends_at(desk: Desk) -> object:
    return desk.session.scalar(select(Appointment.hold_expires_at).where(Appointment.status == Status.HELD))


def test_the_hold_outlives_the_payment_page(desk: Desk):
    booking = desk.come_to_pay()
    url = checkout.open_checkout(desk.counter, booking.id)
    assert url is not None
    assert "/demo-pay/" in url
    assert hold_ends_at(desk) == desk.now + CHECKOUT_TTL + CHECKOUT_GRACE
    assert desk.standing(booking).payment.expires_at == desk.now + CHECKOUT_TTL


def test_paying_books_the_hour_and_tells_everybody(desk: Desk):
    booking = desk.come_to_pay()
    pay(desk, open_payment(desk, booking))
    standing = desk.standing(booking)
    assert standing.booking.confirmed_at == desk.now
    assert standing.appointment.status is Status.BOOKED
    assert outbox_kinds(desk) == ["confirmation", "therapist_new_booking"]
    assert desk.session.scalar(select(func.count()).select_from(CalendarObject)) == 1


def test_asking_again_what_became_of_it_changes_nothing(desk: Desk):
    booking = desk.come_to_pay()
    payment = open_payment(desk, booking)
    pay(desk, payment)
    for _ in range(3):
        checkout.settle(desk.counter, payment.id)
    assert len(outbox_kinds(desk)) == 2
    assert desk.session.scalar(select(func.count()).select_from(LedgerEntry)) == 1


def test_a_paid_booking_opens_no_other_payment(desk: Desk):
    booking = desk.come_to_pay()
    pay(desk, open_payment(desk, booking))
    with pytest.raises(ConsultError):
        checkout.open_checkout(desk.counter, booking.id)
    assert desk.session.scalar(select(func.count()).select_from(Payment)) == 1


def test_without_a_held_time_nothing_can_be_paid(desk: Desk, clock: FixedClock):
    booking = desk.come_to_pay()
    clock.advance(HOLD_TTL)
    with pytest.raises(StepNotOpen):
        checkout.open_checkout(desk.counter, booking.id)
    assert desk.session.scalar(select(func.count()).select_from(Payment)) == 0


@pytest.mark.parametrize(
    ("fault", "refusal"),
    [
        (Fault.DOWN_BEFORE, CheckoutUnavailable),
        (Fault.DOWN_AFTER, CheckoutUnavailable),
        (Fault.REFUSE, CheckoutRefused),
    ],
)
def test_a_gateway_that_fails_leaves_the_time_held_and_a_second_try_possible(
    desk: Desk, fault: Fault, refusal: type[Exception]
):
    booking = desk.come_to_pay()
    desk.gateway.faults = [fault]
    with pytest.raises(refusal):
        checkout.open_checkout(desk.counter, booking.id)
    assert desk.standing(booking).facts.hold_live
    assert checkout.open_checkout(desk.counter, booking.id) is not None


def test_coming_back_without_paying_closes_the_page_and_makes_the_hold_short_again(desk: Desk):
    booking = desk.come_to_pay(ONE)
    payment = open_payment(desk, booking)
    checkout.abandon(desk.counter, payment.id, booking.id)
    assert hold_ends_at(desk) == desk.now + HOLD_TTL
    assert desk.standing(booking).payment is None
    assert desk.gateway.fetch(payment.checkout_id).status is CheckoutStatus.EXPIRED


def test_coming_back_having_paid_after_all_books_the_hour(desk: Desk):
    booking = desk.come_to_pay()
    payment = open_payment(desk, booking)
    desk.gateway.pay(payment.checkout_id, desk.now)
    checkout.abandon(desk.counter, payment.id, booking.id)
    assert desk.standing(booking).appointment.status is Status.BOOKED


def test_while_the_gateway_is_silent_the_hold_stays_as_long_as_the_page(desk: Desk):
    booking = desk.come_to_pay(ONE)
    payment = open_payment(desk, booking)
    desk.gateway.faults = [Fault.DOWN_BEFORE]
    checkout.abandon(desk.counter, payment.id, booking.id)
    assert hold_ends_at(desk) == desk.now + CHECKOUT_TTL + CHECKOUT_GRACE
    assert desk.standing(booking).payment is not None
    desk.gateway.faults = [Fault.DOWN_BEFORE]
    checkout.settle(desk.counter, payment.id)
    assert desk.standing(booking).payment is not None


def test_money_for_a_booking_paid_already_goes_back_as_a_duplicate(desk: Desk):
    booking = desk.come_to_pay(ONE)
    first = open_payment(desk, booking)
    late = replace(
        desk.gateway.fetch(first.checkout_id),
        status=CheckoutStatus.COMPLETE,
        paid=True,
        gateway_payment_id="demo_pi_late",
    )
    checkout.abandon(desk.counter, first.id, booking.id)
    pay(desk, open_payment(desk, booking))
    with desk.counter.transaction():
        news = payments.record_snapshot(desk.session, first.id, late, desk.now)
        react(desk.session, news, desk.now, desk.ports)
    assert [(refund.reason, refund.payment_id) for refund in desk.session.scalars(select(Refund))] == [
        ("duplicate", first.id)
    ]
    assert outbox_kinds(desk) == ["confirmation", "refund_notice", "therapist_new_booking"]


def test_money_for_a_cancelled_booking_goes_back(desk: Desk):
    booking = desk.come_to_pay()
    payment = open_payment(desk, booking)
    with desk.counter.transaction():
        desk.fresh(booking).cancelled_at = desk.now
    pay(desk, payment)
    assert desk.session.scalars(select(Refund.reason)).all() == ["booking_over"]
    assert outbox_kinds(desk) == ["refund_notice"]


def test_money_after_an_emergency_sign_goes_back_and_books_nothing(desk: Desk):
    booking = desk.come_to_pay()
    payment = open_payment(desk, booking)
    desk.screen(booking, "chest")
    pay(desk, payment)
    assert desk.session.scalars(select(Refund.reason)).all() == ["screening"]
    assert desk.fresh(booking).confirmed_at is None


@pytest.mark.parametrize(("resold", "reasons"), [(True, ["slot_lost"]), (False, [])])
def test_money_after_the_hold_ended(desk: Desk, clock: FixedClock, resold: bool, reasons: list[str]):
    booking = desk.come_to_pay(ONE)
    payment = open_payment(desk, booking)
    desk.gateway.pay(payment.checkout_id, desk.now)
    clock.advance(CHECKOUT_TTL + CHECKOUT_GRACE)
    if resold:
        desk.hold(desk.screened(), ONE)
    checkout.settle(desk.counter, payment.id)
    assert desk.session.scalars(select(Refund.reason)).all() == reasons
    assert (desk.fresh(booking).confirmed_at is None) is resold


def test_nobody_else_gets_the_hour_while_it_can_be_paid(desk: Desk, clock: FixedClock):
    booking = desk.come_to_pay(ONE)
    open_payment(desk, booking)
    clock.advance(CHECKOUT_TTL + CHECKOUT_GRACE - timedelta(seconds=1))
    with pytest.raises(SlotTaken):
        desk.hold(desk.screened(), ONE)
    clock.advance(timedelta(seconds=1))
    desk.hold(desk.screened(), ONE)


def test_an_emergency_in_the_intake_is_told_once(desk: Desk):
    booking = desk.come_to_pay(TEN)
    pay(desk, open_payment(desk, booking))
    for _ in range(2):
        with desk.counter.transaction():
            answering.save_intake(
                desk.session,
                desk.fresh(booking),
                "where",
                desk.answers({"bm_regions": ["saddle"], "fe_numb": "both"}),
                True,
                desk.now,
                desk.ports,
            )
    assert desk.fresh(booking).on_safety_hold
    assert outbox_kinds(desk) == [
        "confirmation",
        "safety_hold",
        "therapist_new_booking",
        "therapist_safety_alert",
    ]


def test_an_emergency_said_while_the_page_is_being_opened_closes_it_before_anybody_is_sent_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    booking = desk.come_to_pay()
    create = desk.gateway.create

    def create_while_another_tab_answers(*arguments: Any) -> object:
        snapshot = create(*arguments)
        desk.screen(booking, "chest")
        return snapshot

    monkeypatch.setattr(desk.gateway, "create", create_while_another_tab_answers)
    with pytest.raises(StepNotOpen):
        checkout.open_checkout(desk.counter, booking.id)
    payment = desk.session.scalars(select(Payment)).one()
    assert payment.state == "expired"
    assert desk.gateway.fetch(payment.checkout_id).status is CheckoutStatus.EXPIRED


def test_what_is_paid_for_cannot_change_while_the_page_is_being_opened(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    booking = desk.come_to_pay()
    create = desk.gateway.create
    refused: list[type] = []

    def create_while_another_tab_chooses(*arguments: Any) -> object:
        try:
            desk.hold(booking, ONE)
        except StepNotOpen as error:
            refused.append(type(error))
        return create(*arguments)

    monkeypatch.setattr(desk.gateway, "create", create_while_another_tab_chooses)
    checkout.open_checkout(desk.counter, booking.id)
    assert refused == [StepNotOpen]
    assert desk.standing(booking).appointment.start_at == TEN


def test_money_of_another_amount_than_the_price_books_nothing_and_goes_back(desk: Desk):
    booking = desk.come_to_pay()
    payment = open_payment(desk, booking)
    with desk.counter.transaction():
        desk.fresh(booking).price_minor = 8000
    pay(desk, payment)
    assert desk.standing(booking).booking.confirmed_at is None
    refund = desk.session.scalars(select(Refund)).one()
    assert (refund.amount_minor, refund.reason) == (payment.amount_minor, "slot_lost")


def test_a_price_that_changed_is_taken_with_the_time_and_agreed_to_again(desk: Desk):
    booking = desk.come_to_pay()
    with desk.counter.transaction():
        desk.session.scalars(select(SessionType)).one().price_minor = 24000
    desk.hold(booking, ONE)
    booking = desk.fresh(booking)
    assert (booking.price_minor, booking.agreed_at) == (24000, None)


def test_a_price_other_than_the_one_seen_opens_no_page(desk: Desk):
    booking = desk.come_to_pay()
    seen = Money(booking.price_minor - 1, booking.currency)
    with pytest.raises(PriceChanged):
        checkout.open_checkout(desk.counter, booking.id, seen)
    assert desk.standing(booking).payment is None
