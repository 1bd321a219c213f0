"""The way back from the payment page without having paid. Opening it changes nothing."""

from collections.abc import Callable
from datetime import timedelta

from consult.core.clock import FixedClock
from consult.deps import deps
from consult.payments.demo_gateway import DemoGateway, Fault

from .patient import Patient

Rows = Callable[[str], list[tuple]]
LATER = "2026-06-01T17:00:00+00:00"
STATES = "SELECT state FROM payment UNION ALL SELECT hold_expires_at FROM appointment"


def test_opening_the_page_changes_nothing_however_often(patient: Patient, rows: Rows, clock: FixedClock):
    patient.come_to_check(LATER)
    pay_page = patient.go_to_payment()
    clock.advance(timedelta(minutes=5))
    before = rows(STATES)
    for _ in range(3):
        page = patient.open("/book/unpaid")
        assert page.heading == "You came back without paying"
        assert "Nothing was charged. Monday, June 1, 1:00 pm, is still held for you." in page.text
    assert rows(STATES) == before
    patient.page = pay_page
    assert patient.pay().heading == "You're booked, Rosa"


def test_from_there_one_can_go_on_to_the_same_payment_page(patient: Patient, rows: Rows):
    patient.come_to_check(LATER)
    pay_page = patient.go_to_payment()
    patient.press("Go back without paying")
    assert patient.go_to_payment().path == pay_page.path
    assert patient.pay().heading == "You're booked, Rosa"
    assert rows("SELECT count(*) FROM payment") == [(1,)]


def test_having_paid_after_all_it_leads_to_the_private_page(patient: Patient):
    patient.come_to_check(LATER)
    pay_page = patient.go_to_payment()
    patient.client.post(pay_page.path, data=dict(pay_page.form.sent("Pay with the demo card")))
    patient.open("/book/unpaid")
    assert patient.press("Back to my booking").heading == "You're booked, Rosa"
    assert patient.open("/book/unpaid").heading == "You're booked, Rosa"


def test_without_a_payment_page_it_leads_to_what_is_due(patient: Patient, clock: FixedClock):
    patient.pass_safety_check()
    assert patient.open("/book/unpaid").path == "/book/time"
    patient.open("/book/time")
    patient.choose_time(LATER)
    assert patient.open("/book/unpaid").path == "/book/about/you"
    clock.advance(timedelta(minutes=10))
    assert patient.open("/book/unpaid").path == "/book/time"


def test_a_silent_gateway_leaves_everything_as_it_is(patient: Patient, rows: Rows):
    patient.come_to_check(LATER)
    patient.go_to_payment()
    patient.press("Go back without paying")
    before = rows(STATES)
    with patient.client.application.app_context():
        gateway = deps().ports.gateway
    assert isinstance(gateway, DemoGateway)
    gateway.faults = [Fault.DOWN_BEFORE]
    assert patient.press("Back to my booking").path == "/book/check"
    assert rows(STATES) == before
