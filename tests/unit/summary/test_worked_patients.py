"""The worked patients of the clinical design, on the therapist's sheet."""

import json
from pathlib import Path
from typing import Any

import pytest

from consult.intake.content import Catalogue
from consult.intake.reading import read_answers
from consult.summary.builder import FormerAnswers, Summary, build_summary

from .conftest import TODAY

PATIENTS = json.loads((Path(__file__).parents[3] / "intake_forms" / "worked_patients.json").read_text())


def answers_of(patient: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The patient's facts, by their keys and short words, as item and option ids."""
    items = {item.key: item for item in catalogue.questionnaire.items.values()}
    raw: dict[str, Any] = {}
    for key, value in patient["facts"].items():
        item = items[key]
        ids = {option.short: option.id for option in item.options}
        if key == "age":
            raw[item.id] = f"{TODAY.year - value}-01-01"
        elif isinstance(value, list):
            raw[item.id] = [ids[word] for word in value]
        else:
            raw[item.id] = ids[value] if item.options else value
    return raw


@pytest.fixture(params=PATIENTS, ids=lambda patient: patient["name"])
def patient(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param


@pytest.fixture
def summary(patient: dict[str, Any], catalogue: Catalogue) -> Summary:
    raw = answers_of(patient, catalogue)
    return build_summary(catalogue, read_answers(catalogue.questionnaire, raw), TODAY)


def test_the_sheet_shows_the_expected_hints(patient: dict[str, Any], summary: Summary):
    shown = {hint.id for hint in summary.sheet.hints}
    assert set(patient["expect"].get("patterns", ())) <= shown
    assert not set(patient["expect"].get("patterns_absent", ())) & shown


def test_the_notes_the_therapist_must_read_are_there(patient: dict[str, Any], summary: Summary):
    notes = " ".join(hint.note for hint in summary.sheet.hints).lower()
    assert patient["expect"].get("therapist_note_must_say", "").lower() in notes


def test_every_expected_flag_is_whole_on_one_page(patient: dict[str, Any], summary: Summary):
    lines = [*summary.serious, *summary.other]
    assert set(patient["expect"]["flags"]) <= {line.raised.id for line in lines}
    assert [line.raised for line in lines] == list(summary.assessment.outcome.flags)
    assert all(line.quotes for line in lines)
    assert not summary.sheet.overleaf


def test_disc_and_back_stand_apart_by_what_only_one_of_them_has(catalogue: Catalogue):
    """Patient 10, the design's sample: five answers fit the first hint, none speaks against it."""
    [classic] = [patient for patient in PATIENTS if patient["name"].startswith("10 ")]
    answers = read_answers(catalogue.questionnaire, answers_of(classic, catalogue))
    first, second = build_summary(catalogue, answers, TODAY).sheet.hints[:2]
    assert (first.title, first.fits, first.against) == ("Disc- or nerve-like (sciatica)", 5, 0)
    assert (second.title, second.fits, second.against) == ("Back-like", 3, 0)
    assert not first.mixed


def test_the_former_visit_is_compared_when_there_was_one(catalogue: Catalogue):
    [classic] = [patient for patient in PATIENTS if patient["name"].startswith("10 ")]
    answers = read_answers(catalogue.questionnaire, answers_of(classic, catalogue))
    former = FormerAnswers(catalogue, answers)
    now = {**answers, "st_now": 2}
    assert build_summary(catalogue, now, TODAY).sheet.changes is None
    changes = build_summary(catalogue, now, TODAY, former).sheet.changes
    assert changes is not None
    assert [(change.name, change.before, change.now) for change in changes] == [
        ("pain now", "6 of 10", "2 of 10")
    ]
    assert build_summary(catalogue, answers, TODAY, former).sheet.changes == ()
