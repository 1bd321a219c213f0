"""The gateways the contract is run against, each with somebody to pay at its page."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session, sessionmaker

from consult.core.clock import FixedClock
from consult.payments.demo_gateway import DemoGateway
from consult.payments.gateway import Gateway
from tests.stripe_double.cards import Card
from tests.stripe_double.fixtures import double, pay_at, stripe  # noqa: F401


@dataclass(frozen=True)
class Counter:
    """A gateway and the payer's two buttons on its pay page, by checkout id."""

    gateway: Gateway
    pay: Callable[[str], object]
    decline: Callable[[str], object]


@pytest.fixture
def demo(session: Session, clock: FixedClock) -> DemoGateway:
    return DemoGateway(sessionmaker(session.get_bind()), clock, "https://clinic.example/demo-pay/")


@pytest.fixture(params=["demo", "stripe"])
def counter(request: pytest.FixtureRequest, clock: FixedClock) -> Counter:
    """The demo, and the real Stripe gateway with the real SDK against the double, over HTTP."""
    gateway = request.getfixturevalue(request.param)
    if isinstance(gateway, DemoGateway):
        return Counter(
            gateway,
            pay=lambda checkout_id: gateway.pay(checkout_id, clock()),
            decline=lambda checkout_id: gateway.decline(checkout_id, clock()),
        )
    press_pay = request.getfixturevalue("pay_at")
    return Counter(gateway, press_pay, lambda checkout_id: press_pay(checkout_id, Card.DECLINED))


@pytest.fixture
def gateway(counter: Counter) -> Gateway:
    return counter.gateway
