"""An emergency told in a window that was opened before another one finished the booking or the form."""

import pytest

from .patient import Patient, Therapist


def _send(patient: Patient, page: object, button: str = "Continue") -> None:
    """Press the button of a page that was left open in another window."""
    patient.page = page
    patient.press(button)


def _booked_with_open(patient: Patient, address: str) -> tuple[object, str]:
    """A page of the booking left open, and the private page once another window has booked."""
    patient.pass_safety_check()
    patient.choose_time()
    patient.tell_about_myself()
    left_open = patient.open(address)
    patient.open("/book")
    patient.agree()
    patient.go_to_payment()
    return left_open, patient.pay().path


def _is_held(patient: Patient, therapist: Therapist, private_page: str) -> None:
    assert patient.page.heading == "Emergency: Stop. Get help now."
    assert patient.open(private_page).heading == "Emergency: Your visit is on hold"
    therapist.sign_in()
    assert "On hold – safety" in therapist.page.text


def test_one_in_the_safety_check_holds_the_visit_that_was_booked_meanwhile(
    patient: Patient, therapist: Therapist
):
    left_open, private_page = _booked_with_open(patient, "/book/safety")
    patient.page = left_open
    patient.fill(sc_main=["stroke"])
    patient.press()
    _is_held(patient, therapist, private_page)
    assert "stroke" in therapist.read_summary("Rosa Marin").text
    _send(patient, left_open)
    assert patient.page.heading == "Emergency: Stop. Get help now."


def test_one_about_oneself_holds_the_visit_that_was_booked_meanwhile(patient: Patient, therapist: Therapist):
    left_open, private_page = _booked_with_open(patient, "/book/about/needs")
    patient.page = left_open
    patient.fill(pt_preg="yes", pt_preg_warn="yes")
    patient.press()
    _is_held(patient, therapist, private_page)
    _send(patient, left_open)
    assert patient.page.heading == "Emergency: Stop. Get help now."


def test_one_in_the_intake_holds_the_visit_though_the_form_was_sent_meanwhile(
    patient: Patient, therapist: Therapist
):
    private_page = patient.book()
    patient.open(f"{private_page}/intake")
    patient.fill(bm_regions=["lowback_r", "saddle"], bm_main="saddle", bm_spread="other")
    patient.press("Save and continue")
    patient.fill_in_intake()
    left_open = patient.open(f"{private_page}/intake/feel")
    patient.open(f"{private_page}/intake/check")
    patient.press("Send my answers")
    patient.page = left_open
    patient.fill(fe_numb="both")
    patient.press("Save and continue")
    _is_held(patient, therapist, private_page)
    therapist.read_summary("Rosa Marin")
    therapist.follow("Release the hold")
    therapist.press("Release the hold")
    # Told once more in that window, it is nothing new: she has thought it over.
    patient.page = left_open
    patient.fill(fe_numb="both")
    assert patient.press("Save and continue").heading == "Thank you"


@pytest.mark.parametrize("address", ["/book/safety", "/book/about/needs"])
def test_without_one_an_old_window_changes_nothing(patient: Patient, address: str):
    left_open, private_page = _booked_with_open(patient, address)
    _send(patient, left_open)
    assert (patient.page.path, patient.page.heading) == (private_page, "You're booked, Rosa")


def test_told_of_a_cancelled_visit_it_still_says_what_to_do(patient: Patient):
    left_open, private_page = _booked_with_open(patient, "/book/safety")
    patient.open(f"{private_page}/cancel")
    patient.press("Cancel my visit and get $120.00 back")
    patient.page = left_open
    patient.fill(sc_main=["stroke"])
    patient.press()
    assert patient.page.heading == "Emergency: Stop. Get help now."


def test_advice_is_read_for_the_signs_that_were_on_the_page(patient: Patient):
    left_open = patient.pass_safety_check("weight")
    patient.open("/book/safety")
    patient.fill(sc_main=["weight", "calf"])
    patient.press()
    patient.page = left_open
    patient.fill(read=True)
    page = patient.press("Continue to book")
    assert page.path == "/book/advice"
    assert "Your answers were changed in another window." in page.text
    assert "“One calf newly swollen and sore”" in page.text
    assert patient.open("/book/time").path == "/book/advice"
