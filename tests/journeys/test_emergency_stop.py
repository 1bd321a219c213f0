"""A sign that needs the ER: the page says so, and nothing leads past it in this visit."""

from collections.abc import Callable

import pytest

from .patient import EARLIEST, Patient, Therapist

Rows = Callable[[str], list[tuple]]


def test_an_emergency_sign_replaces_everything_with_get_help_now(patient: Patient):
    page = patient.pass_safety_check("control", "saddle")
    assert (page.path, page.heading) == ("/book/stop", "Emergency: Stop. Get help now.")
    assert "Call 911 or go to the ER." in page.text
    assert page.links["Call 911"] == "tel:911"
    assert "Losing control of your bladder or bowels can mean pressure on nerves" in page.text
    assert "Can't control bladder or bowels, or can't pee" in page.text
    assert "Numb or odd feeling between my legs or bottom" in page.text
    assert "No visit was booked." in page.text
    assert "Nothing was charged." in page.text
    assert page.forms == []


@pytest.mark.parametrize("sign", ["control", "saddle", "chest", "stroke"])
def test_each_of_these_signs_stops_at_once(patient: Patient, sign: str):
    assert patient.pass_safety_check(sign).path == "/book/stop"


def test_after_an_emergency_every_other_door_of_the_visit_is_shut(patient: Patient, rows: Rows):
    patient.pass_safety_check("control")
    token = patient.open("/book/safety").form.value("csrf_token")
    for step in ("", "/time", "/about", "/about/you", "/terms", "/check", "/advice"):
        assert patient.open(f"/book{step}").path == "/book/stop", step
    posts = {
        "/book/time": [("start", EARLIEST)],
        "/book/type": [("type", "00000000-0000-4000-8000-000000000000")],
        "/book/advice": [("read", "yes")],
        "/book/about/you": [("shown", "pt_name"), ("pt_name", "Rosa Marin")],
        "/book/terms": [("privacy", "yes"), ("cancellation", "yes")],
        "/book/pay": [],
    }
    for address, pairs in posts.items():
        assert patient.send(address, [("csrf_token", token), *pairs]).path == "/book/stop", address
    for address in ("/book/paid", "/book/unpaid"):
        assert patient.open(address).path == "/book/stop", address
    assert rows("SELECT * FROM appointment") == []
    assert rows("SELECT * FROM payment") == []
    assert rows("SELECT agreed_at, advice_read_at, patient_id FROM booking") == [(None, None, None)]


def test_an_emergency_after_a_time_was_chosen_frees_that_time_at_once(
    patient: Patient, another_patient: Patient
):
    patient.come_to_check()
    patient.open("/book/safety")
    patient.fill(sc_main=["chest"])
    assert patient.press().path == "/book/stop"
    another_patient.book(EARLIEST)


def test_changing_the_answers_mends_a_slip_and_the_therapist_later_sees_the_former_ones(
    patient: Patient, therapist: Therapist
):
    patient.pass_safety_check("control", "calf")
    patient.follow("Go back and change your answers")
    assert patient.page.path == "/book/safety"
    assert patient.page.form.ticked("sc_main") == ["control", "calf"]
    patient.fill(sc_main=["none"])
    assert patient.press().path == "/book/time"
    patient.choose_time()
    patient.tell_about_myself()
    patient.agree()
    patient.go_to_payment()
    patient.pay()

    therapist.sign_in()
    summary = therapist.read_summary("Rosa Marin")
    assert (
        "Safety answers changed on Monday, June 1, 8:00 am."
        " Before: lost bladder or bowel control; swollen calf." in summary.text
    )


def test_an_emergency_found_through_follow_up_questions_stops_too(patient: Patient):
    page = patient.pass_safety_check("habit")
    assert page.address == "/book/safety?more=1"
    assert "The new questions are below your answers." in page.text
    assert page.form.asks("sc_habit_what")
    patient.fill(sc_habit_what=["leak"], sc_habit_when="w2")
    assert patient.press().path == "/book/stop"
    assert "A new change in how you pee or poop" in patient.page.text
    assert "What has changed? Leaks, or I only just make it" in patient.page.text


def test_no_follow_up_question_delays_an_emergency_that_is_certain(patient: Patient):
    assert patient.pass_safety_check("habit", "chest").path == "/book/stop"


def test_follow_up_questions_must_be_answered(patient: Patient, rows: Rows):
    patient.pass_safety_check("habit")
    page = patient.press()
    assert (page.status, set(page.errors)) == (422, {"sc_habit_what", "sc_habit_when"})
    assert patient.open("/book/time").path == "/book/safety"


def test_follow_up_questions_without_danger_lead_on(patient: Patient):
    page = patient.pass_safety_check("habit", sc_habit_what=["consti"], sc_habit_when="m3")
    assert page.path == "/book/time"


def test_a_pregnancy_warning_sign_stops_the_booking_among_the_questions_about_the_patient(
    patient: Patient, another_patient: Patient, rows: Rows
):
    patient.pass_safety_check()
    patient.choose_time()
    page = patient.tell_about_myself(pt_preg="maybe", pt_preg_warn="yes")
    assert page.path == "/book/stop"
    assert "Call your pregnancy care team or 911 now." in page.text
    assert patient.open("/book/terms").path == "/book/stop"
    assert patient.open("/book/check").path == "/book/stop"
    assert rows("SELECT status FROM appointment") == [("released",)]
    another_patient.book(EARLIEST)

    patient.open("/book/about/needs")
    patient.fill(pt_preg_warn="no")
    patient.press()
    assert patient.page.path == "/book/time"


def test_a_warning_sign_that_opens_its_question_on_the_same_page_is_asked_next(patient: Patient):
    patient.pass_safety_check()
    patient.choose_time()
    patient.tell_about_myself()
    patient.open("/book/about/needs")
    patient.fill(pt_preg="yes")
    page = patient.press()
    assert page.address == "/book/about/needs?more=1"
    assert "One more question about your answers." in page.text
    assert page.form.asks("pt_preg_warn")
    patient.fill(pt_preg_warn="no")
    assert patient.press().path == "/book/terms"
