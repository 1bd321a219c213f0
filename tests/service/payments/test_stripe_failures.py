"""Everything that goes wrong between Stripe and us, one test a row of the table in the design: what Stripe
holds and what our ledger says are the same in the end. The real SDK speaks to the double over HTTP.
"""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from consult.core.money import Money
from consult.db.transaction import transaction
from consult.payments import refund_calls, service
from consult.payments import till as tills
from consult.payments.alerts import AlertKind
from consult.payments.errors import CheckoutRefused, CheckoutUnavailable, RefundDelayed, RefundTooLarge
from consult.payments.gateway import BadSignature, ReturnUrls
from consult.payments.gateway_events import receive
from consult.payments.lifecycle import LIVE, Discrepancy, PaymentState, RefundState
from consult.payments.models import LedgerEntry, Payment, ReceivedEvent, Refund
from consult.payments.outcomes import Expired, NeedsReview, Paid, RefundMoved
from consult.payments.refund_service import request_refund
from tests.stripe_double import Fault
from tests.stripe_double.cards import Card

PRICE = Money(9000, "usd")
URLS = ReturnUrls("https://clinic.example/paid", "https://clinic.example/back")
DOWN = [Fault.ERROR_500] * 9


class CrashError(Exception):
    pass


@pytest.fixture
def gateway(stripe):
    return stripe


@pytest.fixture
def pay(pay_at):
    return pay_at


@pytest.fixture(autouse=True)
def side_door(till, stripe, double, clock):
    """Where the double's events come in."""

    def take(body, headers):
        try:
            receive(till, stripe.parse_webhook(body, headers), clock())
        except BadSignature:
            return 400
        except CheckoutUnavailable:
            return 503
        return 200

    double.hooks.send = take


@pytest.fixture
def the_payment(session, booking_id):
    """The only payment of the booking."""

    def find() -> Payment:
        session.rollback()
        return session.query(Payment).filter(Payment.booking_id == booking_id).one()

    return find


@pytest.fixture
def send_back(till, session, paid, clock):
    """Ask for a refund and send it, as the worker does."""

    def send(amount: Money, reason: str = "patient") -> Refund:
        with transaction(session):
            refund_id = request_refund(session, paid.id, amount, reason, clock()).id
        refund_calls.run_refund(till, refund_id, clock())
        session.rollback()
        return session.get_one(Refund, refund_id)

    return send


def crashing_at(till, transaction_number):
    """The same till in a process that dies as it opens its n-th transaction."""
    opened = 0

    def begin():
        nonlocal opened
        opened += 1
        if opened == transaction_number:
            raise CrashError
        return till.transaction()

    return replace(till, transaction=begin)


def test_row_2_a_webhook_for_a_checkout_we_had_no_time_to_note_finds_its_payment(
    till, start, double, pay_at, the_payment, kept, booking_id
):
    with pytest.raises(CrashError):
        start(crashing_at(till, 4))
    [session] = double.account.of_kind("checkout.session")
    assert the_payment().checkout_id is None
    pay_at(session["id"])
    [event] = double.hooks.events("checkout.session.completed")
    assert double.hooks.deliver(event) == 200
    assert the_payment().state is PaymentState.PAID
    assert kept(booking_id) == PRICE


def test_row_3_a_webhook_that_never_comes_is_not_needed(
    till, opened, pay_at, session, clock, kept, booking_id
):
    pay_at(opened.checkout_id)
    [due] = service.payments_to_sync(session, "stripe", clock())
    assert isinstance(tills.sync(till, due, clock()), Paid)
    assert kept(booking_id) == PRICE


def test_row_4_a_webhook_that_comes_three_times_is_one_payment(till, opened, pay_at, double, news, entries):
    pay_at(opened.checkout_id)
    [event] = double.hooks.events("checkout.session.completed")
    asked = len(double.log)
    assert [double.hooks.deliver(event) for _ in range(3)] == [200, 200, 200]
    assert [type(told) for told in news] == [Paid]
    assert entries() == [("charge", 9000)]
    assert len(double.log) == asked + 1


def test_row_5_webhooks_in_the_wrong_order_and_a_late_expired_do_not_undo_a_payment(
    till, opened, pay_at, double, find, news, entries
):
    pay_at(opened.checkout_id, Card.BANK_DEBIT)
    double.settle()
    assert set(double.hooks.deliver_all(backwards=True)) == {200}
    late = double.account.emit("checkout.session.expired", {**double.session(opened.checkout_id)})
    late["data"]["object"].update(status="expired", payment_status="unpaid")
    assert double.hooks.deliver(late) == 200
    assert find(opened.id).state is PaymentState.PAID
    assert [type(told) for told in news] == [Paid]
    assert entries() == [("charge", 9000)]


