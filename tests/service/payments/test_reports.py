"""Sums and lists for the therapist, out of the ledger."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from consult.core.clock import FixedClock
from consult.core.money import Money
from consult.core.timespan import TimeSpan
from consult.db.transaction import transaction
from consult.payments import reports
from consult.payments.ledger import post_once
from consult.payments.lifecycle import PaymentState, RefundState
from consult.payments.models import LedgerKind, Payment, Reconciliation, Refund

DAY = timedelta(days=1)
USD = Money(9000, "usd")


@pytest.fixture
def pay(session: Session, clock: FixedClock, new_booking):
    """A payment, with its charge if it was made; its id."""

    def add(
        amount: Money = USD, *, livemode: bool = True, state: PaymentState = PaymentState.PAID
    ) -> uuid.UUID:
        now = clock()
        payment = Payment(
            booking_id=new_booking(),
            gateway="stripe",
            livemode=livemode,
            state=state,
            amount_minor=amount.minor,
            currency=amount.currency,
            request={},
            idempotency_key=uuid.uuid4().hex,
            expires_at=now,
            created_at=now,
            updated_at=now,
        )
        payment_id = payment.id
        with transaction(session):
            session.add(payment)
            session.flush()
            if state is PaymentState.PAID:
                post_once(session, payment_id, LedgerKind.CHARGE, amount, f"cs_{payment_id}", now)
        return payment_id

    return add


@pytest.fixture
def post(session: Session, clock: FixedClock):
    def add(payment_id: uuid.UUID, kind: LedgerKind, minor: int, ref: str) -> None:
        with transaction(session):
            post_once(session, payment_id, kind, Money(minor, "usd"), ref, clock())

    return add


def span(clock: FixedClock) -> TimeSpan:
    return TimeSpan(clock(), clock() + DAY)


def test_what_came_back_and_what_was_won_lowers_what_left(session, clock, pay, post):
    payment_id = pay()
    post(payment_id, LedgerKind.REFUND, -4000, "re_1")
    post(payment_id, LedgerKind.REFUND, -1000, "re_2")
    post(payment_id, LedgerKind.REFUND_FAILED, 4000, "re_1")
    post(payment_id, LedgerKind.DISPUTE, -3000, "dp_1")
    post(payment_id, LedgerKind.DISPUTE_WON, 3000, "dp_1")
    post(payment_id, LedgerKind.DISPUTE, -500, "dp_2")
    [it] = reports.sums(session, span(clock))
    assert (it.charged.minor, it.refunded.minor, it.disputed.minor, it.net.minor) == (9000, 1000, 500, 7500)


def test_currencies_and_play_money_are_summed_apart_real_money_first(session, clock, pay):
    pay(livemode=False)
    pay(Money(700, "usd"))
    pay(Money(800, "eur"))
    pay(Money(100, "usd"))
    found = [(it.livemode, str(it.net)) for it in reports.sums(session, span(clock))]
    assert found == [(True, "€8.00"), (True, "$8.00"), (False, "$90.00")]


def test_a_span_holds_its_first_instant_and_not_its_last(session, clock, pay):
    pay(Money(1, "usd"))
    today = span(clock)
    clock.advance(DAY)
    pay(Money(20, "usd"))
    assert [it.net.minor for it in reports.sums(session, today)] == [1]
    assert [it.amount.minor for it in reports.posted(session, today)] == [1]
    assert [it.net.minor for it in reports.sums(session, span(clock))] == [20]
    assert reports.first_posted_at(session) == today.start_at


def test_entries_come_oldest_first_with_their_payment(session, clock, pay, post):
    payment_id = pay()
    clock.advance(timedelta(hours=1))
    post(payment_id, LedgerKind.REFUND, -1000, "re_1")
    found = reports.posted(session, TimeSpan(clock() - DAY, clock() + DAY))
    assert [(it.entry.kind, it.amount.minor, it.payment.id) for it in found] == [
        (LedgerKind.CHARGE, 9000, payment_id),
        (LedgerKind.REFUND, -1000, payment_id),
    ]


def test_a_contested_payment_is_open_until_it_is_won(session, pay, post):
    payment_id = pay()
    post(payment_id, LedgerKind.DISPUTE, -3000, "dp_1")
    post(payment_id, LedgerKind.DISPUTE, -500, "dp_2")
    post(payment_id, LedgerKind.DISPUTE_WON, 3000, "dp_1")
    assert [it.entry.gateway_ref for it in reports.open_disputes(session)] == ["dp_2"]


def test_payments_and_refunds_under_way_are_listed_and_failures_for_a_while(session, clock, pay):
    live = {pay(state=state) for state in (PaymentState.CREATED, PaymentState.OPEN, PaymentState.PROCESSING)}
    over = pay()
    pay(state=PaymentState.EXPIRED)
    assert {it.id for it in reports.open_payments(session)} == live
    with transaction(session):
        for state in RefundState:
            session.add(
                Refund(
                    payment_id=over,
                    amount_minor=100,
                    currency="usd",
                    reason=state.value,
                    state=state,
                    idempotency_key=state.value,
                    created_at=clock(),
                    updated_at=clock(),
                )
            )
    assert {it.refund.reason for it in reports.refunds_on_their_way(session)} == {"requested", "pending"}
    assert [it.refund.reason for it in reports.failed_refunds(session, clock())] == ["failed"]
    assert reports.failed_refunds(session, clock() + 91 * DAY) == []


def test_the_last_comparison_is_the_newest_that_was_finished_with_this_gateway(session, clock):
    assert reports.last_reconciliation(session, "stripe", True) is None
    with transaction(session):
        for gateway, livemode, began, finished in (
            ("stripe", True, 1, 2), ("stripe", True, 3, 4), ("stripe", True, 5, None),
            ("stripe", False, 6, 7), ("demo", True, 6, 7),
        ):  # fmt: skip
            session.add(
                Reconciliation(
                    gateway=gateway,
                    livemode=livemode,
                    began_at=clock() + began * DAY,
                    finished_at=clock() + finished * DAY if finished else None,
                )
            )
    found = reports.last_reconciliation(session, "stripe", True)
    assert found is not None
    assert found.finished_at == clock() + 4 * DAY
