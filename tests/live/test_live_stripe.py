"""What the double takes for granted, asked of the real Stripe: opening, fetching, closing and listing
checkouts. Nothing is paid: that needs somebody at Stripe's page.

    STRIPE_LIVE_TEST_KEY=sk_test_… .venv/bin/python -m pytest -m live tests/live
"""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from consult.core.clock import system_clock
from consult.core.money import Money
from consult.payments.gateway import BadSignature, CheckoutStatus, GatewayRefused, ReturnUrls, Snapshot
from consult.payments.stripe_gateway import PAY_PAGE_ORIGIN, StripeGateway
from tests.live.conftest import require_test_key

PRICE = Money(9_000, "usd")
URLS = ReturnUrls("https://clinic.example/paid", "https://clinic.example/back")
LIFE = timedelta(minutes=35)


@pytest.fixture
def ref() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def request_body(gateway: StripeGateway, ref: str) -> dict[str, Any]:
    return gateway.build_request(ref, PRICE, system_clock() + LIFE, URLS)


@pytest.fixture
def checkout(gateway: StripeGateway, request_body: dict[str, Any], ref: str) -> Snapshot:
    return gateway.create(request_body, f"checkout-{ref}")


@pytest.mark.live
def test_a_checkout_opens_as_we_asked_for_it(
    checkout: Snapshot, ref: str, request_body: dict[str, Any]
) -> None:
    assert (checkout.status, checkout.paid, checkout.livemode) == (CheckoutStatus.OPEN, False, False)
    assert (checkout.amount, checkout.payment_ref) == (PRICE, ref)
    assert checkout.gateway_payment_id is None
    assert checkout.url is not None
    assert checkout.url.startswith(f"{PAY_PAGE_ORIGIN}/")
    assert int(checkout.expires_at.timestamp()) == request_body["expires_at"]


@pytest.mark.live
def test_what_is_fetched_is_what_was_created(gateway: StripeGateway, checkout: Snapshot) -> None:
    assert gateway.fetch(checkout.checkout_id) == checkout


@pytest.mark.live
def test_the_same_key_and_request_give_the_same_checkout(
    gateway: StripeGateway, checkout: Snapshot, request_body: dict[str, Any], ref: str
) -> None:
    assert gateway.create(request_body, f"checkout-{ref}").checkout_id == checkout.checkout_id


@pytest.mark.live
def test_the_same_key_with_another_request_is_refused(
    gateway: StripeGateway, checkout: Snapshot, ref: str
) -> None:
    dearer = gateway.build_request(ref, Money(9_100, "usd"), checkout.expires_at, URLS)
    with pytest.raises(GatewayRefused):
        gateway.create(dearer, f"checkout-{ref}")


@pytest.mark.live
def test_a_checkout_that_would_end_too_soon_is_refused(gateway: StripeGateway, ref: str) -> None:
    too_soon = gateway.build_request(ref, PRICE, system_clock() + timedelta(minutes=20), URLS)
    with pytest.raises(GatewayRefused):
        gateway.create(too_soon, f"checkout-{ref}")


@pytest.mark.live
def test_closing_it_closes_it_for_good_and_twice_is_no_error(
    gateway: StripeGateway, checkout: Snapshot
) -> None:
    closed = gateway.expire(checkout.checkout_id)
    assert (closed.status, closed.paid, closed.url) == (CheckoutStatus.EXPIRED, False, None)
    assert gateway.expire(checkout.checkout_id) == closed
    assert gateway.fetch(checkout.checkout_id) == closed


@pytest.mark.live
def test_an_unknown_checkout_or_payment_is_refused(gateway: StripeGateway) -> None:
    with pytest.raises(GatewayRefused):
        gateway.fetch("cs_test_nobody")
    with pytest.raises(GatewayRefused):
        gateway.refund("pi_nobody", PRICE, "ref", f"refund-{uuid.uuid4()}")


@pytest.mark.live
def test_bytes_that_nobody_signed_are_no_event(gateway: StripeGateway) -> None:
    with pytest.raises(BadSignature):
        gateway.parse_webhook(b"{}", {})


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1", "pk_test_1", "whsec_1"])
def test_only_a_secret_key_of_test_mode_is_ever_used(key: str) -> None:
    with pytest.raises(pytest.fail.Exception):
        require_test_key(key)
