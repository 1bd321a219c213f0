"""The worked patients again, through the real pages: what each is told, and what the therapist reads."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from ruamel.yaml import YAML

from consult.app import FORMS
from consult.deps import deps
from consult.intake.content import Catalogue
from consult.intake.files.document_set import CONDITION_NAMES
from consult.intake.red_flags import FlagRule, Level
from tests.unit.intake.test_worked_patients import PATIENTS, answers_of

from .page import Page
from .patient import EARLIEST, Patient, Therapist

YEAR = 2026
NO_DURATION = "between_acute_and_chronic"
"""Raised by the one answer below that no choice of keeps quiet: how long it has hurt."""

QUIET: dict[str, Any] = {
    "bm_spread": "other",
    "st_dur": "w12",
    "st_onset": "unsure",
    "st_course": "same",
    "st_now": "3",
    "st_worst": "4",
    "st_best": "2",
    "st_night": "ok",
    "fe_quality": ["other"],
    "fe_shoot": "no",
    "fe_numb": "no",
    "fe_weak": "no",
    "fe_groin": "no",
    "fe_stiff": "no",
    "fe_rom": "no",
    "fe_tender": ["no"],
    "fe_muscle": ["none"],
    "wb_worse": ["none"],
    "wb_better": ["none"],
    "li_sit": "lt4",
    "li_daily": "0",
    "tr_self": ["none"],
    "tr_ther": ["none"],
    "tr_doc": "yes",
    "tr_enough": "some",
}
"""What somebody answers who has nothing to tell beyond what the worked patient says."""

STOPPED = [patient for patient in PATIENTS if patient["expect"]["booking"] == "stop"]
BOOKED = [patient for patient in PATIENTS if patient["expect"]["booking"] != "stop"]
ALSO_LISTED = {"11": ["arthritis_like"]}
"""A hint beside the expected ones, which the files do not forbid."""
CONDITIONS = YAML(typ="safe").load(FORMS / CONDITION_NAMES)["names"]
CONDITION = re.compile(rf"\b(?:{'|'.join(map(re.escape, CONDITIONS))})\b", re.IGNORECASE)
BEYOND_STOP = ("/book/time", "/book/about", "/book/terms", "/book/check")


class Witness(Patient):
    """A patient whose pages are all kept."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.seen: list[Page] = []

    def _arrive(self, response: Any) -> Page:
        page = super()._arrive(response)
        self.seen.append(page)
        return page


@pytest.fixture
def catalogue(app: Flask) -> Catalogue:
    with app.app_context():
        return deps().ports.catalogue


@pytest.fixture
def witness(app: Flask) -> Witness:
    return Witness(app)


