"""The gateways the contract is run against, each with somebody to pay at its page."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session, sessionmaker

from consult.core.clock import FixedClock
from consult.payments.demo_gateway import DemoGateway
from consult.payments.gateway import Gateway


@dataclass(frozen=True)
class Counter:
    """A gateway and the payer's two buttons on its pay page, by checkout id."""

    gateway: Gateway
    pay: Callable[[str], object]
    decline: Callable[[str], object]


@pytest.fixture
def demo(session: Session, clock: FixedClock) -> DemoGateway:
    return DemoGateway(sessionmaker(session.get_bind()), clock, "https://clinic.example/demo-pay/")


@pytest.fixture(params=["demo"])
def counter(request: pytest.FixtureRequest, clock: FixedClock) -> Counter:
    demo = request.getfixturevalue(request.param)
    return Counter(
        demo,
        pay=lambda checkout_id: demo.pay(checkout_id, clock()),
        decline=lambda checkout_id: demo.decline(checkout_id, clock()),
    )


@pytest.fixture
def gateway(counter: Counter) -> Gateway:
    return counter.gateway
