"""Fixtures for tests against the double; a test module or conftest imports those it needs."""

from collections.abc import Callable, Iterator

import pytest
import requests
import stripe as sdk
from flask import Flask

from consult.core.clock import FixedClock
from consult.payments.stripe_gateway import StripeGateway
from tests.journeys.patient import Visitor

from .cards import Card
from .server import API_KEY, SECRET, Double, running_double

PayAt = Callable[..., str | None]


@pytest.fixture
def double(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    """On the clock of the test. The SDK's pause between two tries is left out."""
    monkeypatch.setattr(sdk.HTTPClient, "INITIAL_DELAY", 0)
    with running_double(clock) as double:
        yield double


@pytest.fixture
def stripe(double: Double, clock: FixedClock) -> StripeGateway:
    """The real gateway and the real SDK, which speak to the double over HTTP."""
    return StripeGateway(API_KEY, [SECRET], clock, api_base=double.url)


@pytest.fixture
def pay_at(double: Double) -> PayAt:
    """Press Pay on the double's page of a checkout with one of its cards: where that leads, or None."""

    def pay(checkout_id: str, card: str = Card.PAYS, answer: str = "pay") -> str | None:
        response = requests.post(
            f"{double.url}/c/pay/{checkout_id}",
            data={"card": card, "answer": answer},
            allow_redirects=False,
            timeout=30,
        )
        assert response.status_code in (200, 303), response.text
        return response.headers.get("Location")

    return pay


@pytest.fixture
def app(make_app: Callable[..., Flask], double: Double) -> Flask:
    """The application with the double behind it. Events wait there until they are delivered."""
    app = make_app(
        STRIPE_SECRET_KEY=API_KEY, STRIPE_WEBHOOK_SECRETS=f"whsec_former,{SECRET}", STRIPE_API_BASE=double.url
    )

    def post(body: bytes, headers: dict[str, str]) -> int:
        return app.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code

    double.hooks.send = post
    return app


@pytest.fixture
def go_to_pay_page() -> Callable[[Visitor], str]:
    """Press the button that leads to payment; the id of the checkout whose page that is."""

    def press(visitor: Visitor) -> str:
        [button] = [name for form in visitor.page.forms for name in form.buttons if "to payment" in name]
        form = visitor.page.form_with(button)
        response = visitor.client.post(form.action, data=dict(form.sent(button)))
        assert response.status_code == 303, response.text
        return response.location.rpartition("/")[2]

    return press
