"""Refunds that the therapist paid back in another way, while a worker may be sending them."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Engine, create_engine, delete
from sqlalchemy.orm import Session, sessionmaker

from consult.core.clock import FixedClock
from consult.core.errors import NotFound
from consult.core.money import Money
from consult.db.base import Base
from consult.db.engine import prepare_postgresql, prepare_sqlite
from consult.db.transaction import transaction
from consult.payments import reports
from consult.payments.alerts import AlertKind, find_alert, open_alerts, refund_key
from consult.payments.demo_gateway import DemoGateway, Fault
from consult.payments.errors import AlreadyPaid, RefundBusy, RefundDelayed, RefundTooLarge, RefundWasSent
from consult.payments.gateway import RefundSnapshot, RefundStatus
from consult.payments.ledger import post_once, refundable
from consult.payments.lifecycle import PaymentState, RefundState
from consult.payments.models import DemoRefund, LedgerKind, MoneyAlert, Payment, Refund
from consult.payments.outcomes import NothingNew, RefundMoved
from consult.payments.paid_outside import CALL_LASTS, cancel_refund
from consult.payments.refund_calls import run_refund, tell_of_stuck_refunds
from consult.payments.refund_service import MAX_ATTEMPTS, record_refund, refunds_to_run, request_refund
from consult.payments.till import Till

from .test_refund_locks import a_refund, wait_for_a_waiter

PRICE = Money(9000, "usd")
NOTHING = Money(0, "usd")
NOTE = "Bank transfer of June 2"


class Meddled(DemoGateway):
    """Something else happens while it is asked for its list: `meanwhile` is called once."""

    meanwhile: Callable[[], object] | None = None

    def refunds(self, gateway_payment_id: str) -> list[RefundSnapshot]:
        known = super().refunds(gateway_payment_id)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return known


@pytest.fixture
def engine(session: Session) -> Engine:
    """Of the test's own database; the tests of what happens at once have one of each kind."""
    return session.get_bind()


@pytest.fixture
def demo(engine: Engine, clock: FixedClock) -> DemoGateway:
    return Meddled(sessionmaker(engine), clock, "https://clinic.example/demo-pay")


@pytest.fixture
def refund_id(session, paid, clock):
    """Of a refund of all that was paid."""
    with transaction(session):
        return request_refund(session, paid.id, PRICE, "patient", clock()).id


@pytest.fixture
def read(session, refund_id):
    def refund() -> Refund:
        session.rollback()
        return session.get_one(Refund, refund_id)

    return refund


@pytest.fixture
def cancel(till, refund_id, clock):
    return lambda note=NOTE: cancel_refund(till, refund_id, note, clock())


@pytest.fixture
def fail(till, demo, refund_id, clock):
    """Try the refund in vain."""

    def run():
        demo.faults = [Fault.DOWN_BEFORE]
        with pytest.raises(RefundDelayed):
            run_refund(till, refund_id, clock())
        clock.advance(CALL_LASTS)

    return run


@pytest.fixture
def sent(session):
    """How many refunds the gateway made."""

    def count() -> int:
        session.rollback()
        return session.query(DemoRefund).count()

    return count


@pytest.fixture
def tell(till, session, clock):
    """What the gateway says of a refund, as an event brings it."""

    def told(refund_id, status, ref="re_1"):
        with till.transaction():
            snapshot = RefundSnapshot(ref, status, PRICE, str(refund_id))
            till.tell(record_refund(session, refund_id, snapshot, clock()), clock())

    return told


@pytest.mark.parametrize("tries", [0, MAX_ATTEMPTS])
def test_what_was_paid_back_in_another_way_is_never_sent(
    till, tries, fail, cancel, read, sent, refund_id, clock, session, entries, news, paid, booking_id
):
    for _ in range(tries):
        fail()
    cancel()
    assert read().state is RefundState.CANCELED
    assert news == [RefundMoved(refund_id, paid.id, booking_id, RefundState.CANCELED)]
    assert run_refund(till, refund_id, clock()) == NothingNew()
    clock.advance(timedelta(days=2))
    assert refunds_to_run(session, "demo", clock()) == []
    assert sent() == 0
    assert entries() == [("charge", 9000)]