def told(patient: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The worked patient's answers as they are typed and ticked."""
    given = answers_of(patient, catalogue.questionnaire)
    birth_date = f"{YEAR - given.pop('age')}-01-01"
    typed = {item: str(answer) if isinstance(answer, int) else answer for item, answer in given.items()}
    return {"bm_main": typed["bm_regions"][0], "pt_dob": birth_date, **typed}


def screen(witness: Witness, answers: dict[str, Any]) -> Page:
    follow_ups = {name: answer for name, answer in answers.items() if name.startswith("sc_")}
    signs = follow_ups.pop("sc_main", [])
    return witness.pass_safety_check(*signs, **follow_ups)


def book(witness: Witness, answers: dict[str, Any]) -> str:
    """From the page after the safety check to the private page."""
    witness.choose_time(EARLIEST)
    witness.tell_about_myself(**{name: answer for name, answer in answers.items() if name.startswith("pt_")})
    witness.agree()
    witness.go_to_payment()
    return witness.pay().path


def assert_patient_texts(pages: list[Page], catalogue: Catalogue) -> None:
    """No hint or word to the therapist on any page; no name of a condition where the app speaks.

    Questions may name conditions, since they ask what a doctor has said, and so may the answers to them.
    """
    for page in pages:
        text = page.text.lower()
        for said in (*catalogue.patterns, *catalogue.red_flags.flags):
            word = said.therapist_text if isinstance(said, FlagRule) else said.title
            assert word.lower() not in text, page.address
    spoken = [page for page in pages if not page.forms or page.path == "/book/advice"]
    assert spoken[1:], "the front page, and where the answers led"
    for page in spoken:
        assert CONDITION.findall(page.text) == [], page.address


@pytest.mark.parametrize("worked", STOPPED, ids=lambda worked: worked["name"])
def test_an_emergency_ends_at_the_stop_page_and_nothing_can_be_paid(
    worked: dict[str, Any],
    witness: Witness,
    catalogue: Catalogue,
    rows: Callable[[str], list[tuple]],
):
    page = screen(witness, told(worked, catalogue))
    assert (page.path, page.heading) == ("/book/stop", "Emergency: Stop. Get help now.")
    assert "Call 911 or go to the ER." in page.text
    emergencies = [flag for flag in catalogue.red_flags.flags if flag.level == Level.EMERGENCY]
    read = {flag.id for flag in emergencies if flag.patient_text in page.text}
    assert read == set(worked["expect"]["flags"])

    for address in BEYOND_STOP:
        assert witness.open(address).path == "/book/stop"
    token = witness.open("/book/safety").form.value("csrf_token")
    assert witness.send("/book/pay", [("csrf_token", token)]).path == "/book/stop"
    for table in ("payment", "demo_checkout", "appointment"):
        assert rows(f"SELECT * FROM {table}") == []  # noqa: S608 - three names, written above
    assert_patient_texts(witness.seen, catalogue)


@pytest.mark.parametrize("worked", BOOKED, ids=lambda worked: worked["name"])
def test_everybody_else_books_and_the_therapist_reads_exactly_what_is_expected(
    worked: dict[str, Any], witness: Witness, therapist: Therapist, catalogue: Catalogue
):
    answers, expected = told(worked, catalogue), worked["expect"]
    urgent = [
        flag for flag in catalogue.red_flags.flags if expected["flag_levels"].get(flag.id) == Level.URGENT
    ]
    page = screen(witness, answers)
    if urgent and "sc_main" in answers:
        assert (page.path, page.heading) == ("/book/advice", "Urgent: Please see a doctor")
        assert any(flag.patient_text in page.text for flag in urgent)
        assert witness.open("/book/time").path == "/book/advice"
        witness.fill(read=True)
        page = witness.press("Continue to book")
    assert page.path == "/book/time"
    private_page = book(witness, answers)
    witness.open(f"{private_page}/intake")
    witness.fill_in_intake(**QUIET | answers)
    page = witness.press("Send my answers")
    assert page.heading == "Thank you"
    assert ("did not show a warning sign" in page.text) == (not urgent)
    for flag in urgent:
        assert flag.patient_text in page.text

    therapist.sign_in()
    page = therapist.read_summary("Rosa Marin")
    rules = {flag.id for flag in catalogue.red_flags.flags if re.search(rf"\b{flag.id}: ", page.text)}
    assert rules == {*expected["flags"], *([] if "st_dur" in answers else [NO_DURATION])}
    for flag in catalogue.red_flags.flags:
        if flag.id in rules:
            assert f"{flag.level.capitalize()} {flag.title} " in page.text
    hints = {rule.id for rule in catalogue.patterns if f"{rule.title} : " in page.text}
    assert hints == {*expected.get("patterns", ()), *ALSO_LISTED.get(worked["name"].split()[0], ())}
    kept = set(therapist.follow("Tips for the patient").form_with("Save and release").ticked("line"))
    assert kept
    assert set(expected.get("handout_includes", ())) <= kept
    excluded = set(expected["handout_excludes"])
    if "all stretches" in excluded:
        excluded |= {line.id for line in catalogue.handout.stretches}
    assert not excluded & kept
    assert_patient_texts(witness.seen, catalogue)
