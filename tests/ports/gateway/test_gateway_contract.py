"""What every gateway must do, whoever stands behind it."""

import json
import uuid
from datetime import timedelta

import pytest

from consult.core.money import Money
from consult.payments.gateway import (
    PRODUCT_NAME,
    BadSignature,
    CheckoutStatus,
    GatewayRefused,
    RefundStatus,
    ReturnUrls,
)

PRICE = Money(9000, "usd")
URLS = ReturnUrls("https://clinic.example/paid", "https://clinic.example/back")
LIFE = timedelta(minutes=35)


@pytest.fixture
def ref() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def build(gateway, clock, ref):
    return lambda amount=PRICE, payment_ref=ref: gateway.build_request(
        payment_ref, amount, clock() + LIFE, URLS
    )


@pytest.fixture
def checkout(gateway, build):
    return gateway.create(build(), "key-1")


@pytest.fixture
def paid(gateway, counter, checkout):
    counter.pay(checkout.checkout_id)
    return gateway.fetch(checkout.checkout_id)


def test_a_gateway_in_tests_never_moves_real_money(gateway):
    assert gateway.livemode is False
    assert gateway.name


def test_a_request_can_be_stored_and_comes_back_the_same(build):
    assert json.loads(json.dumps(build())) == build()


def test_a_request_names_the_payment_the_product_and_the_way_back(build, ref):
    text = json.dumps(build())
    for word in (PRODUCT_NAME, ref, "9000", "usd", URLS.success_url, URLS.cancel_url):
        assert word in text


def test_a_new_checkout_is_open_and_carries_all_we_asked_for(gateway, checkout, clock, ref):
    assert checkout.status is CheckoutStatus.OPEN
    assert checkout.paid is False
    assert checkout.amount == PRICE
    assert checkout.payment_ref == ref
    assert checkout.gateway_payment_id is None
    assert checkout.url.startswith("http")
    assert checkout.livemode is gateway.livemode
    assert checkout.expires_at == clock() + LIFE


def test_what_is_fetched_is_what_was_created(gateway, checkout):
    assert gateway.fetch(checkout.checkout_id) == checkout


def test_the_same_key_and_request_give_the_same_checkout(gateway, build, checkout):
    assert gateway.create(build(), "key-1").checkout_id == checkout.checkout_id


def test_the_same_key_with_another_request_is_refused(gateway, build, checkout):
    with pytest.raises(GatewayRefused):
        gateway.create(build(Money(100, "usd")), "key-1")
    assert gateway.fetch(checkout.checkout_id).amount == PRICE


def test_another_key_gives_another_checkout(gateway, build, checkout):
    assert gateway.create(build(), "key-2").checkout_id != checkout.checkout_id


def test_a_checkout_that_would_be_over_before_it_opens_is_refused(gateway, build, clock):
    request = build()
    clock.advance(LIFE)
    with pytest.raises(GatewayRefused):
        gateway.create(request, "key-1")


def test_paying_completes_the_checkout_and_names_the_payment(paid):
    assert (paid.status, paid.paid, paid.url) == (CheckoutStatus.COMPLETE, True, None)
    assert paid.gateway_payment_id


def test_a_declined_card_leaves_the_checkout_open_for_another(gateway, counter, checkout):
    counter.decline(checkout.checkout_id)
    assert gateway.fetch(checkout.checkout_id) == checkout
    counter.pay(checkout.checkout_id)
    assert gateway.fetch(checkout.checkout_id).paid


def test_expiring_closes_an_open_checkout_for_good(gateway, counter, checkout):
    closed = gateway.expire(checkout.checkout_id)
    assert (closed.status, closed.paid, closed.url) == (CheckoutStatus.EXPIRED, False, None)
    counter.pay(checkout.checkout_id)
    assert gateway.fetch(checkout.checkout_id) == closed


def test_expiring_twice_is_no_error(gateway, checkout):
    assert gateway.expire(checkout.checkout_id) == gateway.expire(checkout.checkout_id)


def test_expiring_a_paid_checkout_tells_that_it_is_paid(gateway, paid):
    assert gateway.expire(paid.checkout_id) == paid


def test_a_checkout_runs_out_by_itself_at_its_time(gateway, counter, checkout, clock):
    clock.advance(LIFE - timedelta(seconds=1))
    assert gateway.fetch(checkout.checkout_id).status is CheckoutStatus.OPEN
    clock.advance(timedelta(seconds=1))
    assert gateway.fetch(checkout.checkout_id).status is CheckoutStatus.EXPIRED
    counter.pay(checkout.checkout_id)
    assert gateway.fetch(checkout.checkout_id).paid is False


