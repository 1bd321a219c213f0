"""The form changes while people answer it: everybody's answers stay with the form they were given in."""

import logging
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from consult.app import FORMS, create_app
from consult.core.clock import FixedClock
from consult.deps import deps
from tests.kept import COMPILED_TEMPLATES

from .page import Page
from .patient import Patient, Therapist

Rows = Callable[[str], list[tuple]]

SHARED_FORM, RULES, HANDOUT = "forms/back_hip.yaml", "rules/red_flags.yaml", "rules/handout.yaml"
NEW = "NEW-"
STAIRS = """      - id: li_stairs
        key: stairs
        ask: Do you climb stairs every day?
        type: yes_no
        required: true
        beyond: [PRAC]

"""
SEVERE_PAIN, NOW_AN_EMERGENCY = (
    f"""  - id: severe_pain
    level: {level}
    title: Pain 8 or more right now
    when:
      item: st_now
      at_least: {bound}
"""
    for level, bound in (("caution", 8), ("emergency", 4))
)


@pytest.fixture(scope="module")
def edited_forms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All questions and tips reworded, one question removed, one added, two rules made stricter; no version
    number changed.
    """
    folder = Path(shutil.copytree(FORMS, tmp_path_factory.mktemp("edited") / "intake_forms"))
    _replace(folder / SHARED_FORM, r"      - id: st_best\n.*?\n\n", "")
    _replace(folder / SHARED_FORM, r"(?=      - id: li_lift\n)", STAIRS)
    _replace(folder / SHARED_FORM, 'short: "2 to 4"', "short: a few")
    _replace(folder / RULES, SEVERE_PAIN, f"{NOW_AN_EMERGENCY}    patient_reads: Get help now.\n")
    _replace(folder / RULES, r"(?<=- id: swollen_calf\n    level: )urgent", "emergency")
    for file in (*folder.glob("forms/*.yaml"), folder / HANDOUT):
        file.write_text(
            re.sub(r"^( *(?:- )?(?:ask|heading|title): )(?=\w)", rf"\1{NEW}", file.read_text(), flags=re.M)
        )
    return folder


def _replace(file: Path, pattern: str, text: str) -> None:
    edited, count = re.subn(pattern, text, file.read_text(), count=1, flags=re.DOTALL)
    assert count == 1, pattern
    file.write_text(edited)


@dataclass
class House:
    """The application before the form files changed, and another on the same database after it."""

    before: Flask
    after: Flask


@pytest.fixture
def house(app: Flask, clock: FixedClock, edited_forms: Path) -> Iterator[House]:
    with app.app_context():
        settings = deps().settings
    after = create_app(settings, clock=clock, forms=edited_forms)
    after.testing = True
    after.jinja_env.bytecode_cache = COMPILED_TEMPLATES
    yield House(app, after)
    with after.app_context():
        after.extensions["sqlalchemy"].engine.dispose()


class Loyal(Patient):
    """Somebody who must not meet a word of the new form."""

    def _arrive(self, response: TestResponse) -> Page:
        page = super()._arrive(response)
        assert NEW not in page.html, page.address
        return page


def _moved(patient: Patient, app: Flask) -> Loyal:
    """The same person's browser, on the application as it is by now."""
    elsewhere = Loyal(app)
    cookie = patient.client.get_cookie("consult")
    if cookie is not None:
        elsewhere.client.set_cookie("consult", cookie.value)
    return elsewhere


