"""A visit for which nothing is to be paid: no payment page, no payment, one button."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest

from consult.core.clock import FixedClock

from .patient import EARLIEST, Patient, Therapist

LATER = "2026-06-02T14:00:00+00:00"
LATEST = "2026-06-03T14:00:00+00:00"
Rows = Callable[[str], list[tuple]]


@pytest.fixture(autouse=True)
def _free_session(therapist: Therapist) -> None:
    """The one session on offer costs nothing, as the therapist sets it."""
    therapist.sign_in()
    therapist.open("/therapist/hours/sessions")
    therapist.follow(next(iter(words for words in therapist.page.links if "session" in words.lower())))
    therapist.fill(price="0")
    assert "Saved." in therapist.press("Save session").text


def test_a_free_visit_is_booked_with_one_button_and_no_word_of_paying(
    patient: Patient,
    rows: Rows,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
):
    check = patient.come_to_check(LATER)
    assert not check.offers("Use this code")
    assert "payment company" not in check.text
    page = patient.press("Book this time")
    assert page.path.startswith("/b/")
    assert "Paid Nothing, it was free" in page.text
    assert rows("SELECT * FROM payment") == []
    run_worker()
    assert [mail["Subject"] for mail in mails("rosa.marin@example.com")] == ["Your appointment is booked"]

    patient.follow("Move my visit")
    assert "15 minutes to change your mind. After that it can't be moved again." in patient.page.text
    patient.open(page.path)
    page = patient.follow("Cancel my visit")
    assert "Nothing was paid, so nothing is paid back." in page.text
    page = patient.press("Cancel my visit")
    assert "Nothing was paid." in page.text
    assert rows("SELECT * FROM refund") == []


def test_pressed_twice_it_is_booked_once(patient: Patient, rows: Rows):
    check = patient.come_to_check(LATER)
    patient.press("Book this time")
    patient.page = check
    assert patient.press("Book this time").path.startswith("/b/")
    assert rows("SELECT status FROM appointment") == [("booked",)]
    assert len(rows("SELECT id FROM outbox_message WHERE kind = 'confirmation'")) == 1


def test_a_time_that_ran_out_is_not_booked_for_nothing(patient: Patient, clock: FixedClock, rows: Rows):
    patient.come_to_check(LATER)
    clock.advance(timedelta(minutes=20))
    page = patient.press("Book this time")
    assert page.path == "/book/time"
    assert rows("SELECT * FROM appointment WHERE status = 'booked'") == []


def test_an_emergency_told_in_another_tab_keeps_a_free_visit_from_being_booked(patient: Patient, rows: Rows):
    check = patient.come_to_check(LATER)
    patient.open("/book/safety")
    patient.fill(sc_main=["stroke"])
    patient.press()
    patient.page = check
    assert not patient.press("Book this time").path.startswith("/b/")
    assert rows("SELECT * FROM appointment WHERE status = 'booked'") == []


def test_one_person_has_one_free_visit_ahead(
    patient: Patient, another_patient: Patient, rows: Rows, confirm_email, clock: FixedClock
):
    patient.come_to_check(LATER)
    patient.press("Book this time")
    another_patient.come_to_check(LATEST)
    another_patient.press("Book this time")
    # Only the address's owner is told that it is known here.
    confirm_email(another_patient)
    assert another_patient.page.path == "/book/check"
    page = another_patient.press("Book this time")
    assert "Each person can have one free visit booked at a time." in page.text
    assert rows("SELECT count(*) FROM appointment WHERE status = 'booked'") == [(1,)]


def test_somebody_else_at_the_same_address_has_one_too(patient: Patient, another_patient: Patient):
    patient.come_to_check(LATER)
    patient.press("Book this time")
    another_patient.come_to_check(LATEST, pt_name="Kim Marin", pt_dob="1990-01-01")
    assert another_patient.press("Book this time").path.startswith("/b/")


def test_many_free_visits_from_one_connection_take_a_confirmed_address(app, confirm_email):
    for number in range(5):
        visitor = Patient(app)
        visitor.come_to_check(
            f"2026-06-0{number // 2 + 2}T1{4 + number % 2}:00:00+00:00", pt_dob=f"198{number}-01-01"
        )
        assert visitor.press("Book this time").path.startswith("/b/")
    visitor = Patient(app)
    visitor.come_to_check("2026-06-05T14:00:00+00:00", pt_dob="1989-01-01")
    visitor.press("Book this time")
    confirm_email(visitor)
    assert visitor.press("Book this time").path.startswith("/b/")


def test_a_price_set_meanwhile_is_said_before_anything_is_booked(patient: Patient, therapist: Therapist):
    check = patient.come_to_check(LATER)
    therapist.open("/therapist/hours/sessions")
    therapist.follow(next(iter(words for words in therapist.page.links if "session" in words.lower())))
    therapist.fill(price="50")
    therapist.press("Save session")
    patient.open("/book/time")
    patient.choose_time(EARLIEST)
    patient.agree()
    patient.page = check
    page = patient.press("Book this time")
    assert "The price has changed" in page.text
    assert page.offers("Go to payment of $50.00")
