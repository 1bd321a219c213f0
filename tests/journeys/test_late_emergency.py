"""An emergency told in a window that was opened before another one finished the booking or the form."""

import pytest

from .page import Page
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


def _send_too_late(patient: Patient, page: Page, button: str = "Continue") -> Page:
    """Press the button of a page whose token has run out."""
    pairs = [(name, "old" if name == "csrf_token" else value) for name, value in page.form.sent(button)]
    return patient.send(page.path, pairs)


def _page_of_visit(patient: Patient, where: str) -> tuple[Page, str, str]:
    """A page of a booked visit on which an emergency is ticked, but not sent; its button; the visit."""
    private_page = patient.book()
    patient.open(f"{private_page}/intake")
    patient.fill(bm_regions=["lowback_r", "saddle"], bm_main="saddle", bm_spread="other")
    patient.press("Save and continue")
    left_open = patient.open(f"{private_page}/{where}")
    patient.fill(**({"rc_same": ["stroke"]} if where == "safety" else {"fe_numb": "both"}))
    return left_open, "Continue" if where == "safety" else "Save and continue", private_page


@pytest.mark.parametrize("where", ["safety", "intake/feel"])
def test_told_on_a_page_of_a_cancelled_visit_it_says_what_to_do(patient: Patient, where: str):
    left_open, button, private_page = _page_of_visit(patient, where)
    patient.open(f"{private_page}/cancel")
    patient.press("Cancel my visit and get $120.00 back")
    patient.page = left_open
    page = patient.press(button)
    assert (page.heading, "Your visit is cancelled." in page.text) == ("Emergency: Stop. Get help now.", True)
    blank = {"rc_same": ["none"]} if where == "safety" else {"fe_numb": "no"}
    patient.page = left_open
    patient.fill(**blank)
    assert patient.press(button).path == private_page


@pytest.mark.parametrize("where", ["safety", "intake/feel"])
def test_told_on_a_page_open_too_long_it_says_what_to_do_and_that_nobody_knows(patient: Patient, where: str):
    left_open, button, private_page = _page_of_visit(patient, where)
    page = _send_too_late(patient, left_open, button)
    assert (page.status, page.heading) == (422, "Emergency: Stop. Get help now.")
    assert "Dr. Olivia Patel has not been told of it." in page.text
    assert "No visit was booked" not in page.text
    assert page.links["answer the safety check again"] == f"{private_page}/safety"
    assert patient.open(private_page).heading == "You're booked, Rosa"


def test_told_about_oneself_on_a_page_open_too_long_it_says_what_to_do(patient: Patient):
    patient.pass_safety_check()
    patient.choose_time()
    left_open = patient.open("/book/about/needs")
    patient.fill(pt_preg="yes", pt_preg_warn="yes")
    page = _send_too_late(patient, left_open)
    assert (page.status, page.heading) == (422, "Emergency: Stop. Get help now.")
    assert page.links["Go back and change your answers"] == "/book/about/needs?change=1"


@pytest.mark.parametrize("forgotten", [True, False])
def test_told_about_oneself_where_it_is_not_asked_it_says_what_to_do(patient: Patient, forgotten: bool):
    patient.pass_safety_check()
    patient.choose_time()
    left_open = patient.open("/book/about/needs")
    if forgotten:
        patient.client.delete_cookie("consult")
    else:
        patient.open("/book/safety")
        patient.fill(sc_main=["weight"])
        patient.press()
    patient.page = left_open
    patient.fill(pt_preg="yes", pt_preg_warn="yes")
    assert patient.press().heading == "Emergency: Stop. Get help now."


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
