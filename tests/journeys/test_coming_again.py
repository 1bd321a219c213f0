"""A patient who comes for the second time: for the therapist, never for the patient."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from consult.core.clock import FixedClock

from .patient import Patient, Therapist

Rows = Callable[[str], list[tuple]]

LATER = "2026-06-09T14:00:00+00:00"
AGAIN = "Earlier visits, same email and birth date: Monday, June 1, 2026"
SINCE = "Since the visit on Monday, June 1, 2026"


@pytest.fixture
def second_visit(patient: Patient, another_patient: Patient, clock: FixedClock) -> Callable[..., Patient]:
    """Rosa came on June 1 and sent the form; somebody books for June 9, from another browser."""

    def come(**about: str) -> Patient:
        patient.send_intake(patient.book())
        clock.advance(timedelta(days=7))
        another_patient.book(LATER, **about)
        return another_patient

    return come


def test_the_summary_tells_what_changed_since_the_last_visit(
    second_visit: Callable[..., Patient], therapist: Therapist
):
    again = second_visit(pt_email="Rosa.Marin@EXAMPLE.com", pt_name="Rosa Marin-Lee")
    again.send_intake(again.page.path, st_now="2", fe_walk="limp")
    therapist.sign_in()
    text = therapist.read_summary("Rosa Marin-Lee").text
    assert AGAIN in text
    assert f"{SINCE} Flags Limp or difficulty walking: not raised → caution" in text
    assert "pain now: 4 of 10 → 2 of 10" in text
    first = therapist.follow("Monday, June 1, 2026")
    assert first.heading == "Rosa Marin, 46"
    assert "Since the visit" not in first.text
    assert "Earlier visits" not in first.text


def test_nothing_of_the_former_visit_reaches_whoever_books_again(
    second_visit: Callable[..., Patient], rows: Rows
):
    again = second_visit(pt_name="Somebody Else", pt_phone="(555) 010-0999")
    private_page = again.page.path
    for address in (private_page, f"{private_page}/intake", f"{private_page}/intake/goals"):
        page = again.open(address)
        assert "garden" not in page.html
        assert "Rosa Marin" not in page.text
        assert "June 1" not in page.text
        assert all(not form.value("go_want") for form in page.forms)
    contacts = rows("SELECT DISTINCT contact_sealed FROM patient")
    assert len(contacts) == 2
    [(person, email)] = rows("SELECT DISTINCT person_digest, email_digest FROM patient")
    assert len(person) == len(email) == 64
    assert person != email


@pytest.mark.parametrize("other", [{"pt_dob": "1980-03-15"}, {"pt_email": "rosa.m@example.com"}])
def test_another_birth_date_or_address_is_another_person(
    second_visit: Callable[..., Patient], therapist: Therapist, other: dict[str, str]
):
    second_visit(pt_name="Somebody Else", **other)
    therapist.sign_in()
    text = therapist.read_summary("Somebody Else").text
    assert "Earlier visits" not in text
    assert "Since the visit" not in text


def test_a_visit_without_a_sent_intake_is_linked_but_not_compared(
    app: Flask, patient: Patient, clock: FixedClock, therapist: Therapist
):
    patient.book()
    clock.advance(timedelta(days=7))
    Patient(app).book(LATER, pt_name="Rosa Again")
    therapist.sign_in()
    text = therapist.read_summary("Rosa Again").text
    assert AGAIN in text
    assert "Since the visit" not in text
