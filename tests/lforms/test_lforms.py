"""The exported form in LHC-Forms: it can be filled in there, and answers pass through it unchanged."""

import copy
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from playwright.sync_api import expect

from consult.intake.catalogue import load_catalogue
from consult.intake.fhir import Origin, questionnaire, questionnaire_response
from consult.intake.reading import read_answers
from tests.unit.intake import r4
from tests.unit.intake.test_worked_patients import PATIENTS, answers_of

# browser: so that it runs after the tests that no started Playwright may precede
pytestmark = [pytest.mark.lforms, pytest.mark.browser]
FORMS = Path(__file__).parents[2] / "intake_forms"
BASE = "https://practice.example"
ORIGIN = Origin(uuid.UUID(int=1), uuid.UUID(int=2), datetime(2026, 6, 1, 12, tzinfo=UTC))
EVERY_KIND = {
    "sc_main": ["habit", "weight"],
    "sc_habit_what": ["consti"],
    "pt_name": "Zoë “Z” Grüße",
    "pt_dob": "1980-02-03",
    "pt_state": "NY",
    "bm_regions": ["neck_l", "knee_r", "saddle"],
    "st_onset": "event",
    "st_event": ["sport", "fall"],
    "st_warm": False,
    "st_now": 0,
    "st_worst": 10,
    "kn_give": True,
    "tr_self": {"rest": "helped", "advil": None, "side": "worse"},
    "tr_ther": {"acu": "no_change", "surg": None},
    "tr_told": False,
    "go_act": [{"activity": "stairs", "score": 0}, {"activity": "sleep", "score": None}],
    "go_want": "Line one\nline two <b>",
    "co_tele": True,
    "rc_same": ["move"],
    "sc_move_side": "both",
}
SHOW = "async form => { await LForms.Util.addFormToPage(form, 'form', {fhirVersion: 'R4'}); }"
PASS_THROUGH = """async ([form, response]) => {
    const empty = LForms.Util.convertFHIRQuestionnaireToLForms(form, 'R4');
    const filled = LForms.Util.mergeFHIRDataIntoLForms(response, empty, 'R4');
    await LForms.Util.addFormToPage(filled, 'form', {fhirVersion: 'R4'});
    return LForms.Util.getFormFHIRData('QuestionnaireResponse', 'R4', '#form');
}"""
EXPORT = "kind => LForms.Util.getFormFHIRData(kind, 'R4', '#form')"


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue(FORMS)


@pytest.fixture(scope="module")
def form(catalogue):
    return questionnaire(catalogue, BASE)


@pytest.fixture
def shown(page, form):
    """The empty form on the page."""
    page.evaluate(SHOW, form)
    field = page.locator("#form")
    expect(field).to_contain_text("What worries you most about this pain?")
    return field


@pytest.fixture
def respond(catalogue):
    def respond_to(raw):
        answers = {item: value for item, value in raw.items() if item != "age"}
        return questionnaire_response(catalogue, read_answers(catalogue.questionnaire, answers), ORIGIN, BASE)

    return respond_to


def answers_in(response):
    """All answers in order, each with its linkId."""
    return [
        (item["linkId"], item["answer"]) for item, _ in r4.walk(response.get("item", ())) if "answer" in item
    ]


def questions(form):
    """The text of every question and heading by its linkId; a hint waits behind a button."""
    return {
        item["linkId"]: item["text"]
        for item, _ in r4.walk(form["item"])
        if not item["linkId"].endswith("-help")
    }


def test_it_shows_every_question_that_is_open_and_no_other(shown, form):
    text = shown.inner_text()
    opened = r4.enabled_links(form, {})
    told = questions(form)
    assert [link for link in told if link in opened and told[link] not in text] == []
    follow_ups = [link for link in told if link not in opened and told[link].endswith("?")]
    assert [link for link in follow_ups if told[link] in text] == []
    assert len(follow_ups) > 10


def test_a_sign_opens_its_follow_ups_and_closes_them_again(shown, page):
    sign = page.get_by_role("checkbox", name="New change in how I pee or poop").first
    expect(shown).not_to_contain_text("When did this change start?")
    sign.check()
    expect(shown).to_contain_text("When did this change start?")
    sign.uncheck()
    expect(shown).not_to_contain_text("When did this change start?")


def test_a_sign_of_the_recheck_opens_the_same_follow_ups(shown, page):
    page.get_by_role("checkbox", name="Trouble moving one or both legs").last.check()
    expect(shown).to_contain_text("Which leg is hard to move?")


def test_a_marked_region_closes_the_topics_of_others(shown, page):
    page.get_by_role("checkbox", name="Knee, left").first.check()
    expect(shown).to_contain_text("Does your knee give way?")
    expect(shown).not_to_contain_text("Is your arm or hand numb")
    expect(shown).not_to_contain_text("Do you have pain in your groin?")
    page.get_by_role("checkbox", name="Neck, right").first.check()
    expect(shown).to_contain_text("Is your arm or hand numb")


def test_a_thing_that_was_tried_asks_how_it_worked_and_is_exported_so(shown, page, form):
    page.get_by_role("checkbox", name="Sleeping on my side").check()
    page.get_by_role("radio", name="It helped").click()
    page.wait_for_function(f"JSON.stringify(({EXPORT})('QuestionnaireResponse')).includes('tr_self.side')")
    response = page.evaluate(EXPORT, "QuestionnaireResponse")
    QuestionnaireResponse.model_validate(response)
    assert r4.response_faults(form, response) == []
    assert [(link, answer[0]["valueCoding"]["code"]) for link, answer in answers_in(response)] == [
        ("tr_self-ticked", "side"),
        ("tr_self.side", "helped"),
    ]


def test_answers_of_every_kind_pass_through_unchanged(page, form, respond):
    response = respond(EVERY_KIND)
    back = page.evaluate(PASS_THROUGH, [form, response])
    QuestionnaireResponse.model_validate(back)
    assert answers_in(back) == answers_in(response)
    assert r4.response_faults(form, back) == []


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient["name"])
def test_the_answers_of_a_worked_patient_pass_through_unchanged(patient, page, form, catalogue, respond):
    response = respond(answers_of(patient, catalogue.questionnaire))
    back = page.evaluate(PASS_THROUGH, [form, response])
    QuestionnaireResponse.model_validate(back)
    assert answers_in(back) == answers_in(response)
    assert answers_in(response)


def test_the_form_itself_passes_through_with_everything_it_asks(shown, page, form):
    back = page.evaluate(EXPORT, "Questionnaire")
    Questionnaire.model_validate(back)
    assert r4.questionnaire_faults(back) == []
    assert back["url"] == form["url"]
    assert essence(back) == essence(form)


def essence(form):
    """What a form asks and when. LHC-Forms forgets extensions it does not act on, such as the mark of an
    exclusive answer, and leaves out a `false`.
    """
    items = copy.deepcopy({item["linkId"]: item for item, _ in r4.walk(form["item"])})
    for item in items.values():
        item.pop("item", None)
        item["required"] = item.get("required", False)
        for part in (item, *item.get("answerOption", ())):
            part.pop("extension", None)
    return items
