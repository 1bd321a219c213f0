"""What only the Stripe gateway does: how it speaks to Stripe, and what it makes of Stripe's answers."""

import json
import re
from datetime import timedelta

import pytest

from consult.core.money import Money
from consult.payments import stripe_gateway
from consult.payments.gateway import CheckoutStatus, GatewayDown, GatewayRefused, RefundStatus, ReturnUrls
from consult.payments.stripe_gateway import API_VERSION, StripeGateway
from tests.stripe_double import Fault
from tests.stripe_double.cards import Card

PRICE = Money(9000, "usd")
URLS = ReturnUrls("https://clinic.example/paid", "https://clinic.example/back")


@pytest.fixture
def request_body(stripe, clock):
    return stripe.build_request("ours", PRICE, clock() + timedelta(minutes=35), URLS)


@pytest.fixture
def checkout(stripe, request_body, double):
    made = stripe.create(request_body, "key-1")
    double.log.clear()
    return made


@pytest.fixture
def paid(stripe, checkout, pay_at):
    pay_at(checkout.checkout_id)
    return stripe.fetch(checkout.checkout_id)


@pytest.mark.parametrize(
    ("key", "live"), [("sk_test_1", False), ("rk_test_1", False), ("sk_live_1", True), ("rk_live_1", True)]
)
def test_the_key_says_whether_real_money_moves(key, live, clock):
    assert StripeGateway(key, [], clock).livemode is live


def test_it_speaks_one_version_of_the_api_with_our_key_and_tells_nothing_of_this_machine(
    stripe, request_body, double
):
    stripe.create(request_body, "key-1")
    stripe.create(request_body, "key-1")
    for sent in double.log:
        assert f"stripe-version: {API_VERSION}" in sent.everything
        assert sent.idempotency_key == "key-1"
        assert "telemetry" not in sent.everything.lower()
        assert '"platform"' not in sent.everything


def test_only_cards_in_the_currency_agreed_are_asked_for(request_body):
    assert request_body["allowed_payment_method_types"] == ["card"]
    assert request_body["adaptive_pricing"] == {"enabled": False}
    assert re.findall("[a-z]*e?mail|name", json.dumps(request_body)) == ["name"]


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.ERROR_500_KEPT, Fault.RATE_LIMITED])
def test_an_answer_that_tells_nothing_is_no_answer(stripe, request_body, double, fault):
    double.faults = [fault]
    with pytest.raises(GatewayDown):
        stripe.create(request_body, "key-1")
    assert len(double.log) == 1


@pytest.mark.parametrize("fault", [Fault.DROPPED_BEFORE, Fault.DROPPED_AFTER, Fault.KEY_IN_USE])
def test_a_line_that_breaks_once_is_tried_again_with_the_same_key(stripe, request_body, double, fault):
    double.faults = [fault]
    checkout = stripe.create(request_body, "key-1")
    assert [sent.idempotency_key for sent in double.log] == ["key-1", "key-1"]
    assert [found["id"] for found in double.account.of_kind("checkout.session")] == [checkout.checkout_id]


@pytest.mark.parametrize("fault", [Fault.DROPPED_BEFORE, Fault.DROPPED_AFTER, Fault.KEY_IN_USE])
def test_a_line_that_stays_broken_is_no_answer(stripe, request_body, double, fault):
    double.faults = [fault] * 2
    with pytest.raises(GatewayDown):
        stripe.create(request_body, "key-1")


def test_whoever_never_answers_is_not_waited_for(double, clock, request_body, monkeypatch):
    monkeypatch.setattr(stripe_gateway, "TIMEOUT", (1, 0.05))
    hasty = StripeGateway(double.api_key, [], clock, api_base=double.url)
    double.faults = [Fault.SLOW] * 2
    with pytest.raises(GatewayDown):
        hasty.create(request_body, "key-1")
    assert double.log == [], "it was waited for until the double gave up"


def test_where_nobody_listens_there_is_no_answer(clock, request_body, double):
    nowhere = StripeGateway(double.api_key, [], clock, api_base="http://127.0.0.1:9")
    with pytest.raises(GatewayDown):
        nowhere.create(request_body, "key-1")


def test_a_wrong_key_is_no_refusal_since_the_right_one_will_do(double, clock, request_body, caplog):
    stranger = StripeGateway("sk_test_of_somebody_else", [], clock, api_base=double.url)
    with pytest.raises(GatewayDown):
        stranger.create(request_body, "key-1")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "sk_test" not in caplog.text


def test_a_request_that_makes_no_sense_is_refused_and_its_key_stays_free(stripe, request_body):
    with pytest.raises(GatewayRefused):
        stripe.create({**request_body, "payment_method_types": ["card"]}, "key-1")
    assert stripe.create(request_body, "key-1").status is CheckoutStatus.OPEN


