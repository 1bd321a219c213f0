"""Pages shown again after a stale CSRF token keep what was chosen, and say why."""

from tests.journeys.patient import EARLIEST, Patient


def _with_forged_token(patient: Patient, button: str):
    form = patient.page.form_with(button)
    pairs = [(name, "forged" if name == "csrf_token" else value) for name, value in form.sent(button)]
    return patient.send(form.action, pairs)


def test_the_terms_page_says_why_it_is_shown_again(patient: Patient):
    patient.pass_safety_check()
    patient.choose_time()
    patient.tell_about_myself()
    patient.fill(privacy=True, cancellation=True)
    page = _with_forged_token(patient, "Continue")
    assert page.status == 422
    assert page.form.ticked("privacy") == ["yes"]
    assert "open for a long time" in page.text


def test_the_advice_page_keeps_the_tick_and_says_why_it_is_shown_again(patient: Patient):
    patient.pass_safety_check("calf")
    patient.fill(read=True)
    page = _with_forged_token(patient, "Continue to book")
    assert page.form.ticked("read") == ["yes"]
    assert "open for a long time" in page.text


def test_the_time_page_keeps_the_chosen_time(patient: Patient):
    patient.pass_safety_check()
    patient.fill(start=EARLIEST)
    page = _with_forged_token(patient, "Continue with this time")
    assert page.status == 422
    assert page.form.value("start") == EARLIEST
