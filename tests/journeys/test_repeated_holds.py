"""A hold that is repeated without paying, seen from the page: an address, a code, and on."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask, request

from consult.core.clock import FixedClock

from .page import Page
from .patient import Patient

Rows = Callable[[str], list[tuple]]
ONE = "2026-06-01T17:00:00+00:00"
TWO = "2026-06-01T18:00:00+00:00"
ROSA = "rosa.marin@example.com"
TYPE_CODE = "Type the code we sent you"


def let_the_hold_run_out(patient: Patient, clock: FixedClock) -> Page:
    """To the page that asks for an address."""
    patient.pass_safety_check()
    patient.choose_time(ONE)
    clock.advance(timedelta(minutes=10))
    patient.open("/book/time")
    patient.choose_time(TWO)
    assert patient.page.heading == "Confirm your email address"
    return patient.page


def type_code(patient: Patient, code: str) -> Page:
    patient.page.form_with("Continue").fill("code", code)
    return patient.press("Continue")


def test_after_the_code_the_chosen_time_is_held_at_once(
    patient: Patient, clock: FixedClock, confirm_email: Callable[..., Page], rows: Rows
):
    page = let_the_hold_run_out(patient, clock)
    assert "A time was held for you before and not booked." in page.text
    assert "what you told us is kept" in page.text
    assert rows("SELECT count(*) FROM appointment WHERE status = 'held' AND start_at LIKE '%18:00%'") == [
        (0,)
    ]
    page = confirm_email(patient)
    assert page.path == "/book/about/you"
    assert "Monday, June 1, 2:00 pm" in page.text
    patient.tell_about_myself()
    patient.agree()
    patient.go_to_payment()
    assert patient.pay().heading == "You're booked, Rosa"


def test_a_time_lost_while_the_code_was_on_its_way_leads_to_the_nearest_free_ones(
    patient: Patient, another_patient: Patient, clock: FixedClock, read_code: Callable[[str], str]
):
    let_the_hold_run_out(patient, clock)
    patient.fill(email=ROSA)
    patient.press("Send me a code")
    another_patient.book(TWO, pt_name="Ben Okafor", pt_email="ben.okafor@example.com")
    page = type_code(patient, read_code(ROSA))
    assert (page.status, page.heading) == (409, "Choose a time")
    assert "Somebody else just took it." in page.text
    assert patient.choose_time(page.form.choices("start")[0]).path == "/book/about/you"


def test_an_address_given_already_need_not_be_typed_again(patient: Patient, clock: FixedClock):
    patient.come_to_check(ONE)
    clock.advance(timedelta(minutes=10))
    patient.open("/book/time")
    patient.choose_time(TWO)
    assert patient.page.form.value("email") == ROSA


def test_back_on_the_time_page_without_a_code_the_choice_is_still_ticked(patient: Patient, clock: FixedClock):
    let_the_hold_run_out(patient, clock)
    page = patient.follow("Back")
    assert (page.path, page.form.ticked("start")) == ("/book/time", [TWO])


def test_a_wrong_code_says_so_and_the_right_one_still_works(
    patient: Patient, clock: FixedClock, read_code: Callable[[str], str]
):
    let_the_hold_run_out(patient, clock)
    patient.fill(email=ROSA)
    page = patient.press("Send me a code")
    assert f"We sent six digits to {ROSA}" in page.text
    assert "They work until 8:25 am." in page.text
    code = read_code(ROSA)
    page = type_code(patient, f"{(int(code) + 1) % 1_000_000:06}")
    assert (page.status, page.heading) == (422, TYPE_CODE)
    assert page.title.startswith("Error: ")
    assert page.errors == {"code": "That is not the code we sent. Please check the digits."}
    assert type_code(patient, code).path == "/book/about/you"


def test_a_code_too_old_is_replaced_by_another(
    patient: Patient, clock: FixedClock, read_code: Callable[[str], str]
):
    let_the_hold_run_out(patient, clock)
    patient.fill(email=ROSA)
    patient.press("Send me a code")
    old = read_code(ROSA)
    clock.advance(timedelta(minutes=15))
    assert type_code(patient, old).errors == {
        "code": "This code can’t be used any more. Ask for another one below."
    }
    page = patient.press("Send another code")
    assert "Another code is on its way." in page.text
    assert type_code(patient, read_code(ROSA)).path == "/book/about/you"


def test_another_code_can_be_had_after_a_minute_and_an_address_mended_at_once(
    patient: Patient, clock: FixedClock, read_code: Callable[[str], str], rows: Rows
):
    let_the_hold_run_out(patient, clock)
    patient.fill(email="rosa.marn@example.com")
    patient.press("Send me a code")
    page = patient.press("Send another code")
    assert (page.status, page.heading) == (422, TYPE_CODE)
    assert "A code was sent a moment ago." in page.errors["code"]
    assert rows("SELECT count(*) FROM outbox_message") == [(1,)]
    patient.follow("Use another address")
    assert patient.page.form.value("email") == "rosa.marn@example.com"
    patient.fill(email=ROSA)
    assert patient.press("Send me a code").heading == TYPE_CODE
    assert type_code(patient, read_code(ROSA)).path == "/book/about/you"


@pytest.mark.parametrize("typed", ["", "rosa", "a@b.example, c@d.example"])
def test_what_is_no_address_is_shown_again(patient: Patient, clock: FixedClock, typed: str, rows: Rows):
    let_the_hold_run_out(patient, clock)
    patient.fill(email=typed)
    page = patient.press("Send me a code")
    assert page.status == 422
    assert page.errors == {"email": "Write one full email address, such as name@example.com."}
    assert page.form.value("email") == typed
    assert rows("SELECT * FROM outbox_message") == []


def test_a_stale_page_keeps_the_address_and_sends_nothing(patient: Patient, clock: FixedClock, rows: Rows):
    let_the_hold_run_out(patient, clock)
    page = patient.send("/book/email", [("csrf_token", "forged"), ("email", ROSA)])
    assert (page.status, list(page.errors)) == (422, ["main"])
    assert page.form.value("email") == ROSA
    assert rows("SELECT * FROM outbox_message") == []


def test_the_same_is_said_of_every_address(patient: Patient, another_patient: Patient, clock: FixedClock):
    another_patient.book("2026-06-02T17:00:00+00:00")
    said = []
    for address in (ROSA, "nobody@example.com"):
        patient.client.delete_cookie("consult")
        let_the_hold_run_out(patient, clock)
        patient.fill(email=address)
        page = patient.press("Send me a code")
        words = re.sub(r"8:\d\d am", "…", page.text.replace(address, "…"))
        said.append((page.status, page.path, words))
    assert said[0] == said[1]


def test_neither_code_nor_address_gets_into_an_address_or_a_log(
    app: Flask,
    patient: Patient,
    clock: FixedClock,
    read_code: Callable[[str], str],
    mails: Callable[[str], list[EmailMessage]],
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.DEBUG)
    addresses: list[str] = []
    app.after_request(
        lambda response: addresses.append(f"{request.url} {response.location or ''}") or response
    )
    let_the_hold_run_out(patient, clock)
    patient.fill(email=ROSA)
    patient.press("Send me a code")
    code = read_code(ROSA)
    type_code(patient, code)
    for secret in (code, "rosa.marin"):
        assert secret not in "\n".join(addresses)
        assert secret not in caplog.text
    [mail] = mails(ROSA)
    assert code not in mail["Subject"]


def test_paying_again_and_again_asks_for_the_address_and_leads_back_to_paying(
    patient: Patient, clock: FixedClock, confirm_email: Callable[..., Page]
):
    patient.come_to_check("2026-06-02T17:00:00+00:00")
    for _ in range(2):
        patient.go_to_payment()
        clock.advance(timedelta(minutes=22, seconds=30))
        patient.press("Go back without paying")
        patient.press("Back to my booking")
    assert patient.go_to_payment().heading == "Confirm your email address"
    page = confirm_email(patient)
    assert page.path == "/book/check"
    assert "Your email address is confirmed." in page.text
    patient.go_to_payment()
    assert patient.pay().heading == "You're booked, Rosa"


def test_after_hours_of_holding_the_page_says_to_call(
    patient: Patient, clock: FixedClock, confirm_email: Callable[..., Page], rows: Rows
):
    tomorrow = "2026-06-02T19:00:00+00:00"
    let_the_hold_run_out(patient, clock)
    confirm_email(patient)
    for _ in range(23):
        clock.advance(timedelta(minutes=10))
        patient.open("/book/time")
        page = patient.choose_time(tomorrow)
    assert (page.status, page.path) == (409, "/book/time")
    assert "no more can be held today" in page.text
    assert "(555) 010-0199" in page.text


def test_the_page_for_a_code_is_open_only_where_a_time_can_be_chosen(patient: Patient):
    assert patient.open("/book/email").path == "/book/safety"
    patient.pass_safety_check("chest")
    assert patient.open("/book/email").path == "/book/stop"