def test_a_paid_checkout_stays_paid_after_its_time(gateway, paid, clock):
    clock.advance(LIFE * 2)
    assert gateway.fetch(paid.checkout_id) == paid


@pytest.mark.parametrize("question", ["fetch", "expire"])
def test_an_unknown_checkout_is_refused(gateway, question):
    with pytest.raises(GatewayRefused):
        getattr(gateway, question)("cs_nobody")


def test_a_refund_is_listed_under_our_reference(gateway, paid):
    assert gateway.refunds(paid.gateway_payment_id) == []
    refund = gateway.refund(paid.gateway_payment_id, PRICE, "ref-1", "refund-1")
    assert (refund.status, refund.amount, refund.our_refund_ref) == (RefundStatus.SUCCEEDED, PRICE, "ref-1")
    assert gateway.refunds(paid.gateway_payment_id) == [refund]


def test_the_same_refund_is_sent_once(gateway, paid):
    once = gateway.refund(paid.gateway_payment_id, Money(2000, "usd"), "ref-1", "refund-1")
    again = gateway.refund(paid.gateway_payment_id, Money(2000, "usd"), "ref-1", "refund-1")
    assert again == once
    assert gateway.refunds(paid.gateway_payment_id) == [once]


def test_a_refund_key_with_another_amount_is_refused(gateway, paid):
    gateway.refund(paid.gateway_payment_id, Money(2000, "usd"), "ref-1", "refund-1")
    with pytest.raises(GatewayRefused):
        gateway.refund(paid.gateway_payment_id, Money(2001, "usd"), "ref-1", "refund-1")


def test_parts_can_be_refunded_up_to_the_whole_and_not_beyond(gateway, paid):
    gateway.refund(paid.gateway_payment_id, Money(4000, "usd"), "ref-1", "refund-1")
    with pytest.raises(GatewayRefused):
        gateway.refund(paid.gateway_payment_id, Money(5001, "usd"), "ref-2", "refund-2")
    gateway.refund(paid.gateway_payment_id, Money(5000, "usd"), "ref-3", "refund-3")
    refs = {refund.our_refund_ref for refund in gateway.refunds(paid.gateway_payment_id)}
    assert refs == {"ref-1", "ref-3"}


def test_an_unknown_payment_cannot_be_refunded(gateway):
    with pytest.raises(GatewayRefused):
        gateway.refund("pi_nobody", PRICE, "ref-1", "refund-1")


def test_a_payment_nobody_contests_has_no_dispute(gateway, paid):
    assert gateway.disputes(paid.gateway_payment_id) == []


def test_checkouts_are_listed_oldest_first_with_what_went_back(gateway, build, paid, clock):
    gateway.refund(paid.gateway_payment_id, Money(2000, "usd"), "ref-1", "refund-1")
    clock.advance(timedelta(seconds=1))
    second = gateway.create(build(), "key-2")
    listed = gateway.checkouts(clock() - timedelta(seconds=1), URLS.success_url)
    assert [(one.snapshot, one.refunded.minor, one.disputed) for one in listed] == [
        (paid, 2000, False),
        (second, 0, False),
    ]


def test_the_list_of_checkouts_leaves_out_older_ones_and_those_that_lead_elsewhere(
    gateway, checkout, ref, clock
):
    elsewhere = ReturnUrls("https://other.example/paid", "https://other.example/back")
    gateway.create(gateway.build_request(ref, PRICE, clock() + LIFE, elsewhere), "key-2")
    assert [one.snapshot for one in gateway.checkouts(clock(), URLS.success_url)] == [checkout]
    assert gateway.checkouts(clock() + timedelta(seconds=1), URLS.success_url) == []


def test_nothing_happened_since_just_now(gateway, paid, clock):
    assert gateway.events(clock() + timedelta(seconds=1)) == []


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"id": "evt_1"}', b"not json"])
@pytest.mark.parametrize("headers", [{}, {"Stripe-Signature": "t=1,v1=00"}, {"Stripe-Signature": ""}])
def test_bytes_that_the_gateway_did_not_sign_are_never_an_event(gateway, raw, headers):
    with pytest.raises(BadSignature):
        gateway.parse_webhook(raw, headers)