def test_row_6_completed_is_not_paid(till, opened, pay_at, double, find, news, entries):
    pay_at(opened.checkout_id, Card.BANK_DEBIT)
    double.hooks.deliver_all()
    assert find(opened.id).state is PaymentState.PROCESSING
    assert entries() == []
    double.settle(paid=False)
    double.hooks.deliver_all()
    assert find(opened.id).state is PaymentState.EXPIRED
    assert entries() == []


def test_row_7_a_link_that_was_closed_can_no_longer_be_paid(till, opened, pay_at, clock, double, booking_id):
    assert tills.close_checkout(till, opened.id, clock()) == Expired(opened.id, booking_id)
    assert pay_at(opened.checkout_id) is None
    assert double.session(opened.checkout_id)["payment_status"] == "unpaid"


def test_row_7_a_checkout_ended_by_stripes_own_timer_is_closed_without_a_fuss(
    till, opened, clock, booking_id
):
    clock.advance(timedelta(minutes=35))
    assert tills.close_checkout(till, opened.id, clock()) == Expired(opened.id, booking_id)


def test_row_8_paid_in_the_last_second_is_paid(till, opened, pay_at, clock, booking_id):
    clock.advance(timedelta(minutes=34, seconds=59))
    pay_at(opened.checkout_id)
    clock.advance(timedelta(seconds=1))
    assert tills.close_checkout(till, opened.id, clock()) == Paid(opened.id, booking_id, PRICE)


def test_row_11_two_tabs_share_one_checkout(till, start, double):
    assert start(till) == start(till)
    assert len(double.account.of_kind("checkout.session")) == 1


def test_row_12_a_second_payment_of_the_same_booking_is_told_and_not_lost(
    till, opened, start, session, find, pay_at, double, news, kept, booking_id
):
    # As after a restored backup: we take the first for given up, and Stripe does not.
    with transaction(session):
        session.get_one(Payment, opened.id).state = PaymentState.EXPIRED
    second = find(start(till).payment_id)
    assert second.checkout_id != opened.checkout_id
    pay_at(second.checkout_id)
    pay_at(opened.checkout_id)
    news.clear()
    double.hooks.deliver_all()
    assert {told.payment_id for told in news} == {opened.id, second.id}
    assert kept(booking_id) == Money(18_000, "usd")


@pytest.mark.parametrize("transaction_number", [2, 3, 4])
def test_row_14_a_crash_around_the_call_to_stripe_ends_in_one_checkout(
    till, start, double, clock, the_payment, transaction_number
):
    with pytest.raises(CrashError):
        start(crashing_at(till, transaction_number))
    clock.advance(timedelta(minutes=4))
    checkout = start(till)
    assert [found["id"] for found in double.account.of_kind("checkout.session")] == [
        the_payment().checkout_id
    ]
    assert checkout.state is PaymentState.OPEN


def test_row_14_only_what_was_stored_is_sent_again_byte_for_byte(till, start, double, clock):
    double.faults = [Fault.DROPPED_AFTER] * 2
    with pytest.raises(CheckoutUnavailable):
        start(till)
    clock.advance(timedelta(minutes=4))
    start(till)
    assert len({(sent.idempotency_key, sent.everything.split("\n\n")[1]) for sent in double.log}) == 1


def test_row_14b_a_checkout_that_can_no_longer_be_opened_makes_room_for_another(
    till, start, double, clock, the_payment
):
    double.faults = [Fault.DROPPED_BEFORE] * 2
    with pytest.raises(CheckoutUnavailable):
        start(till)
    clock.advance(timedelta(minutes=5, seconds=1))
    with pytest.raises(CheckoutRefused):
        start(till)
    assert the_payment().state is PaymentState.FAILED
    assert start(till).state is PaymentState.OPEN


def test_row_14b_an_error_that_stripe_keeps_repeating_blocks_the_booking_no_longer_than_its_checkout(
    till, start, double, clock, the_payment
):
    double.faults = [Fault.ERROR_500_KEPT]
    with pytest.raises(CheckoutUnavailable):
        start(till)
    payment = the_payment()
    clock.advance(timedelta(minutes=39))
    with pytest.raises(CheckoutUnavailable):
        tills.close_checkout(till, payment.id, clock())
    assert the_payment().state is PaymentState.CREATED
    clock.advance(timedelta(minutes=1))
    tills.close_checkout(till, payment.id, clock())
    assert the_payment().state is PaymentState.FAILED
    assert start(till).state is PaymentState.OPEN


