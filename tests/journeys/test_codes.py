"""A promotion code, from the therapist who makes it to the patient who pays less."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from consult.core.clock import FixedClock

from .page import Page
from .patient import EARLIEST, Patient, Therapist

LATER = "2026-06-02T14:00:00+00:00"
LATEST = "2026-06-03T14:00:00+00:00"
Rows = Callable[[str], list[tuple]]


def add_code(therapist: Therapist, code: str, **terms: str) -> Page:
    therapist.sign_in()
    therapist.open("/therapist/vouchers/codes/new")
    therapist.fill(**{"code": code, "kind": "percent", "percent": "20"} | terms)
    return therapist.press("Add code")


def end_code(therapist: Therapist) -> None:
    therapist.open("/therapist/vouchers")
    therapist.press(next(label for label in _buttons(therapist) if label.startswith("End")))


def _buttons(therapist: Therapist) -> list[str]:
    return [label for form in therapist.page.forms for label in form.buttons]


def use_code(patient: Patient, code: str) -> Page:
    form = patient.page.form_with("Use this code")
    form.fill("code", code)
    return patient.press("Use this code")


def test_a_code_makes_the_visit_cheaper_and_a_refund_goes_by_what_was_paid(
    patient: Patient, therapist: Therapist, rows: Rows
):
    add_code(therapist, "spring20")
    patient.come_to_check(LATEST)
    page = use_code(patient, " spring20 ")
    assert "$120.00 − $24.00 (SPRING20) = $96.00" in page.text
    patient.press("Go to payment of $96.00")
    private_page = patient.pay()
    assert "Paid in the demo $96.00" in private_page.text
    assert rows("SELECT amount_minor FROM payment") == [(9_600,)]

    patient.follow("Cancel my visit")
    patient.press("Cancel my visit and get $96.00 back")
    assert rows("SELECT amount_minor FROM refund") == [(9_600,)]


def test_a_code_is_taken_away_again(patient: Patient, therapist: Therapist, rows: Rows):
    add_code(therapist, "SPRING20")
    patient.come_to_check()
    use_code(patient, "SPRING20")
    page = patient.press("Remove the code")
    assert page.offers("Go to payment of $120.00")
    assert rows("SELECT * FROM promotion_redemption") == []


@pytest.mark.parametrize(
    ("terms", "typed", "said"),
    [
        ({}, "AUTUMN", "We don’t know this code."),
        ({}, "", "Type your code first."),
        ({"valid_from_on": "2026-06-02"}, "SPRING20", "can be used from Tuesday, June 2."),
        ({"valid_until_on": "2026-05-31"}, "SPRING20", "This code has ended."),
    ],
)
def test_why_a_code_is_refused_stands_beside_it_and_what_was_typed_stays(
    patient: Patient, therapist: Therapist, terms: dict[str, str], typed: str, said: str
):
    add_code(therapist, "SPRING20", **terms)
    patient.come_to_check()
    page = use_code(patient, typed)
    assert page.status == 422
    assert said in page.errors["code"]
    assert page.form_with("Use this code").value("code") == typed
    assert page.offers("Go to payment of $120.00")


def test_the_last_use_is_kept_from_when_it_is_typed(
    patient: Patient, another_patient: Patient, therapist: Therapist
):
    add_code(therapist, "SPRING20", max_redemptions="1")
    patient.come_to_check(LATER)
    use_code(patient, "SPRING20")
    another_patient.come_to_check(LATEST, pt_email="kim@example.com")
    assert "as often as it can be" in use_code(another_patient, "SPRING20").errors["code"]


def test_a_use_given_up_with_its_time_is_somebody_elses_and_the_first_is_told(
    patient: Patient, another_patient: Patient, therapist: Therapist, clock: FixedClock, confirm_email
):
    add_code(therapist, "SPRING20", max_redemptions="1")
    patient.come_to_check(LATER)
    use_code(patient, "SPRING20")
    clock.advance(timedelta(minutes=50))
    another_patient.come_to_check(LATEST, pt_email="kim@example.com")
    assert "= $96.00" in use_code(another_patient, "SPRING20").text

    patient.open("/book/time")
    patient.choose_time(LATER)
    confirm_email(patient)
    assert patient.page.heading == "Before you pay"
    page = patient.agree()
    assert "The code or pack you chose can’t be used for this visit any more" in page.text
    assert page.offers("Go to payment of $120.00")


def test_a_code_that_ends_while_the_payment_page_is_open_still_counts_for_it(
    patient: Patient, therapist: Therapist, rows: Rows
):
    add_code(therapist, "SPRING20")
    patient.come_to_check()
    use_code(patient, "SPRING20")
    patient.press("Go to payment of $96.00")
    end_code(therapist)
    assert patient.pay().path.startswith("/b/")
    assert rows("SELECT price_minor FROM booking") == [(9_600,)]


def test_a_code_that_ends_before_payment_is_told_before_anything_is_paid(
    patient: Patient, therapist: Therapist, rows: Rows
):
    add_code(therapist, "SPRING20")
    patient.come_to_check()
    use_code(patient, "SPRING20")
    end_code(therapist)
    page = patient.press("Go to payment of $96.00")
    assert "The price has changed" in page.text
    assert rows("SELECT * FROM payment") == []
    assert page.offers("Go to payment of $120.00")


def test_a_button_never_leads_to_another_price_than_it_says(
    patient: Patient, therapist: Therapist, rows: Rows
):
    add_code(therapist, "SPRING20")
    old_page = patient.come_to_check()
    use_code(patient, "SPRING20")
    patient.page = old_page
    page = patient.press("Go to payment of $120.00")
    assert "The price has changed" in page.text
    assert rows("SELECT * FROM payment") == []


def test_a_code_typed_beside_an_open_payment_page_closes_that_page(
    patient: Patient, therapist: Therapist, rows: Rows
):
    add_code(therapist, "SPRING20")
    check = patient.come_to_check(LATER)
    patient.go_to_payment()
    patient.page = check
    assert "= $96.00" in use_code(patient, "SPRING20").text
    assert rows("SELECT state FROM payment") == [("expired",)]


def test_an_amount_is_taken_off_and_the_rest_nobody_would_charge_is_given_too(
    patient: Patient, therapist: Therapist, rows: Rows
):
    add_code(therapist, "GIFT", kind="amount", amount="119.80")
    patient.come_to_check()
    assert "$120.00 − $120.00 (GIFT) = $0.00" in use_code(patient, "GIFT").text
    assert patient.press("Book this time").path.startswith("/b/")
    assert rows("SELECT * FROM payment") == []


def test_where_there_never_was_a_code_none_is_asked_for(patient: Patient, therapist: Therapist):
    assert not patient.come_to_check().offers("Use this code")
    add_code(therapist, "SPRING20")
    assert patient.open("/book/check").offers("Use this code")


def test_guessing_codes_comes_to_an_end(patient: Patient, therapist: Therapist):
    add_code(therapist, "SPRING20")
    patient.come_to_check()
    token = patient.page.form_with("Use this code").value("csrf_token")
    answers = [
        patient.client.post("/book/code", data={"csrf_token": token, "code": f"GUESS{number}"}).status_code
        for number in range(61)
    ]
    assert set(answers[:60]) == {422}
    assert answers[60] == 429


def test_the_therapist_sees_who_used_a_code(patient: Patient, therapist: Therapist):
    add_code(therapist, "SPRING20", max_redemptions="5")
    patient.come_to_check(EARLIEST)
    use_code(patient, "SPRING20")
    patient.press("Go to payment of $96.00")
    patient.pay()
    page = therapist.open("/therapist/vouchers")
    assert "20% off. Used 1 of 5 times: Monday, June 1" in page.text
    assert "Rosa Marin" in therapist.follow("Monday, June 1").text


@pytest.mark.parametrize(
    ("field", "value"),
    [("code", "AB"), ("percent", "0"), ("percent", "101"), ("max_redemptions", "none"), ("kind", "")],
)
def test_a_bad_code_is_refused_with_what_was_typed(therapist: Therapist, field: str, value: str, rows: Rows):
    therapist.sign_in()
    therapist.open("/therapist/vouchers/codes/new")
    therapist.fill(code="SPRING20", kind="percent", percent="20")
    if field == "kind":
        therapist.page.form.fill("kind", [])
    else:
        therapist.page.form.fill(field, value)
    page = therapist.press("Add code")
    assert (page.status, list(page.errors)) == (422, [field])
    assert rows("SELECT * FROM promotion_code") == []
