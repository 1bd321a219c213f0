"""A sign that comes up after the visit was booked and paid."""

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest

from consult.core.clock import FixedClock

from .page import read_page
from .patient import Patient, Therapist

Mails = Callable[[str], list[EmailMessage]]

HEALTH_WORDS = {
    *(
        "numb",
        "numbness",
        "leg",
        "legs",
        "nerve",
        "nerves",
        "pain",
        "back",
        "bladder",
        "sign",
        "signs",
        "flag",
    ),
    *("symptom", "symptoms", "answers", "health", "therapist", "therapy", "physical", "intake", "form"),
}


def _saddle(patient: Patient, private_page: str) -> None:
    """Numbness between the legs, marked in the intake."""
    patient.open(f"{private_page}/intake")
    patient.fill(bm_regions=["lowback_r", "saddle"], bm_main="saddle", bm_spread="other")
    patient.press("Save and continue")
    patient.fill_in_intake(fe_numb="both", fe_ntrend="same")


def test_an_emergency_in_the_intake_puts_the_visit_on_hold_and_tells_the_patient_what_to_do(
    patient: Patient, therapist: Therapist
):
    private_page = patient.book()
    _saddle(patient, private_page)
    page = patient.page
    assert page.path == f"{private_page}/intake/done"
    assert page.heading == "Emergency: Stop. Get help now."
    assert "Numbness between the legs or around your bottom can mean pressure on nerves." in page.text
    assert "Your visit is on hold." in page.text
    assert "You paid $120.00. You lose none of it" in page.text
    page = patient.open(private_page)
    assert page.heading == "Emergency: Your visit is on hold"
    assert "Join the video visit" not in page.links

    therapist.sign_in()
    assert "On hold – safety" in therapist.page.text
    assert "A visit is on hold for safety. The patient was told to get help now." in therapist.page.text
    summary = therapist.read_summary("Rosa Marin")
    assert "Visit on hold" in summary.text
    assert "Emergency Numbness between the legs" in summary.text
    assert "Suspected cauda equina" in summary.text


def test_the_mails_about_it_hold_no_word_about_health(
    patient: Patient, run_worker: Callable[[], None], mails: Mails
):
    private_page = patient.book()
    _saddle(patient, private_page)
    run_worker()
    [to_patient] = [
        mail for mail in mails("rosa.marin@example.com") if mail["Subject"] == "Please open your page now"
    ]
    [to_therapist] = [
        mail
        for mail in mails("olivia.patel@example.com")
        if mail["Subject"] == "Please look at a booking now"
    ]
    for mail in (to_patient, to_therapist):
        for kind in ("plain", "html"):
            said = read_page(200, "/", mail.get_body((kind,)).get_content()).text
            words = set(re.findall("[a-z]+", re.sub(r"https?://\S+", "", said.lower())))
            assert words & HEALTH_WORDS == set()
            assert "hold" in words
    assert "Rosa" not in to_therapist.get_body(("plain",)).get_content()
    assert f"http://localhost{private_page}" in to_patient.get_body(("plain",)).get_content()
    assert "/therapist/bookings/" in to_therapist.get_body(("plain",)).get_content()


def test_each_side_is_told_once(patient: Patient, run_worker: Callable[[], None], mails: Mails):
    private_page = patient.book()
    _saddle(patient, private_page)
    for _ in range(3):
        patient.open(f"{private_page}/intake/done")
        run_worker()
    assert len(mails("rosa.marin@example.com")) == 2
    assert len(mails("olivia.patel@example.com")) == 2


def test_the_hour_stays_the_patients_while_the_visit_is_on_hold(
    patient: Patient, another_patient: Patient, clock: FixedClock
):
    start = "2026-06-03T14:00:00+00:00"
    private_page = patient.book(start)
    _saddle(patient, private_page)
    clock.advance(timedelta(hours=2))
    another_patient.pass_safety_check()
    assert start not in another_patient.page.form.choices("start")


@pytest.mark.parametrize("sign", ["control", "chest"])
def test_a_sign_ticked_when_asked_again_at_the_end_counts_as_in_the_first_check(
    patient: Patient, therapist: Therapist, sign: str
):
    private_page = patient.book()
    patient.open(f"{private_page}/intake")
    patient.fill_in_intake(rc_same=[sign])
    assert patient.page.heading == "Emergency: Stop. Get help now."
    assert patient.open(private_page).heading == "Emergency: Your visit is on hold"
    therapist.sign_in()
    assert "On hold – safety" in therapist.page.text


def test_a_sign_asked_again_brings_its_follow_up_questions(patient: Patient):
    private_page = patient.book()
    patient.open(f"{private_page}/intake")
    patient.fill_in_intake(rc_same=["habit"], sc_habit_what=["leak"], sc_habit_when="w2")
    assert patient.page.heading == "Emergency: Stop. Get help now."


def test_an_urgent_sign_in_the_intake_lets_the_visit_stand_with_advice(
    patient: Patient, therapist: Therapist
):
    private_page = patient.book()
    page = patient.send_intake(private_page, fe_walk="few")
    assert page.heading == "Thank you"
    assert "See a doctor today." in page.text
    assert "Your visit stands." in page.text
    assert patient.open(private_page).heading == "You're booked, Rosa"
    therapist.sign_in()
    assert "Urgent flag" in therapist.page.text
    assert "Urgent Can only take a few steps “only a few steps”" in therapist.read_summary("Rosa Marin").text