def test_row_15_an_answer_lost_on_the_way_is_asked_for_again_within_the_call(till, start, double):
    double.faults = [Fault.DROPPED_AFTER]
    assert start(till).state is PaymentState.OPEN
    assert len(double.account.of_kind("checkout.session")) == 1


def test_row_16_a_crash_while_recording_leaves_nothing_half_done(
    till, opened, pay_at, double, clock, entries, session, find
):
    def die(_news):
        raise CrashError

    pay_at(opened.checkout_id)
    with pytest.raises(CrashError):
        tills.sync(replace(till, react=die), opened.id, clock())
    assert entries() == []
    double.hooks.deliver_all()
    assert find(opened.id).state is PaymentState.PAID
    assert entries() == [("charge", 9000)]


@pytest.mark.parametrize(
    "faults", [[Fault.ERROR_500], [Fault.RATE_LIMITED], [Fault.DROPPED_BEFORE] * 2, [Fault.DROPPED_AFTER] * 2]
)
def test_row_17_stripe_down_at_the_start_is_told_and_taken_up_again(
    till, start, double, session, clock, the_payment, faults
):
    double.faults = [*faults]
    with pytest.raises(CheckoutUnavailable):
        start(till)
    assert the_payment().state is PaymentState.CREATED
    clock.advance(service.RESUME_AFTER)
    [due] = service.payments_to_sync(session, "stripe", clock())
    tills.sync(till, due, clock())
    assert the_payment().state is PaymentState.OPEN
    assert len(double.account.of_kind("checkout.session")) == 1


def test_row_18_stripe_down_at_the_end_keeps_the_payment_alive(till, opened, double, clock, find, pay_at):
    clock.advance(timedelta(minutes=34))
    pay_at(opened.checkout_id)
    clock.advance(timedelta(minutes=30))
    double.faults = [*DOWN]
    with pytest.raises(CheckoutUnavailable):
        tills.close_checkout(till, opened.id, clock())
    assert find(opened.id).state in LIVE
    double.faults = []
    assert isinstance(tills.close_checkout(till, opened.id, clock()), Paid)


def test_row_19_stripe_down_at_a_webhook_has_it_sent_again(till, opened, pay_at, double, find, session):
    pay_at(opened.checkout_id)
    [event] = double.hooks.events("checkout.session.completed")
    double.faults = [*DOWN]
    assert double.hooks.deliver(event) == 503
    session.rollback()
    assert session.get_one(ReceivedEvent, ("stripe", event["id"])).processed_at is None
    double.faults = []
    assert double.hooks.deliver(event) == 200
    assert find(opened.id).state is PaymentState.PAID


def test_row_20_a_refund_whose_answer_and_key_are_lost_is_sent_once(
    till, paid, session, double, clock, entries
):
    with transaction(session):
        refund_id = request_refund(session, paid.id, PRICE, "patient", clock()).id
    double.faults = [None, Fault.DROPPED_AFTER, Fault.DROPPED_AFTER]
    with pytest.raises(RefundDelayed):
        refund_calls.run_refund(till, refund_id, clock())
    double.keys.forget()
    clock.advance(timedelta(days=2))
    assert refund_calls.run_refund(till, refund_id, clock()).state is RefundState.SUCCEEDED
    assert len(double.account.of_kind("refund")) == 1
    assert entries() == [("charge", 9000), ("refund", -9000)]


def test_row_20_should_a_refund_be_sent_twice_after_all_the_ledger_says_so(
    send_back, paid, stripe, double, entries
):
    refund = send_back(Money(2000, "usd"))
    stripe.refund(paid.gateway_payment_id, Money(2000, "usd"), str(refund.id), "another key")
    assert set(double.hooks.deliver_all()) == {200}
    assert entries() == [("charge", 9000), ("refund", -2000), ("refund", -2000)]


def test_row_21_a_refund_that_fails_days_later_is_taken_back_and_told(
    till, opened, pay_at, clock, double, session, news, entries, find
):
    pay_at(opened.checkout_id, Card.REFUND_FAILS_LATER)
    tills.sync(till, opened.id, clock())
    with transaction(session):
        refund_id = request_refund(session, opened.id, PRICE, "patient", clock()).id
    refund_calls.run_refund(till, refund_id, clock())
    news.clear()
    double.settle()
    double.hooks.deliver_all()
    assert [told.state for told in news if isinstance(told, RefundMoved)] == [RefundState.FAILED]
    assert entries() == [("charge", 9000), ("refund", -9000), ("refund_failed", 9000)]