def test_a_currency_we_do_not_know_is_an_answer_that_makes_no_sense(stripe, checkout, double):
    double.session(checkout.checkout_id)["currency"] = "xaf"
    with pytest.raises(GatewayDown):
        stripe.fetch(checkout.checkout_id)


def test_what_completes_without_money_is_complete_and_not_paid(stripe, checkout, pay_at, double):
    pay_at(checkout.checkout_id, Card.BANK_DEBIT)
    seen = stripe.fetch(checkout.checkout_id)
    assert (seen.status, seen.paid) == (CheckoutStatus.COMPLETE, False)
    double.settle()
    assert stripe.fetch(checkout.checkout_id).paid is True


def test_a_delayed_payment_that_failed_is_over(stripe, checkout, pay_at, double):
    pay_at(checkout.checkout_id, Card.BANK_DEBIT)
    double.settle(paid=False)
    seen = stripe.fetch(checkout.checkout_id)
    assert (seen.status, seen.paid) == (CheckoutStatus.EXPIRED, False)


@pytest.mark.parametrize(
    ("card", "at_once", "later"),
    [
        (Card.PAYS, RefundStatus.SUCCEEDED, RefundStatus.SUCCEEDED),
        (Card.REFUND_FAILS_LATER, RefundStatus.SUCCEEDED, RefundStatus.FAILED),
        (Card.REFUND_IS_PENDING, RefundStatus.PENDING, RefundStatus.SUCCEEDED),
    ],
)
def test_a_refund_may_be_pending_or_fail_later(stripe, checkout, pay_at, double, card, at_once, later):
    pay_at(checkout.checkout_id, card)
    payment = stripe.fetch(checkout.checkout_id).gateway_payment_id
    assert stripe.refund(payment, PRICE, "ref-1", "refund-1").status is at_once
    double.settle()
    assert [refund.status for refund in stripe.refunds(payment)] == [later]


@pytest.mark.parametrize(
    ("told", "seen"),
    [("requires_action", RefundStatus.PENDING), ("canceled", RefundStatus.FAILED), ("new word", None)],
)
def test_every_word_stripe_has_for_a_refund_is_known(stripe, paid, double, told, seen):
    refund = stripe.refund(paid.gateway_payment_id, PRICE, "ref-1", "refund-1")
    double.account.get("refund", refund.refund_id)["status"] = told
    if seen is None:
        with pytest.raises(GatewayDown):
            stripe.refunds(paid.gateway_payment_id)
    else:
        assert [refund.status for refund in stripe.refunds(paid.gateway_payment_id)] == [seen]


def test_more_refunds_than_fit_on_a_page_are_all_found_oldest_first(stripe, paid, monkeypatch):
    monkeypatch.setattr(stripe_gateway, "_PAGE", 2)
    for number in range(5):
        stripe.refund(paid.gateway_payment_id, Money(100, "usd"), f"ref-{number}", f"refund-{number}")
    refs = [refund.our_refund_ref for refund in stripe.refunds(paid.gateway_payment_id)]
    assert refs == ["ref-0", "ref-1", "ref-2", "ref-3", "ref-4"]


@pytest.mark.parametrize(("won", "reinstated"), [(True, True), (False, False)])
def test_a_dispute_says_whether_the_money_is_gone_and_whether_it_came_back(
    stripe, checkout, pay_at, double, won, reinstated
):
    pay_at(checkout.checkout_id, Card.DISPUTED)
    payment = stripe.fetch(checkout.checkout_id).gateway_payment_id
    [opened] = stripe.disputes(payment)
    assert (opened.amount, opened.withdrawn, opened.reinstated) == (PRICE, True, False)
    with pytest.raises(GatewayRefused):
        stripe.refund(payment, PRICE, "ref-1", "refund-1")
    double.decide_disputes(won=won)
    assert [dispute.reinstated for dispute in stripe.disputes(payment)] == [reinstated]


@pytest.mark.parametrize("kind", ["refund", "event"])
def test_all_pages_of_refunds_and_events_are_read(stripe, double, paid, clock, kind):
    stripe.refund(paid.gateway_payment_id, Money(100, "usd"), "ours", "key-2")

    def read():
        return stripe.refunds(paid.gateway_payment_id) if kind == "refund" else stripe.events(clock())

    before, one = len(read()), double.account.of_kind(kind)[0]
    for number in range(101):
        id_ = f"{one['id']}_{number}"
        double.account.objects[id_] = {**one, "id": id_}
    assert len(read()) == before + 101
