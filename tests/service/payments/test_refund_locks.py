"""Refunds of one payment, and news about them, that come at the same time."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from consult.booking.models import Booking
from consult.core.money import Money
from consult.db.base import Base
from consult.db.engine import prepare_postgresql
from consult.db.transaction import transaction
from consult.payments.gateway import RefundSnapshot, RefundStatus
from consult.payments.ledger import post_once
from consult.payments.lifecycle import PaymentState, RefundState
from consult.payments.models import LedgerKind, Payment, Refund
from consult.payments.refund_service import record_refund, refund_booking
from consult.payments.service import get_payment

from .conftest import add_session_type

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
PRICE = Money(9000, "usd")
HALF = Money(4500, "usd")
Work = Callable[[Session], object]


def a_refund(session: Session) -> tuple[uuid.UUID, uuid.UUID]:
    """Of a payment that was made: both ids."""
    booking = Booking(
        session_type_id=add_session_type(session),
        token_digest=uuid.uuid4().hex,
        token_sealed=b"sealed",
        zone="Etc/UTC",
        price_minor=PRICE.minor,
        currency=PRICE.currency,
        refund_terms={},
        started_at=NOW,
    )
    session.add(booking)
    session.flush()
    common = {"amount_minor": PRICE.minor, "currency": PRICE.currency, "created_at": NOW, "updated_at": NOW}
    payment = Payment(
        booking_id=booking.id,
        gateway="stripe",
        livemode=False,
        state=PaymentState.PAID,
        request={},
        idempotency_key=uuid.uuid4().hex,
        gateway_payment_id=uuid.uuid4().hex,
        expires_at=NOW,
        **common,
    )
    session.add(payment)
    session.flush()
    refund = Refund(
        payment_id=payment.id,
        reason="patient",
        state=RefundState.REQUESTED,
        idempotency_key=uuid.uuid4().hex,
        **common,
    )
    session.add(refund)
    session.flush()
    return payment.id, refund.id


def wait_for_a_waiter(engine: Engine) -> None:
    """Until some connection waits for a lock."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    for _ in range(200):
        with engine.connect() as connection:
            if connection.scalar(waiting):
                return
        time.sleep(0.01)
    raise AssertionError("nobody ever waited")


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = create_engine(postgres_url)
    Base.metadata.create_all(engine)
    prepare_postgresql(engine)
    yield engine
    engine.dispose()


def while_locked(engine: Engine, payment_id: uuid.UUID, ours: Work, theirs: Work) -> list[Exception]:
    """`theirs` begins while we hold the payment, and waits until we are through; what failed."""
    sessions, failed = sessionmaker(engine), list[Exception]()

    def work() -> None:
        try:
            with sessions() as session, transaction(session):
                theirs(session)
        except Exception as error:
            failed.append(error)

    other = threading.Thread(target=work)
    with sessions() as session, transaction(session):
        get_payment(session, payment_id)
        other.start()
        wait_for_a_waiter(engine)
        ours(session)
    other.join()
    return failed


@pytest.mark.postgres
def test_the_answer_and_the_event_of_one_refund_wait_for_each_other(engine: Engine):
    with Session(engine) as session, transaction(session):
        payment_id, refund_id = a_refund(session)
    snapshot = RefundSnapshot("re_1", RefundStatus.SUCCEEDED, PRICE, str(refund_id))

    def record(session: Session) -> None:
        record_refund(session, refund_id, snapshot, NOW)

    assert while_locked(engine, payment_id, record, record) == []


@pytest.mark.postgres
def test_what_is_left_to_refund_is_reckoned_once_no_other_refund_is_on_its_way(engine: Engine):
    with Session(engine) as session, transaction(session):
        payment_id, _ = a_refund(session)
        booking_id = session.get_one(Payment, payment_id).booking_id
        post_once(session, payment_id, LedgerKind.CHARGE, PRICE + PRICE, "cs_1", NOW)
    came: list[Money] = []

    failed = while_locked(
        engine,
        payment_id,
        # In the gateway's dashboard, beside the one that is requested already.
        lambda session: post_once(session, payment_id, LedgerKind.REFUND, -HALF, "re_2", NOW),
        lambda session: came.append(refund_booking(session, booking_id, PRICE, "therapist", NOW)),
    )
    assert failed == []
    assert came == [PRICE - HALF]
