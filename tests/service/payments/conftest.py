"""A booking to pay for, a gateway, and a till between them: the demo's, or Stripe's for a module that says so
with a `gateway` and a `pay` of its own.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from consult.core.clock import FixedClock
from consult.core.money import Money
from consult.db.transaction import transaction
from consult.payments import ledger
from consult.payments.alerts import AlertKind, AlertRaised
from consult.payments.demo_gateway import DemoGateway
from consult.payments.gateway import Gateway, ReturnUrls
from consult.payments.models import LedgerEntry, Payment
from consult.payments.outcomes import News
from consult.payments.service import open_payment
from consult.payments.till import Checkout, Till, start_checkout, sync
from tests.rows import new_booking as unsaved_booking
from tests.rows import save_session_type
from tests.stripe_double.fixtures import double, pay_at, stripe  # noqa: F401 - fixtures

PRICE = Money(9000, "usd")
URLS = ReturnUrls("https://clinic.example/paid", "https://clinic.example/back")
LIFE = timedelta(minutes=35)


def add_session_type(session: Session) -> uuid.UUID:
    return save_session_type(session, price_minor=PRICE.minor, currency=PRICE.currency).id


@pytest.fixture
def new_booking(session: Session) -> Callable[[], uuid.UUID]:
    with transaction(session):
        session_type_id = add_session_type(session)

    def add() -> uuid.UUID:
        booking = unsaved_booking(session_type_id, price_minor=PRICE.minor, currency=PRICE.currency)
        booking_id = booking.id
        with transaction(session):
            session.add(booking)
        return booking_id

    return add


@pytest.fixture
def booking_id(new_booking: Callable[[], uuid.UUID]) -> uuid.UUID:
    return new_booking()


@pytest.fixture
def demo(session: Session, clock: FixedClock) -> DemoGateway:
    return DemoGateway(sessionmaker(session.get_bind()), clock, "https://clinic.example/demo-pay")


@pytest.fixture
def news() -> list[object]:
    """All that the booking was told but alerts, in order."""
    return []


@pytest.fixture
def alerts() -> list[AlertKind]:
    """The kinds of alerts told, in order."""
    return []


@pytest.fixture
def hear(news: list[object], alerts: list[AlertKind]) -> Callable[[News], None]:
    """The booking's ear."""

    def take(told: News) -> None:
        if isinstance(told, AlertRaised):
            alerts.append(told.kind)
        else:
            news.append(told)

    return take


@pytest.fixture
def gateway(demo: DemoGateway) -> Gateway:
    return demo


@pytest.fixture
def till(session: Session, gateway: Gateway, hear: Callable[[News], None]) -> Till:
    return Till(session, partial(transaction, session), gateway, hear)


@pytest.fixture
def start(clock: FixedClock, booking_id: uuid.UUID) -> Callable[..., Checkout]:
    """Press Pay for the booking at a till."""

    def press(till: Till, **changes: object) -> Checkout:
        facts: dict[str, Any] = {
            "booking_id": booking_id,
            "amount": PRICE,
            "expires_at": clock() + LIFE,
            "return_urls": URLS,
            "now": clock(),
        }
        facts |= changes
        with till.transaction():
            payment_id = open_payment(till.session, gateway=till.gateway, **facts).id
        return start_checkout(till, payment_id, facts["now"])

    return press


@pytest.fixture
def find(session: Session) -> Callable[[uuid.UUID], Payment]:
    """The payment as it is stored now."""

    def read(payment_id: uuid.UUID) -> Payment:
        session.rollback()
        return session.get_one(Payment, payment_id)

    return read


@pytest.fixture
def opened(
    till: Till,
    start: Callable[..., Checkout],
    find: Callable[[uuid.UUID], Payment],
    news: list[object],
) -> Payment:
    """A payment whose page is open, and nothing told of it."""
    payment = find(start(till).payment_id)
    news.clear()
    return payment


@pytest.fixture
def pay(demo: DemoGateway, clock: FixedClock) -> Callable[[str], object]:
    """Press Pay on the page of a checkout."""
    return lambda checkout_id: demo.pay(checkout_id, clock())


@pytest.fixture
def paid(
    till: Till,
    opened: Payment,
    pay: Callable[[str], object],
    clock: FixedClock,
    find: Callable[[uuid.UUID], Payment],
    news: list[object],
) -> Payment:
    """A payment made and known to be, and nothing told of it."""
    assert opened.checkout_id is not None
    pay(opened.checkout_id)
    sync(till, opened.id, clock())
    news.clear()
    return find(opened.id)


@pytest.fixture
def entries(session: Session) -> Callable[[], list[tuple[str, int]]]:
    """The whole ledger, in the order it was written."""

    def read() -> list[tuple[str, int]]:
        session.rollback()
        written = session.query(LedgerEntry).order_by(LedgerEntry.created_at, LedgerEntry.kind)
        return [(entry.kind.value, entry.amount_minor) for entry in written]

    return read


@pytest.fixture
def kept(session: Session) -> Callable[[uuid.UUID], Money]:
    """What the ledger says we hold for a booking."""

    def total(booking_id: uuid.UUID) -> Money:
        session.rollback()
        return ledger.net(session, booking_id, PRICE.currency)

    return total


@pytest.fixture
def gateway_net(demo: DemoGateway, find: Callable[[uuid.UUID], Payment]) -> Callable[[uuid.UUID], Money]:
    """What the gateway holds for a payment: charged if paid, less what it sent back."""

    def total(payment_id: uuid.UUID) -> Money:
        seen = demo.fetch(find(payment_id).checkout_id)
        held = seen.amount if seen.paid else Money(0, seen.amount.currency)
        for refund in demo.refunds(seen.gateway_payment_id) if seen.gateway_payment_id else []:
            held -= refund.amount
        return held

    return total
