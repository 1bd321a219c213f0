from dataclasses import replace
from datetime import UTC, datetime

import pytest

from consult.core.money import Money
from consult.payments.gateway import CheckoutStatus, RefundStatus, Snapshot
from consult.payments.lifecycle import (
    LIVE,
    PAYMENT_MOVES,
    REFUND_MOVES,
    Discrepancy,
    PaymentState,
    RefundState,
    Seen,
    decide,
)

PRICE = Money(9000, "usd")
OPEN = Snapshot(
    checkout_id="cs_1",
    status=CheckoutStatus.OPEN,
    paid=False,
    amount=PRICE,
    gateway_payment_id=None,
    payment_ref="ours",
    url="https://pay.example/cs_1",
    livemode=True,
    expires_at=datetime(2026, 6, 1, 13, 0, tzinfo=UTC),
)
UNPAID = replace(OPEN, status=CheckoutStatus.COMPLETE, gateway_payment_id="pi_1", url=None)
PAID = replace(UNPAID, paid=True)
EXPIRED = replace(OPEN, status=CheckoutStatus.EXPIRED, url=None)
SNAPSHOTS = {
    "open": OPEN,
    "unpaid": UNPAID,
    "paid": PAID,
    "expired": EXPIRED,
    "wrong amount": replace(PAID, amount=Money(8999, "usd")),
    "wrong currency": replace(PAID, amount=Money(9000, "eur")),
    "wrong mode": replace(PAID, livemode=False),
}
STORY = """
            | open       | unpaid     | paid | expired | wrong amount | wrong currency | wrong mode
created     | open       | processing | paid | expired | review       | review         | review
open        | open       | processing | paid | expired | review       | review         | review
processing  | processing | processing | paid | expired | review       | review         | review
paid        | paid       | paid       | paid | paid    | paid         | paid           | paid
expired     | expired    | review     | paid | expired | review       | review         | review
failed      | failed     | review     | paid | failed  | review       | review         | review
review      | review     | review     | review | review | review      | review         | review
"""


def cells(story: str) -> list[tuple[str, str, str]]:
    head, *rows = [[cell.strip() for cell in line.split("|")] for line in story.strip("\n").splitlines()]
    return [(row[0], column, to) for row in rows for column, to in zip(head[1:], row[1:], strict=True)]


@pytest.mark.parametrize(("state", "snapshot", "to"), cells(STORY))
def test_a_payment_moves_by_what_the_gateway_says(state, snapshot, to):
    decision = decide(PaymentState(state), SNAPSHOTS[snapshot], PRICE, livemode=True)
    assert decision.state == to


def test_the_story_tells_of_every_state_and_every_kind_of_snapshot():
    told = {(state, snapshot) for state, snapshot, _ in cells(STORY)}
    assert told == {(state.value, snapshot) for state in PaymentState for snapshot in SNAPSHOTS}
    assert set(PAYMENT_MOVES) == {(state, seen) for state in PaymentState for seen in Seen}


@pytest.mark.parametrize("state", PaymentState)
@pytest.mark.parametrize(
    ("snapshot", "charge"),
    [
        ("open", None),
        ("unpaid", None),
        ("expired", None),
        ("paid", PRICE),
        ("wrong amount", Money(8999, "usd")),
        ("wrong currency", Money(9000, "eur")),
        ("wrong mode", None),
    ],
)
def test_money_taken_is_a_charge_whatever_became_of_the_payment(state, snapshot, charge):
    assert decide(state, SNAPSHOTS[snapshot], PRICE, livemode=True).charge == charge


@pytest.mark.parametrize(
    ("state", "snapshot", "discrepancy"),
    [
        (PaymentState.OPEN, "wrong amount", Discrepancy.AMOUNT),
        (PaymentState.OPEN, "wrong currency", Discrepancy.CURRENCY),
        (PaymentState.OPEN, "wrong mode", Discrepancy.LIVEMODE),
        (PaymentState.EXPIRED, "unpaid", Discrepancy.UNEXPECTED),
        (PaymentState.OPEN, "paid", None),
        (PaymentState.PAID, "wrong amount", None),
    ],
)
def test_a_review_says_what_was_wrong(state, snapshot, discrepancy):
    assert decide(state, SNAPSHOTS[snapshot], PRICE, livemode=True).discrepancy == discrepancy


@pytest.mark.parametrize("status", CheckoutStatus)
def test_money_outweighs_whatever_status_comes_with_it(status):
    odd = replace(PAID, status=status)
    assert decide(PaymentState.OPEN, odd, PRICE, livemode=True).state is PaymentState.PAID


def test_a_test_installation_expects_play_money():
    played = replace(PAID, livemode=False)
    assert decide(PaymentState.OPEN, played, PRICE, livemode=False).state is PaymentState.PAID
    assert decide(PaymentState.OPEN, PAID, PRICE, livemode=False).discrepancy is Discrepancy.LIVEMODE


def test_a_live_payment_that_settles_never_becomes_live_again():
    for (state, _), to in PAYMENT_MOVES.items():
        assert state in LIVE or to not in LIVE


REFUND_STORY = """
           | pending   | succeeded | failed
requested  | pending   | succeeded | failed
pending    | pending   | succeeded | failed
succeeded  | succeeded | succeeded | failed
failed     | failed    | failed    | failed
canceled   | canceled  | canceled  | canceled
"""


@pytest.mark.parametrize(("state", "status", "to"), cells(REFUND_STORY))
def test_a_refund_moves_by_what_the_gateway_says(state, status, to):
    assert REFUND_MOVES[RefundState(state), RefundStatus(status)] == to


def test_the_story_tells_of_every_refund_state_and_status():
    assert set(REFUND_MOVES) == {(state, status) for state in RefundState for status in RefundStatus}
    assert len(cells(REFUND_STORY)) == len(REFUND_MOVES)
