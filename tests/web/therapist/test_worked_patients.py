"""Form and rules: the index, and the worked patients walked through the rules as they are now."""

import re
from dataclasses import replace

import pytest
from flask import Flask

from consult.deps import deps
from consult.intake.red_flags import Level
from consult.summary.builder import build_summary
from tests.journeys.patient import Therapist


@pytest.fixture
def olivia(therapist: Therapist) -> Therapist:
    therapist.sign_in()
    return therapist


def expect_otherwise(app: Flask, patient_id: str, **other: object) -> None:
    """The worked patients with another expectation of one of them."""
    with app.app_context():
        d = deps()
        patients = [
            replace(patient, expected=replace(patient.expected, **other))
            if patient.id == patient_id
            else patient
            for patient in d.worked_patients
        ]
        app.extensions["consult"] = replace(d, worked_patients=tuple(patients))


def test_the_index_leads_to_every_fact_and_source(olivia: Therapist):
    page = olivia.open("/therapist/form")
    anchors = re.findall(r'href="#([^"]+)"', page.html)
    ids = re.findall(r'id="([^"]+)"', page.html)
    assert set(anchors) <= set(ids)
    assert len(ids) == len(set(ids))
    assert {f"A{number}" for number in range(1, 105)} | {"GIRFT", "files", "index"} <= set(anchors)
    assert page.html.index('id="index"') < page.html.index('id="A1"')


def test_every_worked_patient_is_listed_with_what_is_expected(olivia: Therapist):
    olivia.open("/therapist/form")
    assert "all 20 as expected" in olivia.page.text
    page = olivia.follow("Worked patients: walk one through the rules")
    assert page.heading == "Worked patients"
    assert "All 20 are as expected." in page.text
    assert "05 Trouble moving one leg, not getting worse urgent ok" in page.text
    assert page.text.count(" ok ") == 20
    assert "differs" not in page.text


def test_a_patient_who_fares_otherwise_is_marked_and_told_why(app: Flask, olivia: Therapist):
    expect_otherwise(app, "05", level=Level.CAUTION, flags={"fever": Level.URGENT})
    assert "1 of 20 differ" in olivia.open("/therapist/form").text
    page = olivia.open("/therapist/form/patients")
    assert "1 of 20 differ from what is expected." in page.text
    assert "not getting worse caution differs" in page.text
    page = olivia.follow("Trouble moving one leg, not getting worse")
    assert "Differs from what is expected: level urgent, expected caution flag fever is missing" in page.text
    assert "As expected." not in page.text


def test_a_worked_patient_is_walked_through_answers_booking_flags_hints_and_tips(olivia: Therapist):
    page = olivia.open("/therapist/form/patients/10")
    assert page.heading == "Classic disc/sciatica, stable"
    assert "Worked patient 10, 46 years old." in page.text
    for said in (
        "Pain feels like shooting; tingling; burning A9,",
        "Before payment Continue With the intake Continue",
        "Rule leg_numb_or_weak: ((fe_numb is both or one or fe_weak is bit or bitboth) and not flag",
        "Is any part of your leg or foot numb or tingly? Yes, on one side",
        "Sources A16 , A38",
        "Patient reads “Dr. Patel will ask more about this.",
        "Fits: shooting pain down one leg A38a ; numb leg or foot A38b",
        "Against: nothing",
        "Stretches Cobra; Glute bridge; Clamshell",
        "Knee-to-chest leg nerve signs or a known disk problem: forward bending waits",
        "Heat or cold numb skin: risk of a burn or frostbite",
    ):
        assert said in page.text
    assert page.links["A16"].endswith("/therapist/form#A16")
    assert "January" not in page.text, "the birth date is made up"


def test_the_summary_is_the_one_of_a_visit(app: Flask, olivia: Therapist):
    page = olivia.open("/therapist/form/patients/10")
    with app.app_context():
        d = deps()
        [patient] = [patient for patient in d.worked_patients if patient.id == "10"]
        day = d.now().date()
        answers = patient.answers_on(d.ports.catalogue.questionnaire, day)
        summary = build_summary(d.ports.catalogue, answers, day)
    _, sheet = page.text.split("Summary before the session")
    for line in (*summary.serious, *summary.other):
        assert line.raised.title in sheet
        assert line.quotes in sheet
    for hint in summary.sheet.hints:
        assert f"{hint.title} : {hint.fits} fit" in sheet
    for group in summary.sheet.background:
        assert group.title in sheet
    assert "Ask again on video" in sheet
    assert "Not answered: safety check" in sheet


@pytest.mark.parametrize(
    ("patient_id", "before", "after"),
    [
        ("01", "Stop: the page that says to get help now", "Stop: the page that says to get help now"),
        ("05", "Continue after reading", "Continue after reading"),
        ("16", "Continue With", "Continue after reading"),
    ],
)
def test_the_booking_is_decided_before_payment_and_again_with_the_intake(
    olivia: Therapist, patient_id: str, before: str, after: str
):
    text = olivia.open(f"/therapist/form/patients/{patient_id}").text
    assert f"Before payment {before}" in text
    assert f"With the intake {after}" in text


def test_an_emergency_gets_no_tips_and_every_line_says_why(olivia: Therapist):
    text = olivia.open("/therapist/form/patients/01").text
    assert "No page of tips at all." in text
    assert "Tylenol an emergency sign: nothing but the way to help" in text


def test_one_leads_to_the_next(olivia: Therapist):
    page = olivia.open("/therapist/form/patients/01")
    assert page.text.count("Before: ") == 0
    assert olivia.follow("Next: 02 Numb between the legs").heading == "Numb between the legs"
    assert olivia.follow("Before: 01 Lost bladder control with sciatica").path.endswith("/01")
    assert "Next: " not in olivia.open("/therapist/form/patients/24").text


@pytest.mark.parametrize("patient_id", ["99", "1", "%2e%2e", "x" * 300])
def test_nobody_of_that_id_is_not_found(olivia: Therapist, patient_id: str):
    assert olivia.open(f"/therapist/form/patients/{patient_id}").status == 404
