"""A sign that a doctor should see: the advice is read first, then the booking goes on."""

from .patient import EARLIEST, Patient, Therapist


def test_urgent_advice_must_be_ticked_as_read_before_the_booking_goes_on(
    patient: Patient, therapist: Therapist
):
    page = patient.pass_safety_check("calf")
    assert (page.path, page.heading) == ("/book/advice", "Urgent: Please see a doctor")
    assert "“One calf newly swollen and sore”" in page.text
    assert "See a doctor today. Call 911 if you get chest pain" in page.text
    assert patient.open("/book/time").path == "/book/advice"

    page = patient.press("Continue to book")
    assert (page.status, list(page.errors)) == (422, ["read"])
    assert page.title.startswith("Error: ")
    assert patient.open("/book/time").path == "/book/advice"

    patient.fill(read=True)
    assert patient.press("Continue to book").path == "/book/time"
    patient.choose_time()
    patient.tell_about_myself()
    patient.agree()
    patient.go_to_payment()
    patient.pay()
    therapist.sign_in()
    assert "Urgent flag" in therapist.page.text
    summary = therapist.read_summary("Rosa Marin")
    assert "Flags Urgent Newly swollen sore calf “swollen calf”" in summary.text
    assert "Patient was told: “See a doctor today." in summary.text
    assert "Ticked as read on Monday, June 1, 8:00 am." in summary.text
    assert "swollen_calf: sc_main is calf" in summary.text


def test_advice_read_for_one_sign_does_not_count_for_another(patient: Patient):
    patient.pass_safety_check("calf")
    patient.fill(read=True)
    patient.press("Continue to book")
    patient.choose_time(EARLIEST)
    patient.open("/book/safety")
    patient.fill(sc_main=["weight"])
    assert patient.press().path == "/book/advice"
    assert patient.open("/book/about").path == "/book/advice"
    patient.fill(read=True)
    assert patient.press("Continue to book").path == "/book/about/you"
