"""Payments held against Stripe's: once a day by the worker, and by hand."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from click.testing import Result
from flask import Flask

from consult.core.clock import FixedClock
from consult.core.money import Money
from consult.payments.stripe_gateway import StripeGateway
from tests.journeys.patient import Patient, Therapist
from tests.stripe_double import Double, Fault

Rows = Callable[[str], list[tuple]]
PayAt = Callable[..., str | None]
DAY = timedelta(days=1)
DOWN = [Fault.ERROR_500] * 99
OLIVIA = "olivia.patel@example.com"
LEDGER = "SELECT kind, amount_minor FROM ledger_entry ORDER BY created_at"
FINISHED = "SELECT count(*) FROM reconciliation WHERE finished_at IS NOT NULL"


@pytest.fixture
def reconcile(app: Flask) -> Callable[[], Result]:
    def run() -> Result:
        with app.app_context():
            return app.test_cli_runner().invoke(args=["payments", "reconcile"])

    return run


@pytest.fixture
def paid(patient: Patient, checkout_id: str, pay_at: PayAt) -> str:
    """The checkout that Rosa has paid at, and come back from."""
    pay_at(checkout_id)
    assert patient.open("/book/paid").heading == "You're booked, Rosa"
    return checkout_id


@pytest.fixture
def refund_by_hand(double: Double, stripe: StripeGateway) -> Callable[[str, int], None]:
    """In the dashboard: no id of ours is on it."""

    def send(checkout_id: str, minor: int) -> None:
        stripe.refund(double.session(checkout_id)["payment_intent"], Money(minor, "usd"), "", "by hand")

    return send


def test_the_command_says_that_all_agrees(paid: str, reconcile: Callable[[], Result]):
    result = reconcile()
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "stripe (no real money), payments of the last 30 days:",
        "1 checkouts compared",
        "1 events had not reached the webhook, and were dealt with",
        "nothing needs a person",
    ]


def test_the_command_fetches_what_nobody_told_and_ends_with_1_while_a_person_is_needed(
    paid: str,
    double: Double,
    refund_by_hand: Callable[[str, int], None],
    reconcile: Callable[[], Result],
    rows: Rows,
):
    reconcile()
    refund_by_hand(paid, 2_500)
    double.dispute(double.session(paid)["payment_intent"])
    double.account.objects = {
        key: thing for key, thing in double.account.objects.items() if thing["object"] != "event"
    }
    result = reconcile()
    assert result.exit_code == 1
    assert "1 payments brought up to date" in result.output
    [(payment_id,)] = rows("SELECT id FROM payment")
    [line] = [line for line in result.output.splitlines() if line.startswith("needs a person")]
    assert line.startswith(f"needs a person: dispute, payment {uuid.UUID(payment_id)}, dp_")
    assert sorted(rows(LEDGER)) == [("charge", 12_000), ("dispute", -9_500), ("refund", -2_500)]


def test_the_command_ends_with_1_when_one_payment_could_not_be_asked_about(
    checkout_id: str, pay_at: PayAt, double: Double, reconcile: Callable[[], Result]
):
    pay_at(checkout_id)
    double.faults = [None, Fault.ERROR_500]
    result = reconcile()
    assert result.exit_code == 1
    assert "1 could not be asked about; they are tried again in an hour" in result.output
    assert "nothing needs a person" not in result.output
    assert reconcile().exit_code == 0


def test_the_command_says_when_there_was_no_list(
    paid: str, double: Double, reconcile: Callable[[], Result], rows: Rows
):
    double.faults = [*DOWN]
    result = reconcile()
    assert result.exit_code == 1
    assert "The gateway gave no list, so nothing was compared" in result.output
    assert rows(FINISHED) == [(0,)]


def test_row_22_the_worker_compares_once_a_day(
    paid: str,
    refund_by_hand: Callable[[str, int], None],
    run_worker: Callable[[], None],
    clock: FixedClock,
    rows: Rows,
):
    refund_by_hand(paid, 2_500)
    run_worker()
    assert rows(FINISHED) == [(0,)]
    clock.advance(DAY)
    run_worker()
    run_worker()
    assert rows(FINISHED) == [(1,)]
    assert rows(LEDGER) == [("charge", 12_000), ("refund", -2_500)]


def test_three_days_without_a_comparison_are_told_with_when_it_last_was_and_settle_themselves(
    paid: str,
    double: Double,
    therapist: Therapist,
    run_worker: Callable[[], None],
    clock: FixedClock,
    mails: Callable[[str], list[EmailMessage]],
):
    def money_page() -> str:
        therapist.sign_in()
        return therapist.open("/therapist/money").text

    def told() -> int:
        return len([mail for mail in mails(OLIVIA) if "/therapist/money" in mail.as_string()])

    clock.advance(DAY)
    run_worker()
    for _ in range(3):
        assert "could not be compared" not in money_page()
        assert told() == 0
        clock.advance(DAY)
        double.faults = [*DOWN]
        run_worker()
    text = money_page()
    assert "The payments could not be compared with the payment company’s for three days" in text
    assert "Last compared: Tuesday, June 2, 2026, 8:00 am." in text
    clock.advance(timedelta(hours=1))
    run_worker()
    assert told() == 1
    double.faults = []
    clock.advance(timedelta(hours=1))
    run_worker()
    text = money_page()
    assert "could not be compared" not in text
    assert "Last compared with the payment company: Friday, June 5, 2026, 10:00 am." in text