def test_the_therapist_is_written_to_about_urgent_signs_she_has_not_seen_and_once_only(
    patient: Patient, run_worker: Callable[[], None], mails: Mails, clock: FixedClock
):
    def told() -> list[str]:
        run_worker()
        subjects = [mail["Subject"] for mail in mails("olivia.patel@example.com")]
        return [subject for subject in subjects if subject.startswith("Something new")]

    patient.pass_safety_check("calf")
    patient.fill(read=True)
    patient.press("Continue to book")
    patient.choose_time()
    patient.tell_about_myself()
    patient.agree()
    patient.go_to_payment()
    private_page = patient.pay().path
    assert told() == []
    patient.send_intake(private_page, fe_walk="few")
    assert told() == ["Something new to read before an appointment"]
    text = mails("olivia.patel@example.com")[-1].get_body(("plain",)).get_content()
    words = set(re.findall("[a-z]+", re.sub(r"https?://\S+", "", text.lower())))
    assert words & HEALTH_WORDS == set()

    clock.advance(timedelta(hours=1))
    patient.open(f"{private_page}/safety")
    patient.fill(rc_same=["calf"])
    patient.press()
    assert len(told()) == 1


def test_answers_without_an_urgent_sign_are_not_written_about(
    patient: Patient, run_worker: Callable[[], None], mails: Mails
):
    patient.send_intake(patient.book())
    run_worker()
    assert [mail["Subject"] for mail in mails("olivia.patel@example.com")] == ["A new appointment is booked"]


def test_while_on_hold_every_page_of_the_form_leads_to_what_to_do(patient: Patient):
    private_page = patient.book()
    _saddle(patient, private_page)
    for address in ("/intake", "/intake/feel", "/intake/check", "/safety"):
        assert patient.open(f"{private_page}{address}").path == f"{private_page}/intake/done", address
    assert patient.open(f"{private_page}/tips").heading == "Emergency: Your visit is on hold"


def test_a_hold_the_therapist_released_is_over_and_the_form_can_be_finished(
    patient: Patient, therapist: Therapist, run_worker: Callable[[], None], mails: Mails
):
    private_page = patient.book()
    _saddle(patient, private_page)
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    assert "Moving it does not release the hold." in therapist.follow("Move").text
    therapist.read_summary("Rosa Marin")
    page = therapist.follow("Release the hold")
    assert page.heading == "Release the hold on the visit of Rosa Marin?"
    assert "Saddle sensory change." in page.text
    assert patient.open(private_page).heading == "Emergency: Your visit is on hold"
    therapist.page = page
    therapist.press("Release the hold")
    assert "Visit on hold" not in therapist.page.text
    assert "on hold for safety" not in therapist.open("/therapist").text
    run_worker()
    assert "Your appointment takes place" in [mail["Subject"] for mail in mails("rosa.marin@example.com")]

    assert patient.open(private_page).heading == "You're booked, Rosa"
    patient.open(f"{private_page}/intake")
    patient.fill_in_intake(fe_numb="both", fe_ntrend="same")
    assert patient.press("Send my answers").heading == "Thank you"


def test_a_sign_told_while_on_hold_is_kept_and_no_hold_is_released_before_it_was_read(
    patient: Patient, therapist: Therapist, clock: FixedClock
):
    private_page = patient.book()
    left_open = patient.open(f"{private_page}/safety")
    _saddle(patient, private_page)
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    therapist.follow("Release the hold")
    patient.page = left_open
    patient.fill(rc_same=["stroke"])
    assert "double vision" in patient.press().text
    page = therapist.press("Release the hold")
    assert (page.status, "Stroke-like signs" in page.text) == (409, True)
    assert "another emergency" in page.errors["main"]
    assert patient.open(private_page).heading == "Emergency: Your visit is on hold"
    assert therapist.press("Release the hold").path != page.path
    assert patient.open(private_page).heading == "You're booked, Rosa"
    # What was told still stands: nobody is told that there was nothing, nor is an empty page an answer.
    clock.advance(timedelta(hours=1))
    assert "Start the safety check" in patient.open(private_page).links
    patient.open(f"{private_page}/safety")
    assert patient.press().status == 422
    assert "Start the safety check" in patient.open(private_page).links
    patient.open(f"{private_page}/safety")
    patient.fill(rc_same=["none"])
    page = patient.press()
    assert (page.heading, "did not show" in page.text) == ("Thank you", False)


def test_asked_again_an_emergency_does_not_wait_for_an_answer_left_out(patient: Patient):
    private_page = patient.book()
    patient.open(f"{private_page}/safety")
    patient.fill(rc_same=["habit"])
    assert patient.press().form.asks("sc_habit_when")
    patient.fill(rc_same=["habit", "stroke"])
    page = patient.press()
    assert page.heading == "Emergency: Stop. Get help now."
    assert page.links["Your private page"] == private_page


def test_a_new_sign_after_a_release_holds_the_visit_again(
    patient: Patient, therapist: Therapist, clock: FixedClock
):
    private_page = patient.book()
    _saddle(patient, private_page)
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    therapist.follow("Release the hold")
    therapist.press("Release the hold")
    clock.advance(timedelta(minutes=1))
    patient.open(f"{private_page}/intake")
    patient.fill_in_intake(fe_numb="both", fe_ntrend="same", rc_same=["chest"])
    assert patient.page.heading == "Emergency: Stop. Get help now."
    assert patient.open(private_page).heading == "Emergency: Your visit is on hold"
