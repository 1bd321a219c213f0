"""Reasons, not clinical ones, why a visit cannot be booked online."""

from collections.abc import Callable

import pytest

from .patient import EARLIEST, Patient, Therapist

Rows = Callable[[str], list[tuple]]


def test_a_patient_under_18_is_asked_to_have_a_parent_call_and_the_time_is_free_again(
    patient: Patient, another_patient: Patient, rows: Rows
):
    patient.pass_safety_check()
    patient.choose_time()
    page = patient.tell_about_myself(pt_dob="2008-06-02")
    assert (page.path, page.heading) == ("/book/stop", "We can't book this online")
    assert "Please have a parent or guardian call us." in page.text
    assert "The time you chose is free again." in page.text
    assert "911 or go to the ER" not in page.text
    assert rows("SELECT status FROM appointment") == [("released",)]
    assert rows("SELECT * FROM patient") == []
    another_patient.book(EARLIEST)


def test_the_eighteenth_birthday_is_old_enough(patient: Patient):
    patient.pass_safety_check()
    patient.choose_time()
    assert patient.tell_about_myself(pt_dob="2008-06-01").path == "/book/terms"


def test_only_states_with_a_licence_are_offered_and_no_other_is_taken(patient: Patient):
    patient.pass_safety_check()
    patient.choose_time()
    patient.open("/book/about/place")
    form = patient.page.form
    assert form.choices("pt_state") == ["NJ", "NY", "OTHER"]
    patient.fill(pt_state="NY", pt_place="1 Elm Street", pt_ice="Sam 5550100188")
    pairs = [(name, "CA" if name == "pt_state" else value) for name, value in form.sent("Continue")]
    page = patient.send(form.action, pairs)
    assert (page.status, list(page.errors)) == (422, ["pt_state"])
    assert page.form.value("pt_place") == "1 Elm Street"


@pytest.mark.parametrize("step", ["time", "terms", "check"])
def test_a_patient_somewhere_else_is_sent_to_a_local_therapist_and_goes_no_further(
    patient: Patient, rows: Rows, step: str
):
    patient.pass_safety_check()
    patient.choose_time()
    page = patient.tell_about_myself(pt_state="OTHER")
    assert page.path == "/book/stop"
    assert "Dr. Patel is not licensed where you will be." in page.text
    assert rows("SELECT status FROM appointment") == [("released",)]
    assert patient.open(f"/book/{step}").path == "/book/stop"


def test_a_wrong_birth_date_can_be_mended_and_the_time_chosen_again(patient: Patient):
    patient.pass_safety_check()
    patient.choose_time()
    patient.tell_about_myself(pt_dob="2018-03-14")
    patient.follow("Go back and change it")
    patient.open("/book/about/you")
    assert patient.page.form.value("pt_dob-year") == "2018"
    patient.fill(pt_dob="1980-03-14")
    assert patient.press().path == "/book/time"
    patient.choose_time()
    assert patient.tell_about_myself().path == "/book/terms"


def test_the_link_to_mend_the_state_leads_to_the_page_that_asks_for_it(patient: Patient):
    patient.pass_safety_check()
    patient.choose_time()
    patient.tell_about_myself(pt_state="OTHER")
    page = patient.follow("Go back and change it")
    assert page.form.asks("pt_state")


@pytest.mark.parametrize(
    ("slip", "mended", "told"),
    [
        (
            {"pt_state": "OTHER"},
            {"pt_state": "NJ"},
            "Before: state: Somewhere else. Changed to: state: New Jersey.",
        ),
        (
            {"pt_dob": "2010-03-14"},
            {"pt_dob": "1980-03-14"},
            "Before: age: March 14, 2010. Changed to: age: March 14, 1980.",
        ),
        (
            {"pt_preg": "yes", "pt_preg_warn": "yes"},
            {"pt_preg": "no"},
            "Before: pregnant: Yes. Changed to: pregnant: No, or does not apply to me.",
        ),
    ],
)
def test_the_therapist_sees_what_an_answer_that_stopped_the_booking_was_before(
    patient: Patient, therapist: Therapist, slip: dict[str, str], mended: dict[str, str], told: str
):
    patient.pass_safety_check()
    patient.choose_time()
    assert patient.tell_about_myself(**slip).path == "/book/stop"
    patient.open(next(link for link in patient.page.links.values() if "change=1" in link))
    patient.fill(**mended)
    patient.press()
    patient.choose_time()
    patient.tell_about_myself(**mended)
    patient.agree()
    patient.go_to_payment()
    patient.pay()

    therapist.sign_in()
    text = therapist.read_summary("Rosa Marin").text
    assert f"Answers that had stopped the booking changed on Monday, June 1, 8:00 am. {told}" in text


def test_an_answer_about_oneself_that_stopped_nothing_is_simply_replaced(
    patient: Patient, therapist: Therapist
):
    patient.pass_safety_check()
    patient.choose_time()
    patient.tell_about_myself(pt_state="NJ")
    patient.open("/book/about/place?change=1")
    patient.fill(pt_state="NY")
    patient.press()
    patient.agree()
    patient.go_to_payment()
    patient.pay()
    therapist.sign_in()
    assert "changed on" not in therapist.read_summary("Rosa Marin").text
