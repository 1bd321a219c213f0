"""Today and what comes, in the therapist's own time."""

from datetime import timedelta

import pytest
from flask import Flask

from consult.booking import past_visits
from consult.core.clock import FixedClock
from tests.journeys.patient import Patient, Therapist


def test_an_empty_agenda_says_so(therapist: Therapist):
    page = therapist.sign_in()
    assert page.heading == "Monday, June 1"
    assert "No appointments today." in page.text
    assert "Nothing booked yet." in page.text


def test_appointments_stand_in_order_under_their_days(app: Flask, therapist: Therapist, clock: FixedClock):
    for name, start in (
        ("Cleo Late", "2026-06-02T19:00:00+00:00"),
        ("Ben Early", "2026-06-02T13:00:00+00:00"),
        ("Ann Today", "2026-06-01T15:00:00+00:00"),
    ):
        Patient(app).book(start, pt_name=name)
    text = therapist.sign_in().text
    words = (
        "11:00 am",
        "Ann Today",
        "Coming",
        "Tuesday, June 2",
        "9:00 am",
        "Ben Early",
        "3:00 pm",
        "Cleo Late",
    )
    places = [text.index(word) for word in words]
    assert places == sorted(places)

    clock.advance(timedelta(hours=24))
    text = therapist.sign_in().text
    assert therapist.page.heading == "Tuesday, June 2"
    assert text.index("Did these take place?") < text.index("Ann Today") < text.index("Coming up")


def test_a_past_visit_stays_until_it_is_noted_and_can_be_found_for_ever(
    app: Flask, therapist: Therapist, clock: FixedClock
):
    Patient(app).book("2026-06-01T15:00:00+00:00", pt_name="Ann Past")
    clock.advance(timedelta(days=40))
    therapist.sign_in()
    therapist.follow("Ann Past")
    therapist.press("It took place")
    assert "Ann Past" not in therapist.open("/therapist").text
    page = therapist.follow("Past visits")
    assert "Monday, June 1, 2026, 11:00 am Ann Past Took place" in page.text
    assert "Older visits" not in page.links
    assert "There are none before." in therapist.open("/therapist/past?before=2026-06-01T15:00:00Z").text
    assert "Ann Past" in therapist.open("/therapist/past?before=x").text


def test_many_past_visits_are_turned_over_page_by_page(
    app: Flask, therapist: Therapist, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(past_visits, "AT_ONCE", 2)
    for hour in (15, 17, 19):
        Patient(app).book(f"2026-06-01T{hour}:00:00+00:00", pt_name=f"Ann {hour}")
    clock.advance(timedelta(days=1))
    page = therapist.sign_in()
    assert "There are more before these" in page.text
    page = therapist.follow("Past visits")
    assert "Ann 17" in page.text
    assert "Ann 15" not in page.text
    page = therapist.follow("Older visits")
    assert "Ann 15" in page.text
    assert "Ann 17" not in page.text
    assert "Ann 19" in therapist.follow("The newest").text


def test_times_somebody_merely_holds_are_no_appointments(patient: Patient, therapist: Therapist):
    patient.come_to_check()
    assert "Rosa" not in therapist.sign_in().text


def test_a_patient_elsewhere_is_shown_in_both_times(patient: Patient, therapist: Therapist):
    patient.pass_safety_check()
    patient.page.form_with("Use this time zone").fill("zone", "America/Los_Angeles")
    patient.press("Use this time zone")
    patient.choose_time()
    patient.tell_about_myself()
    patient.agree()
    patient.go_to_payment()
    assert "7:00 am to 7:45 am Los Angeles time (PDT)" in patient.pay().text
    therapist.sign_in()
    assert "10:00 am to 10:45 am" in therapist.page.text
    summary = therapist.read_summary("Rosa Marin").text
    assert "10:00 am to 10:45 am New York time (EDT)" in summary
    assert "Patient's time: 7:00 am to 7:45 am Los Angeles time (PDT)" in summary


def test_before_the_intake_the_summary_shows_what_is_known(patient: Patient, therapist: Therapist):
    patient.book()
    therapist.sign_in()
    page = therapist.read_summary("Rosa Marin")
    assert page.heading == "Rosa Marin, 46"
    assert "Intake not begun" in page.text
    assert "Main site not answered" in page.text
    assert "No hint: too few answers point one way." in page.text
