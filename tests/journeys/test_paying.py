"""Declined cards, second thoughts, two tabs, and money that came too late."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest

from consult.core.clock import FixedClock
from consult.deps import deps
from consult.payments.demo_gateway import DemoGateway, Fault

from .page import Page
from .patient import EARLIEST, Patient

Rows = Callable[[str], list[tuple]]
LATER = "2026-06-01T17:00:00+00:00"


def test_a_declined_card_may_be_tried_again(patient: Patient, rows: Rows):
    patient.come_to_check()
    patient.go_to_payment()
    page = patient.press("Have the card declined")
    assert page.path.startswith("/demo-pay/")
    assert "The demo card was declined. You can try again." in page.text
    assert rows("SELECT * FROM ledger_entry") == []
    assert patient.pay().heading == "You're booked, Rosa"
    assert rows("SELECT kind, amount_minor, currency FROM ledger_entry") == [("charge", 12_000, "usd")]


def test_going_back_from_payment_charges_nothing_keeps_the_time_and_lets_one_pay_after_all(
    patient: Patient, rows: Rows, clock: FixedClock
):
    patient.come_to_check(LATER)
    clock.advance(timedelta(minutes=3))
    pay_page = patient.go_to_payment()
    patient.press("Go back without paying")
    page = patient.press("Back to my booking")
    assert page.path == "/book/check"
    assert "Nothing was charged, and your time is still held for a few minutes." in page.text
    assert "until 8:13 am" in page.text
    assert "This payment page has ended." in patient.open(pay_page.path).text

    patient.open("/book/check")
    patient.go_to_payment()
    assert patient.pay().heading == "You're booked, Rosa"
    assert rows("SELECT state FROM payment ORDER BY created_at, state") == [("expired",), ("paid",)]
    assert rows("SELECT count(*) FROM ledger_entry") == [(1,)]


def test_after_going_back_another_time_can_be_chosen(patient: Patient, another_patient: Patient):
    patient.come_to_check(LATER)
    patient.go_to_payment()
    patient.press("Go back without paying")
    patient.press("Back to my booking")
    patient.follow("Change the time")
    patient.choose_time(EARLIEST)
    assert patient.page.path == "/book/check"
    assert "10:00 am to 10:45 am" in patient.page.text
    another_patient.book(LATER)
    patient.go_to_payment()
    assert "10:00 am to 10:45 am" in patient.pay().text


def test_two_tabs_lead_to_one_payment(patient: Patient, rows: Rows):
    patient.come_to_check()
    check = patient.page
    first = patient.go_to_payment()
    patient.page = check
    second = patient.go_to_payment()
    assert first.path == second.path
    patient.pay()
    private_page = patient.page.path
    assert private_page.startswith("/b/")

    patient.page = first
    assert patient.pay().path == private_page
    patient.page = check
    assert patient.go_to_payment().path == private_page
    assert rows("SELECT state FROM payment") == [("paid",)]
    assert rows("SELECT count(*) FROM ledger_entry") == [(1,)]
    assert rows("SELECT count(*) FROM outbox_message") == [(2,)]


def test_a_payment_whose_return_page_never_loaded_is_found_by_the_worker(
    patient: Patient, run_worker: Callable[[], None], mails: Callable[[str], list[EmailMessage]]
):
    patient.come_to_check()
    pay_page = patient.go_to_payment()
    patient.client.post(pay_page.path, data=dict(pay_page.form.sent("Pay with the demo card")))
    run_worker()
    assert len(mails("rosa.marin@example.com")) == 1
    assert patient.open("/book/paid").heading == "You're booked, Rosa"


def test_when_the_payment_page_cannot_be_opened_the_patient_is_told_and_tries_again(
    patient: Patient, rows: Rows
):
    patient.come_to_check()
    with patient.client.application.app_context():
        gateway = deps().ports.gateway
    assert isinstance(gateway, DemoGateway)
    gateway.faults = [Fault.DOWN_BEFORE, Fault.DOWN_AFTER]
    for _ in range(2):
        page = patient.go_to_payment()
        assert page.path == "/book/check"
        assert "The payment page does not answer right now. Nothing was charged" in page.text
    patient.go_to_payment()
    assert patient.pay().heading == "You're booked, Rosa"
    assert rows("SELECT count(*) FROM payment") == [(1,)]


def test_when_the_gateway_is_silent_on_the_way_back_nothing_is_lost(patient: Patient):
    patient.come_to_check()
    pay_page = patient.go_to_payment()
    patient.client.post(pay_page.path, data=dict(pay_page.form.sent("Pay with the demo card")))
    with patient.client.application.app_context():
        gateway = deps().ports.gateway
    assert isinstance(gateway, DemoGateway)
    gateway.faults = [Fault.DOWN_BEFORE]
    page = patient.open("/book/paid")
    assert "If you did pay, look again in a moment" in page.text
    assert patient.open("/book/paid").heading == "You're booked, Rosa"


def test_the_way_back_from_payment_without_the_cookie_tells_where_the_private_page_is(
    another_patient: Patient,
):
    for address in ("/book/paid", "/book/unpaid"):
        assert another_patient.open(address).heading == "Welcome back"


def test_money_for_an_hour_resold_meanwhile_goes_back_by_itself(
    patient: Patient,
    another_patient: Patient,
    clock: FixedClock,
    run_worker: Callable[[], None],
    rows: Rows,
    mails: Callable[[str], list[EmailMessage]],
    confirm_email: Callable[..., Page],
):
    patient.come_to_check(LATER)
    pay_page = patient.go_to_payment()
    clock.advance(timedelta(minutes=34))
    patient.client.post(pay_page.path, data=dict(pay_page.form.sent("Pay with the demo card")))
    clock.advance(timedelta(minutes=3))
    another_patient.book(LATER, pt_name="Ben Okafor", pt_email="ben.okafor@example.com")
    run_worker()

    assert rows("SELECT reason, state, amount_minor FROM refund") == [("slot_lost", "succeeded", 12_000)]
    assert sorted(rows("SELECT kind, amount_minor FROM ledger_entry")) == [
        ("charge", 12_000),
        ("charge", 12_000),
        ("refund", -12_000),
    ]
    [apology] = mails("rosa.marin@example.com")
    assert "$120.00" in apology.get_body(("plain",)).get_content()
    assert len(mails("ben.okafor@example.com")) == 1
    assert patient.open("/book/paid").path == "/book/time"
    patient.choose_time("2026-06-01T19:00:00+00:00")
    confirm_email(patient)
    patient.go_to_payment()
    assert patient.pay().heading == "You're booked, Rosa"


def test_money_that_comes_late_for_an_hour_still_free_books_it(
    patient: Patient, clock: FixedClock, run_worker: Callable[[], None], rows: Rows
):
    patient.come_to_check(LATER)
    pay_page = patient.go_to_payment()
    clock.advance(timedelta(minutes=34))
    patient.client.post(pay_page.path, data=dict(pay_page.form.sent("Pay with the demo card")))
    clock.advance(timedelta(hours=1))
    run_worker()
    assert patient.open("/book/paid").heading == "You're booked, Rosa"
    assert rows("SELECT * FROM refund") == []


@pytest.mark.parametrize("change", ["an emergency", "another time", "too young"])
def test_a_change_in_one_tab_closes_the_payment_page_in_another(patient: Patient, rows: Rows, change: str):
    patient.come_to_check(LATER)
    pay_page = patient.go_to_payment()
    if change == "an emergency":
        patient.open("/book/safety")
        patient.fill(sc_main=["stroke"])
        patient.press()
    elif change == "another time":
        patient.open("/book/time")
        patient.choose_time(EARLIEST)
    else:
        patient.open("/book/about/you")
        patient.fill(pt_dob="2010-01-01")
        patient.press()

    patient.page = pay_page
    assert not patient.pay().path.startswith("/b/")
    assert "This payment page has ended." in patient.open(pay_page.path).text
    assert rows("SELECT * FROM ledger_entry") == []
    assert rows("SELECT count(*) FROM appointment WHERE status = 'booked'") == [(0,)]


def test_going_back_from_payment_works_for_a_time_that_is_soon(patient: Patient, clock: FixedClock):
    patient.come_to_check(EARLIEST)
    patient.go_to_payment()
    clock.advance(timedelta(minutes=2))
    patient.press("Go back without paying")
    page = patient.press("Back to my booking")
    assert (page.status, page.path) == (200, "/book/check")


def test_losing_the_hour_to_somebody_else_after_paying_is_told_on_the_page(
    patient: Patient, another_patient: Patient, clock: FixedClock, run_worker: Callable[[], None]
):
    patient.come_to_check(LATER)
    pay_page = patient.go_to_payment()
    clock.advance(timedelta(minutes=34))
    patient.client.post(pay_page.path, data=dict(pay_page.form.sent("Pay with the demo card")))
    clock.advance(timedelta(minutes=3))
    another_patient.book(LATER)
    run_worker()
    page = patient.open("/book/paid")
    assert "Your payment came after the time had gone to somebody else." in page.text
    assert "$120.00 was sent back to your card." in page.text
    assert "not heard of a payment" not in page.text