def test_row_21_a_pending_refund_is_asked_about_until_it_is_done(
    till, opened, pay_at, clock, double, session
):
    pay_at(opened.checkout_id, Card.REFUND_IS_PENDING)
    tills.sync(till, opened.id, clock())
    with transaction(session):
        refund_id = request_refund(session, opened.id, PRICE, "patient", clock()).id
    assert refund_calls.run_refund(till, refund_id, clock()).state is RefundState.PENDING
    double.settle()
    double.hooks.deliver_all()
    session.rollback()
    assert session.get_one(Refund, refund_id).state is RefundState.SUCCEEDED


def test_row_22_a_refund_made_in_the_dashboard_is_in_the_ledger_once(till, paid, stripe, double, entries):
    stripe.refund(paid.gateway_payment_id, Money(2500, "usd"), "", "by hand")
    assert set(double.hooks.deliver_all()) == {200}
    assert entries() == [("charge", 9000), ("refund", -2500)]


def test_row_22_a_refund_in_the_dashboard_may_be_the_first_we_hear_of_a_payment(
    till, opened, pay_at, stripe, double, entries
):
    pay_at(opened.checkout_id)
    payment = stripe.fetch(opened.checkout_id).gateway_payment_id
    stripe.refund(payment, PRICE, "", "by hand")
    [event] = double.hooks.events("charge.refunded")
    assert double.hooks.deliver(event) == 200
    assert entries() == [("charge", 9000), ("refund", -9000)]


def test_row_22_a_refund_in_the_dashboard_that_fails_later_is_taken_back(
    till, opened, pay_at, stripe, double, entries
):
    pay_at(opened.checkout_id, Card.REFUND_FAILS_LATER)
    double.hooks.deliver_all()
    stripe.refund(stripe.fetch(opened.checkout_id).gateway_payment_id, PRICE, "", "by hand")
    double.hooks.deliver_all()
    double.settle()
    double.hooks.deliver_all()
    assert entries() == [("charge", 9000), ("refund", -9000), ("refund_failed", 9000)]


def test_row_23_more_than_was_paid_is_never_asked_back(send_back, paid, stripe, double):
    send_back(Money(4000, "usd"))
    with pytest.raises(RefundTooLarge):
        send_back(Money(6000, "usd"), "no_show")
    assert [refund["amount"] for refund in double.account.of_kind("refund")] == [4000]


def test_row_23_what_the_dashboard_gave_back_is_not_given_again(send_back, paid, stripe, double):
    stripe.refund(paid.gateway_payment_id, Money(5000, "usd"), "", "by hand")
    double.hooks.deliver_all()
    with pytest.raises(RefundTooLarge):
        send_back(Money(4001, "usd"))


@pytest.mark.parametrize(("won", "last"), [(True, [("dispute_won", 9000)]), (False, [])], ids=["won", "lost"])
def test_row_24_a_dispute_takes_the_money_out_of_the_ledger_until_it_is_won(
    till, paid, double, entries, alerts, won, last
):
    double.dispute(paid.gateway_payment_id)
    assert set(double.hooks.deliver_all()) == {200}
    assert entries() == [("charge", 9000), ("dispute", -9000)]
    assert alerts == [AlertKind.DISPUTE]
    double.decide_disputes(won=won)
    double.hooks.deliver_all()
    assert entries() == [("charge", 9000), ("dispute", -9000), *last]
    assert alerts[1:] == ([AlertKind.DISPUTE_WON] if won else [])


def test_row_24_a_disputed_payment_cannot_be_refunded_as_well(send_back, paid, double):
    double.dispute(paid.gateway_payment_id)
    assert send_back(PRICE).state is RefundState.FAILED
    double.hooks.deliver_all()
    with pytest.raises(RefundTooLarge):
        send_back(PRICE, "therapist")


