"""The advice page is for those whom it concerns."""

from tests.journeys.patient import Patient


def test_without_a_sign_there_is_no_advice_page(patient: Patient):
    patient.pass_safety_check()
    assert patient.open("/book/advice").path == "/book/time"
