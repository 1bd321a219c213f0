"""What is said when an hour was lost while paying."""

from datetime import timedelta

from consult.core.clock import FixedClock
from tests.journeys.patient import Patient

LATER = "2026-06-01T17:00:00+00:00"


def test_a_time_sold_to_somebody_else_is_not_said_to_be_still_held(
    patient: Patient, another_patient: Patient, clock: FixedClock
):
    patient.come_to_check(LATER)
    pay_page = patient.go_to_payment().path
    clock.advance(timedelta(minutes=36))
    another_patient.book(LATER)
    patient.open(pay_page)
    patient.follow("Return to your booking")
    assert "still held" not in patient.page.text
    page = patient.press("Back to my booking")
    assert page.path == "/book/time"
    assert "Nothing was charged" in page.text
    assert "your time is still held" not in page.text
