"""What a patient reads about their money in each of its states, with a key for tests behind the pages."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask

from consult.core.clock import FixedClock
from consult.deps import deps
from tests.journeys.page import Page
from tests.journeys.patient import Patient, Therapist
from tests.stripe_double import Double, refunds
from tests.stripe_double.cards import Card

Rows = Callable[[str], list[tuple]]
PayAt = Callable[..., str | None]
GoToPayPage = Callable[[Patient], str]
Mails = Callable[[str], list[EmailMessage]]

LATER = "2026-06-01T17:00:00+00:00"
THURSDAY = "2026-06-04T14:00:00+00:00"
ROSA = "rosa.marin@example.com"
BANK = "It can take your bank 5 to 10 days to show it."
MINUTE = timedelta(minutes=1)


@pytest.fixture
def buy(patient: Patient, go_to_pay_page: GoToPayPage, pay_at: PayAt) -> Callable[..., Page]:
    """To where a payment with this card leads."""

    def pay(card: str = Card.PAYS, start: str = THURSDAY) -> Page:
        patient.come_to_check(start)
        pay_at(go_to_pay_page(patient), card)
        return patient.open("/book/paid")

    return pay


@pytest.fixture
def told(double: Double, run_worker: Callable[[], None]) -> Callable[[], None]:
    """Stripe tells what happened, and the worker does what is due."""

    def tell() -> None:
        assert set(double.hooks.deliver_all()) <= {200}
        run_worker()

    return tell


def cancel(patient: Patient) -> Page:
    patient.follow("Cancel my visit")
    return patient.press("Cancel my visit and get $120.00 back")


def test_with_a_key_for_tests_every_page_around_paying_says_that_no_money_is_taken(
    patient: Patient, go_to_pay_page: GoToPayPage, pay_at: PayAt
):
    loud = "TEST MODE – no money is taken"
    page = patient.come_to_check(THURSDAY)
    assert loud in page.text
    assert "Test mode: no money is taken. The payment page takes test cards only." in page.text
    checkout_id = go_to_pay_page(patient)
    assert loud in patient.open("/book/unpaid").text
    pay_at(checkout_id)
    page = patient.open("/book/paid")
    assert loud in page.text
    assert "Paid in test mode $120.00" in page.text
    assert "Receipt TEST-R-000001 (PDF)" in page.links
    assert "Test $120.00" in page.text


def test_with_a_key_for_real_money_nothing_of_this_is_said(app: Flask, patient: Patient):
    with app.app_context():
        deps().ports.gateway.livemode = True
    page = patient.come_to_check(THURSDAY)
    assert "no money is taken" not in page.text
    assert "test" not in page.text.lower()


def test_what_was_paid_for_real_stays_so_when_a_test_key_takes_its_place(
    buy: Callable[..., Page], patient: Patient, app: Flask
):
    page = buy()
    with app.app_context(), deps().transaction():
        deps().session.connection().exec_driver_sql("UPDATE payment SET livemode = 1")
    page = patient.open(page.path)
    assert "Paid $120.00" in page.text


class TestABankThatTakesItsTime:
    def test_the_patient_is_told_to_wait_and_not_to_pay_again(
        self, buy: Callable[..., Page], patient: Patient, clock: FixedClock, rows: Rows
    ):
        page = buy(Card.BANK_DEBIT)
        for address in ("/book/paid", "/book/unpaid", "/book/check"):
            page = patient.open(address)
            assert page.heading == "Your payment is on its way"
            assert "Please don’t pay again." in page.text
            assert (
                "Thursday, June 4, 10:00 am, is held for you until 8:36 am. It is not booked yet."
                in page.text
            )
            assert not page.forms
        clock.advance(40 * MINUTE)
        assert "The time we held for you has run out." in patient.open("/book/paid").text
        assert "Nothing was charged" not in patient.page.text

    def test_going_back_in_an_old_tab_gives_nothing_up(
        self, patient: Patient, go_to_pay_page: GoToPayPage, pay_at: PayAt, rows: Rows
    ):
        held = "SELECT hold_expires_at FROM appointment"
        patient.come_to_check(THURSDAY)
        checkout_id = go_to_pay_page(patient)
        before = rows(held)
        patient.open("/book/unpaid")
        pay_at(checkout_id, Card.BANK_DEBIT)
        assert patient.press("Back to my booking").heading == "Your payment is on its way"
        assert rows(held) == before

    def test_once_the_money_is_here_the_visit_is_booked(
        self, buy: Callable[..., Page], patient: Patient, double: Double, told: Callable[[], None]
    ):
        buy(Card.BANK_DEBIT)
        double.settle(paid=True)
        assert patient.follow("See if it is here").heading == "You're booked, Rosa"
        told()
        assert patient.open("/book/paid").heading == "You're booked, Rosa"

    def test_when_it_does_not_come_nothing_was_charged(
        self, buy: Callable[..., Page], patient: Patient, double: Double
    ):
        buy(Card.BANK_DEBIT)
        double.settle(paid=False)
        page = patient.follow("See if it is here")
        assert page.path == "/book/check"
        assert page.offers("Go to payment of $120.00")

    def test_when_it_does_not_come_after_days_the_patient_is_told_and_the_therapist_can_see_whose_it_was(
        self,
        buy: Callable[..., Page],
        therapist: Therapist,
        double: Double,
        clock: FixedClock,
        told: Callable[[], None],
        mails: Mails,
    ):
        buy(Card.BANK_DEBIT)
        therapist.sign_in()
        assert "$120.00 On its way from the bank" in therapist.open("/therapist/money").text
        clock.advance(timedelta(days=3))
        double.settle(paid=False)
        told()
        told()
        assert [str(mail["Subject"]) for mail in mails(ROSA)].count("Your payment did not arrive") == 1
        assert not [mail for mail in mails("olivia.patel@example.com") if "Money" in str(mail["Subject"])]
        therapist.sign_in()
        page = therapist.open("/therapist/money")
        assert "A payment that was on its way did not arrive: $120.00" in page.text
        assert "Rosa Marin" in page.text


def test_money_on_its_way_back_is_called_requested_then_on_its_way_then_sent(
    buy: Callable[..., Page], patient: Patient, double: Double, told: Callable[[], None]
):
    visit = buy(Card.REFUND_IS_PENDING).path
    page = cancel(patient)
    assert "We are sending all of $120.00 back to your card." in page.text
    told()
    page = patient.open(visit)
    assert f"$120.00 is on its way back to your card. {BANK}" in page.text
    double.settle()
    told()
    page = patient.open(visit)
    assert f"$120.00 was sent back to your card. {BANK}" in page.text
    assert "We are sending" not in page.text
    assert "on its way" not in page.text


def test_money_that_comes_back_from_the_bank_is_said_not_to_have_arrived(
    buy: Callable[..., Page], patient: Patient, double: Double, told: Callable[[], None]
):
    visit = buy(Card.REFUND_FAILS_LATER).path
    cancel(patient)
    told()
    assert "$120.00 was sent back to your card." in patient.open(visit).text
    double.settle()
    told()
    page = patient.open(visit)
    assert "We could not send $120.00 back to your card yet." in page.text
    assert "we know about it and will contact you" in page.text
    assert "was sent back" not in page.text


def test_whoever_paid_twice_reads_that_the_visit_stands(
    patient: Patient,
    app: Flask,
    go_to_pay_page: GoToPayPage,
    pay_at: PayAt,
    told: Callable[[], None],
    mails: Mails,
):
    patient.come_to_check(THURSDAY)
    first = go_to_pay_page(patient)
    # As after a restored backup: the first is taken for given up here, and not at Stripe.
    with app.app_context(), deps().transaction():
        deps().session.connection().exec_driver_sql("UPDATE payment SET state = 'expired'")
    patient.open("/book/check")
    pay_at(go_to_pay_page(patient))
    visit = patient.open("/book/paid").path
    pay_at(first)
    told()
    page = patient.open(visit)
    assert page.heading == "You're booked, Rosa"
    assert "You paid twice. Your visit is booked and paid for, and the second payment goes back" in page.text
    assert "$120.00 was sent back to your card." in page.text
    told()
    [notice] = [mail for mail in mails(ROSA) if mail["Subject"].startswith("We are refunding")]
    text = notice.get_body(("plain",)).get_content()
    assert "It stands as it is booked. The second payment, $120.00" in text
    assert "could not book" not in text


def test_a_payment_that_was_questioned_at_the_bank_is_said_to_be_there(
    buy: Callable[..., Page], patient: Patient, double: Double, told: Callable[[], None]
):
    visit = buy().path
    double.dispute(double.account.of_kind("payment_intent")[0]["id"])
    told()
    page = patient.open(visit)
    assert "Your bank has taken $120.00 back from us" in page.text
    assert "Your visit stands." in page.text
    assert "get all of" not in page.text
    page = patient.follow("Cancel my visit")
    assert "Your payment has gone back already, so nothing more is paid back." in page.text
    page = patient.press("Cancel my visit")
    assert "Your bank has taken $120.00 back from us" in page.text
    assert "Nothing" not in page.text
    double.decide_disputes(won=True)
    told()
    assert "Your bank has taken" not in patient.open(visit).text


def test_what_the_therapist_sent_back_in_the_dashboard_is_on_the_page_too(
    buy: Callable[..., Page], patient: Patient, double: Double, told: Callable[[], None]
):
    visit = buy().path
    refunds.create(double.account, {"charge": double.account.of_kind("charge")[0]["id"], "amount": 3_000})
    told()
    page = patient.open(visit)
    assert f"$30.00 was sent back to your card. {BANK}" in page.text
    assert "You paid twice" not in page.text
    assert "An earlier payment" not in page.text