@pytest.mark.parametrize(
    ("change", "discrepancy"),
    [
        ({"amount_total": 8999}, Discrepancy.AMOUNT),
        ({"currency": "eur"}, Discrepancy.CURRENCY),
        ({"livemode": True}, Discrepancy.LIVEMODE),
    ],
)
def test_row_25_other_facts_than_agreed_wait_for_a_person(
    till, opened, pay_at, double, find, news, booking_id, change, discrepancy
):
    double.session(opened.checkout_id).update(change)
    pay_at(opened.checkout_id)
    double.hooks.deliver_all()
    assert find(opened.id).state is PaymentState.REVIEW
    [told] = news
    assert isinstance(told, NeedsReview)
    assert told.discrepancy is discrepancy


def test_row_25_a_checkout_that_turns_out_to_be_another_payments_is_let_go_and_logged(
    till, opened, pay_at, double, find, entries, caplog
):
    double.session(opened.checkout_id)["client_reference_id"] = "somebody-elses"
    pay_at(opened.checkout_id)
    [event] = double.hooks.events("checkout.session.completed")
    assert [double.hooks.deliver(event), double.hooks.deliver(event)] == [200, 200]
    assert caplog.text.count(f"is not the checkout of payment {opened.id}") == 1
    assert (find(opened.id).state, entries()) == (PaymentState.OPEN, [])


def test_row_25_money_that_comes_while_a_payment_is_under_review_is_in_the_ledger(
    till, opened, pay_at, double, entries
):
    double.session(opened.checkout_id)["amount_total"] = 8999
    pay_at(opened.checkout_id, Card.BANK_DEBIT)
    double.hooks.deliver_all()
    assert entries() == []
    double.settle()
    double.hooks.deliver_all()
    assert entries() == [("charge", 8999)]


def test_row_26_a_price_changed_meanwhile_does_not_touch_an_open_checkout(
    till, opened, start, pay_at, double
):
    again = start(till, amount=Money(12_000, "usd"))
    assert again.payment_id == opened.id
    assert double.session(opened.checkout_id)["amount_total"] == 9000


def test_row_27_what_stripe_did_not_sign_in_time_is_not_believed(till, opened, pay_at, double, session, find):
    pay_at(opened.checkout_id)
    [event] = double.hooks.events("checkout.session.completed")
    deliver = partial(double.hooks.deliver, event)
    bad = [deliver(secret="whsec_wrong"), deliver(age=301), deliver(tampered=True)]
    assert bad == [400, 400, 400]
    session.rollback()
    assert session.query(ReceivedEvent).count() == 0
    assert find(opened.id).state is PaymentState.OPEN
    assert deliver(age=300) == 200


def test_row_27_while_secrets_are_changed_both_are_believed(till, opened, pay_at, double, find):
    pay_at(opened.checkout_id)
    [event] = double.hooks.events("checkout.session.completed")
    assert double.hooks.deliver(event, secret="whsec_new", other_secret=double.hooks.secret) == 200
    assert find(opened.id).state is PaymentState.PAID


@pytest.mark.parametrize("ref", [None, "somebody-elses-order", "00000000-0000-4000-8000-000000000000"])
def test_row_28_what_another_application_sells_is_let_go(till, stripe, pay_at, double, clock, session, ref):
    request = stripe.build_request(ref or "", PRICE, clock() + timedelta(hours=1), URLS)
    theirs = stripe.create(request, "theirs")
    pay_at(theirs.checkout_id)
    stripe.refund(stripe.fetch(theirs.checkout_id).gateway_payment_id, PRICE, "", "theirs too")
    assert set(double.hooks.deliver_all()) == {200}
    session.rollback()
    assert session.query(ReceivedEvent).count() == session.query(LedgerEntry).count() == 0


def test_what_was_open_at_the_demo_does_not_stand_in_the_way_of_stripe(
    till, demo, start, session, clock, pay_at, find
):
    play = start(replace(till, gateway=demo))
    with pytest.raises(CheckoutUnavailable):
        tills.sync(till, play.payment_id, clock())
    with transaction(session):
        service.retire_play_money(session, demo, clock())
    assert find(play.payment_id).state is PaymentState.OPEN
    with transaction(session):
        service.retire_play_money(session, till.gateway, clock())
    assert (find(play.payment_id).state, find(play.payment_id).url) == (PaymentState.EXPIRED, None)
    real = find(start(till).payment_id)
    pay_at(real.checkout_id)
    assert isinstance(tills.sync(till, real.id, clock()), Paid)


def test_money_really_under_way_is_never_retired(till, opened, demo, session, clock, find):
    with transaction(session):
        session.get_one(Payment, opened.id).livemode = True
    with transaction(session):
        service.retire_play_money(session, demo, clock())
    assert find(opened.id).state is PaymentState.OPEN
