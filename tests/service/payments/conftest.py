"""A booking to pay for, a demo gateway, and a till between them."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from consult.booking.models import Booking
from consult.core.clock import FixedClock
from consult.core.money import Money
from consult.db.transaction import transaction
from consult.payments import ledger
from consult.payments.demo_gateway import DemoGateway
from consult.payments.gateway import ReturnUrls
from consult.payments.models import Payment
from consult.payments.service import open_payment
from consult.payments.till import Checkout, Till, start_checkout
from consult.practice.models import Practice, Therapist
from consult.scheduling.models import Schedule, SessionType
from tests.stripe_double.fixtures import double, pay_at, stripe  # noqa: F401 - fixtures

PRICE = Money(9000, "usd")
URLS = ReturnUrls("https://clinic.example/paid", "https://clinic.example/back")
LIFE = timedelta(minutes=35)


def add_session_type(session: Session) -> uuid.UUID:
    now = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    practice = Practice(
        name="Harbour Physio",
        phone="+1 555 0100",
        licensed_states=["NY"],
        full_refund_hours=24,
        late_refund_percent=50,
        privacy_version="1",
        created_at=now,
    )
    therapist = Therapist(practice_id=practice.id, name="R. Vale", about="", created_at=now)
    schedule = Schedule(
        therapist_id=therapist.id,
        zone="America/New_York",
        slot_step_minutes=30,
        notice_minutes=120,
        horizon_days=30,
    )
    session_type = SessionType(
        schedule_id=schedule.id,
        name="First consultation",
        minutes=60,
        price_minor=PRICE.minor,
        currency=PRICE.currency,
        buffer_before_minutes=0,
        buffer_after_minutes=0,
        position=1,
        active=True,
    )
    for row in (practice, therapist, schedule, session_type):
        session.add(row)
        session.flush()
    return session_type.id


@pytest.fixture
def new_booking(session: Session) -> Callable[[], uuid.UUID]:
    with transaction(session):
        session_type_id = add_session_type(session)

    def add() -> uuid.UUID:
        booking = Booking(
            token_digest=uuid.uuid4().hex * 2,
            token_sealed=b"sealed",
            session_type_id=session_type_id,
            zone="America/New_York",
            price_minor=PRICE.minor,
            currency=PRICE.currency,
            refund_terms={},
            started_at=datetime(2026, 6, 1, 12, 0, tzinfo=UTC),
        )
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
    """All that the booking was told, in order."""
    return []


@pytest.fixture
def till(session: Session, demo: DemoGateway, news: list[object]) -> Till:
    return Till(session, partial(transaction, session), demo, news.append)


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
