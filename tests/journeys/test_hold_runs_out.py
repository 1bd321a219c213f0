"""A chosen time is kept for ten minutes, a little longer while the patient goes on, and never for ever."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from consult.core.clock import FixedClock

from .page import Page
from .patient import Patient

Rows = Callable[[str], list[tuple]]
LATER = "2026-06-01T15:00:00+00:00"
"""Far enough ahead to be still on offer after an hour of filling in."""


def test_a_hold_that_runs_out_while_filling_in_loses_nothing_and_frees_the_hour_at_once(
    patient: Patient,
    another_patient: Patient,
    clock: FixedClock,
    confirm_email: Callable[..., Page],
    rows: Rows,
):
    patient.pass_safety_check()
    patient.choose_time(LATER)
    patient.fill(pt_name="Rosa Marin", pt_dob="1980-03-14", pt_filler="self")
    patient.press()
    clock.advance(timedelta(minutes=10))

    another_patient.book(LATER)

    assert patient.open("/book/about/contact").path == "/book/time"
    assert LATER not in patient.page.form.choices("start")
    patient.choose_time("2026-06-01T16:00:00+00:00".replace("16", "17"))
    assert confirm_email(patient).path == "/book/about/contact"
    patient.open("/book/about/you")
    assert patient.page.form.value("pt_name") == "Rosa Marin"
    patient.tell_about_myself()
    patient.agree()
    patient.go_to_payment()
    assert patient.pay().heading == "You're booked, Rosa"
    assert rows("SELECT count(*) FROM appointment WHERE status = 'booked'") == [(2,)]


def test_a_patient_who_goes_on_keeps_the_time_a_little_longer(patient: Patient, clock: FixedClock):
    patient.pass_safety_check()
    patient.choose_time(LATER)
    for answers in ({"pt_name": "Rosa Marin", "pt_dob": "1980-03-14", "pt_filler": "self"},) * 3:
        clock.advance(timedelta(minutes=9))
        patient.open("/book/about/you")
        patient.fill(**answers)
        assert patient.press().path == "/book/about/contact"
    assert "until 8:37 am" in patient.page.text


def test_however_slowly_it_is_filled_in_an_unpaid_hold_ends_after_three_quarters_of_an_hour(
    patient: Patient, clock: FixedClock
):
    patient.pass_safety_check()
    patient.choose_time("2026-06-01T17:00:00+00:00")
    for _ in range(5):
        clock.advance(timedelta(minutes=8))
        patient.open("/book/about/you")
        patient.fill(pt_name="Rosa Marin", pt_dob="1980-03-14", pt_filler="self")
        patient.press()
    assert "until 8:45 am" in patient.page.text
    clock.advance(timedelta(minutes=5))
    assert patient.open("/book/about/contact").path == "/book/time"


def test_a_hold_that_runs_out_while_paying_charges_nothing_and_frees_the_hour_without_a_worker(
    patient: Patient,
    another_patient: Patient,
    clock: FixedClock,
    confirm_email: Callable[..., Page],
    rows: Rows,
):
    patient.come_to_check("2026-06-01T17:00:00+00:00")
    pay_page = patient.go_to_payment().path
    clock.advance(timedelta(minutes=35))
    assert another_patient.pass_safety_check().path == "/book/time"
    assert "2026-06-01T17:00:00+00:00" not in another_patient.page.form.choices("start")
    clock.advance(timedelta(minutes=1))
    another_patient.open("/book/time")
    another_patient.choose_time("2026-06-01T17:00:00+00:00")
    assert another_patient.page.path == "/book/about/you"

    patient.open(pay_page)
    assert "This payment page has ended. Nothing was charged." in patient.page.text
    patient.follow("Return to your booking")
    patient.press("Back to my booking")
    assert patient.page.path == "/book/time"
    assert "Nothing was charged" in patient.page.text
    patient.choose_time("2026-06-01T19:00:00+00:00")
    assert confirm_email(patient).path == "/book/check"
    patient.go_to_payment()
    assert patient.pay().heading == "You're booked, Rosa"
    assert rows("SELECT amount_minor FROM ledger_entry") == [(12_000,)]


def test_a_pay_page_that_ended_takes_no_money(patient: Patient, clock: FixedClock, rows: Rows):
    patient.come_to_check("2026-06-01T17:00:00+00:00")
    pay_page = patient.go_to_payment()
    clock.advance(timedelta(minutes=35))
    patient.send(pay_page.path, pay_page.form.sent("Pay with the demo card"))
    assert not patient.page.path.startswith("/b/")
    assert rows("SELECT * FROM ledger_entry") == []


@pytest.mark.parametrize("worker", [False, True], ids=["before the worker", "after the worker"])
def test_a_hold_nobody_else_wanted_is_taken_up_again_after_a_pause_at_the_pay_page(
    patient: Patient, clock: FixedClock, run_worker: Callable[[], None], worker: bool
):
    patient.come_to_check("2026-06-01T17:00:00+00:00")
    pay_page = patient.go_to_payment().path
    clock.advance(timedelta(minutes=37))
    patient.open(pay_page)
    patient.follow("Return to your booking")
    if worker:
        run_worker()
    patient.press("Back to my booking")
    assert patient.page.path == "/book/check"
    assert "Nothing was charged, and your time is still held for a few minutes." in patient.page.text


def test_what_was_typed_when_the_hold_ran_out_is_kept(
    patient: Patient, clock: FixedClock, confirm_email: Callable[..., Page]
):
    patient.pass_safety_check()
    patient.choose_time("2026-06-01T17:00:00+00:00")
    patient.fill(pt_name="Rosa Marin", pt_dob="1980-03-14", pt_filler="self")
    clock.advance(timedelta(minutes=11))
    assert patient.press().path == "/book/time"
    patient.choose_time("2026-06-01T17:00:00+00:00")
    confirm_email(patient)
    patient.open("/book/about/you")
    assert patient.page.form.value("pt_name") == "Rosa Marin"


def test_the_patient_is_told_why_the_time_must_be_chosen_again(patient: Patient, clock: FixedClock):
    patient.come_to_check("2026-06-01T17:00:00+00:00")
    clock.advance(timedelta(minutes=11))
    page = patient.go_to_payment()
    assert page.path == "/book/time"
    assert "The time we held for you has run out." in page.text
    assert "Nothing was charged" in page.text