def test_its_alert_is_settled_with_her_note_and_none_comes_after(
    till, fail, cancel, refund_id, session, clock, alerts
):
    for _ in range(MAX_ATTEMPTS):
        fail()
    tell_of_stuck_refunds(till, clock())
    assert [alert.kind for alert in open_alerts(session)] == [AlertKind.REFUND_STUCK]
    cancel()
    tell_of_stuck_refunds(till, clock())
    assert alerts == [AlertKind.REFUND_STUCK]
    assert open_alerts(session) == []
    notes = {alert.kind: alert.settled_note for alert in session.query(MoneyAlert)}
    assert notes == {AlertKind.REFUND_STUCK: NOTE, AlertKind.PAID_OUTSIDE: NOTE}


def test_it_stands_in_the_reports_with_her_note_and_not_in_what_can_be_refunded(
    till, cancel, session, paid, clock, refund_id
):
    cancel()
    span = reports.TimeSpan(clock(), clock() + timedelta(hours=1))
    [it] = reports.paid_outside(session, span)
    assert (it.refund.id, it.payment.id, it.note) == (refund_id, paid.id, NOTE)
    [sums] = reports.sums(session, span)
    assert (sums.charged, sums.refunded, sums.outside, sums.net) == (PRICE, NOTHING, PRICE, NOTHING)
    assert refundable(session, session.get_one(Payment, paid.id)) == NOTHING
    before = reports.TimeSpan(clock() - timedelta(hours=1), clock())
    assert (reports.paid_outside(session, before), reports.sums(session, before)) == ([], [])
    assert reports.refunds_on_their_way(session) == []


@pytest.mark.parametrize("status", [RefundStatus.SUCCEEDED, RefundStatus.PENDING])
def test_a_refund_that_the_gateway_sent_though_its_answer_was_lost_is_refused_and_entered(
    till, demo, cancel, read, refund_id, clock, entries, session, status
):
    demo.faults = [None, Fault.DOWN_AFTER]
    with pytest.raises(RefundDelayed):
        run_refund(till, refund_id, clock())
    with transaction(session):
        session.query(DemoRefund).update({"status": status})
    clock.advance(CALL_LASTS)
    with pytest.raises(RefundWasSent):
        cancel()
    assert read().state == status
    assert entries() == [("charge", 9000), ("refund", -9000)]
    with pytest.raises(RefundWasSent):
        cancel()
    assert find_alert(session, refund_key(AlertKind.PAID_OUTSIDE, refund_id)) is None


@pytest.mark.parametrize("fault", [Fault.DOWN_BEFORE, Fault.REFUSE])
def test_without_an_answer_nothing_is_entered_and_the_refund_is_still_sent(
    till, demo, cancel, read, refund_id, clock, fault, sent, session
):
    demo.faults = [fault]
    with pytest.raises(RefundDelayed):
        cancel()
    assert (read().state, read().attempts) == (RefundState.REQUESTED, 1)
    assert session.query(MoneyAlert).count() == 0
    run_refund(till, refund_id, clock())
    assert (read().state, sent()) == (RefundState.SUCCEEDED, 1)


def test_while_a_try_may_be_under_way_it_is_refused(till, demo, cancel, refund_id, clock, read):
    demo.faults = [Fault.DOWN_BEFORE]
    with pytest.raises(RefundDelayed):
        run_refund(till, refund_id, clock())
    clock.advance(CALL_LASTS - timedelta(seconds=1))
    with pytest.raises(RefundBusy):
        cancel()
    assert (read().state, read().attempts) == (RefundState.REQUESTED, 1)
    clock.advance(timedelta(seconds=1))
    cancel()
    assert read().state is RefundState.CANCELED


def test_entered_twice_the_first_note_stands(cancel, session, read):
    cancel()
    entered_at = read().updated_at
    cancel("Cash")
    assert [alert.settled_note for alert in session.query(MoneyAlert)] == [NOTE]
    assert read().updated_at == entered_at


def test_a_refund_that_failed_can_be_paid_back_in_another_way(
    till, demo, cancel, refund_id, clock, read, alerts, session, entries
):
    demo.faults = [None, Fault.REFUSE]
    run_refund(till, refund_id, clock())
    assert alerts == [AlertKind.REFUND_FAILED]
    cancel()
    assert read().state is RefundState.CANCELED
    assert open_alerts(session) == []
    assert entries() == [("charge", 9000)]