def test_everybody_finishes_the_form_they_began_and_it_is_read_by_that_form(house: House, rows: Rows):
    sent, half = Patient(house.before), Patient(house.before)
    sent.send_intake(sent.book(pt_name="Ann Sent"))
    private_page = half.book("2026-06-01T15:00:00+00:00", pt_name="Ben Half")
    half.open(f"{private_page}/intake")
    half.fill(bm_regions=["lowback_r"], bm_main="lowback_r", bm_spread="stay")
    assert half.press("Save and continue").form.asks("st_best")
    therapist = Therapist(house.before)
    therapist.sign_in()
    first_summary = therapist.read_summary("Ann Sent").text
    assert "Active days 2 to 4" in first_summary

    half = _moved(half, house.after)
    half.open(f"{private_page}/intake")
    assert half.page.form.asks("st_best")
    half.fill_in_intake(st_best="2")
    assert half.page.heading == "Check and send"
    assert "stairs" not in half.page.text
    assert half.press("Send my answers").heading == "Thank you"
    assert half.open(private_page).heading == "You're booked, Ben"

    new = Patient(house.after)
    new_page = new.book("2026-06-01T19:00:00+00:00", pt_name="Cleo New")
    new.open(f"{new_page}/intake")
    new.fill_in_intake(st_now="3", li_stairs="yes")
    assert f"{NEW}What do you most want from this visit?" in new.page.text
    assert "How bad was it at its best" not in new.page.text
    assert new.press("Send my answers").heading == "Thank you"

    therapist = Therapist(house.after)
    therapist.sign_in()
    assert therapist.read_summary("Ann Sent").text.replace(" (changed since)", "") == first_summary
    half_text = therapist.read_summary("Ben Half").text
    for said in ("Best 2", "Active days 2 to 4"):
        assert said in half_text
    assert "Pain 8 or more right now" not in half_text
    new_text = therapist.read_summary("Cleo New").text
    for said in ("Stairs yes", "Active days a few"):
        assert said in new_text
    assert "changed since" not in new_text

    versions = rows("SELECT version, length(documents) FROM questionnaire_version ORDER BY created_at")
    assert len(versions) == 2
    assert all(version.startswith("1.0.0+") and 0 < length < 60_000 for version, length in versions)


def test_somebody_in_the_middle_of_booking_stays_with_the_form_of_the_safety_check(house: House, rows: Rows):
    begun = Patient(house.before)
    begun.pass_safety_check()
    begun.choose_time()
    patient = _moved(begun, house.after)
    patient.open("/book/safety")
    patient.fill(sc_main=["calf"])
    assert patient.press().path == "/book/advice"
    patient.fill(read=True)
    assert patient.press("Continue to book").path == "/book/about/you"
    patient.tell_about_myself()
    assert patient.agree().path == "/book/check"
    patient.go_to_payment()
    patient.pay()
    patient.follow("Start the form")
    patient.fill_in_intake()
    assert len(rows("SELECT DISTINCT version FROM questionnaire_version")) == 1


def test_the_safety_check_before_the_visit_is_asked_and_judged_by_the_same_form(house: House):
    before = Patient(house.before)
    private_page = before.book()
    before.send_intake(private_page)
    patient = _moved(before, house.after)
    patient.open(f"{private_page}/safety")
    patient.fill(rc_same=["calf"])
    assert patient.press().heading == "Thank you"
    assert patient.open(private_page).heading == "You're booked, Rosa"
    therapist = Therapist(house.after)
    therapist.sign_in()
    assert "Urgent Newly swollen sore calf" in therapist.read_summary("Rosa Marin").text


def test_what_leaves_the_practice_is_of_the_form_that_was_answered(house: House):
    before = Patient(house.before)
    private_page = before.book()
    before.send_intake(private_page)
    therapist = Therapist(house.after)
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    answers = therapist.client.get(f"{therapist.page.path}/fhir.json").text
    form = therapist.client.get("/therapist/form.json").text
    [version] = set(re.findall(r"\|(1\.0\.0\+[0-9a-f]{8})\"", answers))
    assert f'"version": "{version}"' in answers
    assert NEW not in answers
    assert version not in form
    assert NEW in form

    assert NEW not in therapist.follow("Tips for the patient").text
    therapist.press("Save and release")
    assert _moved(before, house.after).open(f"{private_page}/tips").heading == "Tips before your visit"


def test_a_lost_version_takes_only_its_own_pages_along(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    private_page = Patient(house.before).book(pt_name="Ann Lost")
    Patient(house.after).book("2026-06-01T15:00:00+00:00", pt_name="Ben Kept")
    with closing(sqlite3.connect(tmp_path / "data" / "consult.db")) as connection, connection:
        connection.execute(
            "UPDATE questionnaire_response SET questionnaire_version = '1.0.0+lost'"
            " WHERE rowid = (SELECT min(rowid) FROM questionnaire_response)"
        )
    therapist = Therapist(house.after)
    therapist.sign_in()
    assert "Ann Lost Answers cannot be read" in therapist.page.text
    assert "Ben Kept No intake yet" in therapist.page.text
    with caplog.at_level(logging.ERROR, "consult.intake"):
        page = therapist.read_summary("Ann Lost")
    assert (page.status, page.heading) == (500, "These answers cannot be read")
    assert "1.0.0+lost" in caplog.text
    assert therapist.read_summary("Ben Kept").status == 200
    page = Patient(house.after).open(private_page)
    assert (page.status, page.heading) == (500, "Your answers cannot be shown")
