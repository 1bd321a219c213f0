"""What only the demo gateway does."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import sessionmaker

from consult.core.money import Money
from consult.db.transaction import transaction
from consult.payments.demo_gateway import DemoGateway, Fault
from consult.payments.demo_memory import KEY_LIFETIME
from consult.payments.gateway import CheckoutStatus, GatewayDown, GatewayRefused, ReturnUrls
from consult.payments.models import DemoCheckout, DemoRefund

PRICE = Money(9000, "usd")


@pytest.fixture
def request_body(demo, clock):
    urls = ReturnUrls("https://clinic.example/paid", "https://clinic.example/back")
    return demo.build_request("ours", PRICE, clock() + timedelta(days=3), urls)


@pytest.fixture
def checkout(demo, request_body):
    return demo.create(request_body, "key-1")


@pytest.fixture
def count(session):
    def rows(table: type) -> int:
        session.rollback()
        return session.query(table).count()

    return rows


def test_the_pay_page_stands_at_our_own_address(checkout):
    assert checkout.url == f"https://clinic.example/demo-pay/{checkout.checkout_id}"


def test_its_memory_outlives_the_object(checkout, session, clock):
    another = DemoGateway(sessionmaker(session.get_bind()), clock, "https://clinic.example/demo-pay")
    assert another.fetch(checkout.checkout_id) == checkout


def test_down_before_acting_leaves_no_trace(demo, request_body, count):
    demo.faults = [Fault.DOWN_BEFORE]
    with pytest.raises(GatewayDown):
        demo.create(request_body, "key-1")
    assert count(DemoCheckout) == 0


def test_down_after_acting_has_acted_and_the_key_finds_it(demo, request_body, count):
    demo.faults = [Fault.DOWN_AFTER]
    with pytest.raises(GatewayDown):
        demo.create(request_body, "key-1")
    assert count(DemoCheckout) == 1
    demo.create(request_body, "key-1")
    assert count(DemoCheckout) == 1


def test_a_refusal_on_purpose_leaves_no_trace(demo, request_body, count):
    demo.faults = [Fault.REFUSE]
    with pytest.raises(GatewayRefused):
        demo.create(request_body, "key-1")
    assert count(DemoCheckout) == 0


def test_a_refused_checkout_leaves_no_trace(demo, request_body, clock, count):
    clock.advance(timedelta(days=3))
    with pytest.raises(GatewayRefused):
        demo.create(request_body, "key-1")
    assert count(DemoCheckout) == 0


def test_faults_are_used_up_one_call_each(demo, request_body):
    demo.faults = [None, Fault.DOWN_BEFORE]
    checkout = demo.create(request_body, "key-1")
    with pytest.raises(GatewayDown):
        demo.fetch(checkout.checkout_id)
    assert demo.fetch(checkout.checkout_id) == checkout


def test_a_key_is_forgotten_after_a_day(demo, request_body, checkout, clock):
    clock.advance(KEY_LIFETIME - timedelta(seconds=1))
    assert demo.create(request_body, "key-1").checkout_id == checkout.checkout_id
    clock.advance(timedelta(seconds=1))
    assert demo.create(request_body, "key-1").checkout_id != checkout.checkout_id


def test_a_refund_key_is_forgotten_after_a_day_too(demo, checkout, clock, count):
    payment = demo.pay(checkout.checkout_id, clock()).gateway_payment_id
    demo.refund(payment, Money(1000, "usd"), "ref-1", "refund-1")
    clock.advance(KEY_LIFETIME)
    demo.refund(payment, Money(1000, "usd"), "ref-1", "refund-1")
    assert count(DemoRefund) == 2


def test_paying_twice_is_one_payment(demo, checkout, clock):
    assert demo.pay(checkout.checkout_id, clock()) == demo.pay(checkout.checkout_id, clock())


def test_declines_are_counted_only_while_the_checkout_is_open(demo, checkout, clock, session):
    demo.decline(checkout.checkout_id, clock())
    demo.decline(checkout.checkout_id, clock())
    demo.pay(checkout.checkout_id, clock())
    demo.decline(checkout.checkout_id, clock())
    with transaction(session):
        assert session.get(DemoCheckout, checkout.checkout_id).declines == 2


@pytest.mark.parametrize("button", ["pay", "decline"])
def test_an_unknown_checkout_has_no_pay_page(demo, clock, button):
    with pytest.raises(GatewayRefused):
        getattr(demo, button)("demo_cs_nobody", clock())


def test_a_refund_in_another_currency_is_refused(demo, checkout, clock):
    payment = demo.pay(checkout.checkout_id, clock()).gateway_payment_id
    with pytest.raises(GatewayRefused):
        demo.refund(payment, Money(1, "eur"), "ref-1", "refund-1")


def test_the_pay_page_knows_the_price_the_state_and_both_ways_back(demo, checkout, clock):
    demo.decline(checkout.checkout_id, clock())
    page = demo.find_checkout(checkout.checkout_id)
    assert (page.amount, page.status, page.declines) == (PRICE, CheckoutStatus.OPEN, 1)
    assert page.success_url == "https://clinic.example/paid"
    assert page.cancel_url == "https://clinic.example/back"
    assert demo.find_checkout("demo_cs_nobody") is None