def test_a_failed_refund_whose_money_was_promised_again_is_refused(
    till, demo, cancel, refund_id, clock, read, session, paid
):
    demo.faults = [None, Fault.REFUSE]
    run_refund(till, refund_id, clock())
    with transaction(session):
        request_refund(session, paid.id, Money(1, "usd"), "staff", clock())
    with pytest.raises(RefundTooLarge):
        cancel()
    assert read().state is RefundState.FAILED


def test_what_went_back_by_the_dashboard_is_not_entered_a_second_time(
    till, cancel, read, session, paid, clock, entries
):
    with transaction(session):
        post_once(session, paid.id, LedgerKind.REFUND, -PRICE, "re_by_hand", clock())
    with pytest.raises(RefundTooLarge):
        cancel()
    assert read().state is RefundState.REQUESTED
    assert session.query(MoneyAlert).count() == 0


def test_one_that_came_back_from_the_bank_is_not_taken_for_sent(cancel, tell, demo, refund_id, read, session):
    tell(refund_id, RefundStatus.SUCCEEDED)
    tell(refund_id, RefundStatus.FAILED)
    cancel()
    assert read().state is RefundState.CANCELED


@pytest.mark.parametrize("status", [RefundStatus.SUCCEEDED, RefundStatus.PENDING])
def test_a_late_word_that_it_was_sent_after_all_is_entered_and_told_once(
    cancel, tell, refund_id, read, entries, alerts, session, clock, paid, status
):
    cancel()
    entered_at = read().updated_at
    clock.advance(timedelta(days=1))
    tell(refund_id, status)
    tell(refund_id, status)
    assert (read().state, read().updated_at) == (RefundState.CANCELED, entered_at)
    assert entries() == [("charge", 9000), ("refund", -9000)]
    assert alerts == [AlertKind.REFUNDED_TWICE]
    [alert] = open_alerts(session)
    assert (alert.payment_id, alert.gateway_ref) == (paid.id, "re_1")
    assert refundable(session, session.get_one(Payment, paid.id)) == -PRICE
    tell(refund_id, RefundStatus.FAILED)
    assert entries() == [("charge", 9000), ("refund", -9000), ("refund_failed", 9000)]


def test_the_booking_can_be_paid_again_once_the_payer_has_all_of_it_back(start, till, cancel):
    with pytest.raises(AlreadyPaid):
        start(till)
    cancel()
    assert start(till).state is PaymentState.OPEN


def test_another_gateways_refund_of_real_money_cannot_be_asked_about(till, demo, cancel, read, session, paid):
    class Successor(type(demo)):
        name = "successor"

    with transaction(session):
        session.get_one(Payment, paid.id).livemode = True
    demo.__class__ = Successor
    with pytest.raises(RefundDelayed):
        cancel()
    assert (read().state, read().attempts) == (RefundState.REQUESTED, 0)


@pytest.mark.parametrize("change", [{"name": "successor"}, {"livemode": True}])
def test_where_play_money_is_over_its_refund_is_not_tried_and_can_be_ended_without_asking(
    till, demo, cancel, read, refund_id, clock, change
):
    demo.__class__ = type("Successor", (type(demo),), change)
    with pytest.raises(RefundDelayed):
        run_refund(till, refund_id, clock())
    assert (read().state, read().attempts) == (RefundState.REQUESTED, 0)
    demo.faults = [Fault.DOWN_BEFORE]
    cancel()
    assert read().state is RefundState.CANCELED


def test_a_refund_nobody_knows_is_not_found(till, booking_id, clock):
    with pytest.raises(NotFound):
        cancel_refund(till, booking_id, NOTE, clock())


class TestAtOnce:
    """On both databases: somebody else is at the refund while the gateway is asked."""

    @pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
    def engine(self, request: pytest.FixtureRequest, tmp_path) -> Iterator[Engine]:
        is_sqlite = request.param == "sqlite"
        engine = create_engine(
            f"sqlite:///{tmp_path}/at_once.db" if is_sqlite else request.getfixturevalue("postgres_url")
        )
        Base.metadata.create_all(engine)
        with engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(delete(table))
        engine.dispose()
        (prepare_sqlite if is_sqlite else prepare_postgresql)(engine)
        yield engine
        engine.dispose()

    @pytest.fixture
    def session(self, engine: Engine) -> Iterator[Session]:
        with Session(engine) as session:
            yield session

    @pytest.fixture
    def another_till(self, engine, demo, hear) -> Iterator[Till]:
        """Of another process."""
        with Session(engine) as session:
            yield Till(session, partial(transaction, session), demo, hear)

    def test_the_worker_begins_while_she_waits_for_the_gateway_and_only_it_pays(
        self, cancel, demo, another_till, refund_id, clock, read, sent, session
    ):
        demo.meanwhile = lambda: run_refund(another_till, refund_id, clock())
        with pytest.raises(RefundWasSent):
            cancel()
        assert (read().state, sent()) == (RefundState.SUCCEEDED, 1)
        assert session.query(MoneyAlert).count() == 0

    def test_the_worker_begins_in_vain_while_she_waits_and_she_is_asked_to_come_back(
        self, cancel, demo, another_till, refund_id, clock, read, sent, session
    ):
        def try_in_vain():
            demo.faults = [Fault.DOWN_BEFORE]
            with pytest.raises(RefundDelayed):
                run_refund(another_till, refund_id, clock())

        demo.meanwhile = try_in_vain
        with pytest.raises(RefundBusy):
            cancel()
        assert (read().state, session.query(MoneyAlert).count()) == (RefundState.REQUESTED, 0)

    def test_she_enters_it_while_the_worker_is_about_to_send_and_only_the_worker_pays(
        self, till, demo, another_till, refund_id, clock, read, sent
    ):
        def enter():
            with pytest.raises(RefundBusy):
                cancel_refund(another_till, refund_id, NOTE, clock())

        demo.meanwhile = enter
        run_refund(till, refund_id, clock())
        assert (read().state, sent()) == (RefundState.SUCCEEDED, 1)

    def test_she_enters_it_in_two_windows_and_one_of_them_counts(
        self, cancel, demo, another_till, refund_id, clock, read, session
    ):
        def enter():
            with pytest.raises(RefundBusy):
                cancel_refund(another_till, refund_id, "Cash", clock())

        demo.meanwhile = enter
        cancel()
        assert read().state is RefundState.CANCELED
        assert [alert.settled_note for alert in session.query(MoneyAlert)] == [NOTE]

    def test_a_worker_that_slept_for_longer_than_any_call_is_told_of(
        self, till, demo, another_till, refund_id, clock, read, sent, alerts, entries
    ):
        def enter():
            clock.advance(CALL_LASTS)
            cancel_refund(another_till, refund_id, NOTE, clock())

        demo.meanwhile = enter
        run_refund(till, refund_id, clock())
        assert (read().state, sent()) == (RefundState.CANCELED, 1)
        assert alerts == [AlertKind.REFUNDED_TWICE]
        assert entries() == [("charge", 9000), ("refund", -9000)]


@pytest.mark.postgres
def test_an_event_that_comes_as_she_enters_it_is_waited_for(postgres_url: str):
    engine = create_engine(postgres_url)
    Base.metadata.create_all(engine)
    prepare_postgresql(engine)
    sessions, clock = sessionmaker(engine), FixedClock(datetime(2026, 6, 1, 12, 0, tzinfo=UTC))
    with sessions() as session, transaction(session):
        payment_id, refund_id = a_refund(session)
        session.get_one(Payment, payment_id).gateway = "demo"
    gateway = Meddled(sessions, clock, "https://clinic.example/demo-pay")
    asked, may_answer = threading.Event(), threading.Event()
    refusals: list[type[Exception]] = []

    def hold_the_answer() -> None:
        asked.set()
        assert may_answer.wait(30)

    def enter() -> None:
        with sessions() as session:
            till = Till(session, partial(transaction, session), gateway, lambda news: None)
            try:
                cancel_refund(till, refund_id, NOTE, clock())
            except Exception as error:
                refusals.append(type(error))

    gateway.meanwhile = hold_the_answer
    her = threading.Thread(target=enter)
    her.start()
    assert asked.wait(30)
    with sessions() as session, transaction(session):
        snapshot = RefundSnapshot("re_at_once", RefundStatus.SUCCEEDED, PRICE, str(refund_id))
        record_refund(session, refund_id, snapshot, clock())
        may_answer.set()
        wait_for_a_waiter(engine)
    her.join()
    with sessions() as session:
        assert session.get_one(Refund, refund_id).state is RefundState.SUCCEEDED
    engine.dispose()
    assert refusals == [RefundWasSent]
