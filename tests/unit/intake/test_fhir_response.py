"""A patient's answers, flags and pain scores as FHIR R4, for the worked patients and for any other."""

import copy
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st

from consult.intake.assessment import assess
from consult.intake.fhir import (
    Origin,
    bundle,
    flags,
    pain_observations,
    questionnaire,
    questionnaire_response,
)
from consult.intake.questionnaire import ItemType, visible_items
from consult.intake.reading import read_answers
from consult.intake.red_flags import Level
from tests.unit.intake import r4
from tests.unit.intake.test_worked_patients import PATIENTS, answers_of

BASE = "https://practice.example"
AT = datetime(2026, 6, 1, 12, 30, 15, 999, tzinfo=UTC)
ORIGIN = Origin(uuid.UUID(int=1), uuid.UUID(int=2), AT)
PRIORITY = "http://hl7.org/fhir/StructureDefinition/flag-priority"
DETAIL = "http://hl7.org/fhir/StructureDefinition/flag-detail"


@pytest.fixture(scope="module")
def form(catalogue):
    return questionnaire(catalogue, BASE)


@pytest.fixture
def respond(catalogue):
    def respond_to(raw, origin=ORIGIN):
        answers = read_answers(catalogue.questionnaire, raw)
        return questionnaire_response(catalogue, answers, origin, BASE)

    return respond_to


@pytest.fixture(params=PATIENTS, ids=lambda patient: patient["name"])
def patient(request, catalogue):
    """Canonical answers and the outcome of a worked patient."""
    raw = answers_of(request.param, catalogue.questionnaire)
    age = raw.pop("age", None)
    answers = read_answers(catalogue.questionnaire, raw)
    return answers, assess(catalogue, answers, AT.date(), age=age).outcome


def validate(resource):
    model = get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    again = json.loads(model.model_dump_json())
    # the same instant may be written +00:00 or Z
    assert again == json.loads(json.dumps(resource).replace("+00:00", "Z"))


def answers_in(response):
    return {item["linkId"]: item.get("answer") for item, _ in r4.walk(response.get("item", ()))}


def said(response, link):
    """The plain values or codes answered under a linkId."""
    values = [value for answer in answers_in(response)[link] for value in answer.values()]
    return [value["code"] if isinstance(value, dict) else value for value in values]


def test_a_worked_patients_response_is_valid_and_answers_enabled_questions_only(patient, catalogue, form):
    response = questionnaire_response(catalogue, patient[0], ORIGIN, BASE)
    validate(response)
    assert r4.response_faults(form, response) == []


def test_a_worked_patients_response_holds_every_answer_that_counts(patient, catalogue):
    answers, _ = patient
    response = questionnaire_response(catalogue, answers, ORIGIN, BASE)
    counted = {item.id for item in visible_items(catalogue.questionnaire, answers)} & set(answers)
    links = {item["linkId"] for section in response["item"] for item in section["item"]}
    assert links == counted
    assert counted


def test_a_worked_patients_flags_are_valid_and_none_is_only_for_information(patient, catalogue):
    _, outcome = patient
    found = flags(catalogue, outcome, ORIGIN, BASE)
    for flag in found:
        validate(flag)
    told = [raised for raised in outcome.flags if raised.level >= Level.CAUTION]
    assert [flag["code"]["text"] for flag in found] == [raised.title for raised in told]
    assert [r4.extension_of(flag, PRIORITY)["text"] for flag in found] == [raised.level for raised in told]


def test_a_worked_patients_pain_scores_are_valid(patient, catalogue):
    answers, _ = patient
    found = pain_observations(catalogue, answers, ORIGIN, BASE)
    for observation in found:
        validate(observation)
    scores = {item: answers[item] for item in ("st_now", "st_worst", "st_best") if item in answers}
    assert {o["code"]["coding"][1]["code"]: o["valueInteger"] for o in found} == scores


def test_a_worked_patients_bundle_is_valid_and_refers_to_nothing_outside(patient, catalogue):
    answers, outcome = patient
    whole = bundle(catalogue, answers, outcome, ORIGIN, BASE)
    validate(whole)
    addresses = [entry["fullUrl"] for entry in whole["entry"]]
    assert len(set(addresses)) == len(addresses)
    kinds = {entry["resource"]["resourceType"] for entry in whole["entry"]}
    assert {"Questionnaire", "Patient", "QuestionnaireResponse"} <= kinds
    assert {f"{BASE}/fhir/{reference}" for reference in references(whole)} <= set(addresses)


def references(part):
    if isinstance(part, dict):
        if "reference" in part:
            yield part["reference"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_hints_stay_at_home(patient, catalogue):
    answers, outcome = patient
    whole = bundle(catalogue, answers, outcome, ORIGIN, BASE)
    text = json.dumps([entry["resource"] for entry in whole["entry"]])
    for pattern in catalogue.patterns:
        assert pattern.id not in text
        assert pattern.title not in text


def some_answer(item, random):
    """An answer of the right kind, picked at random; now and then one with "none" beside a sign."""
    ids = [option.id for option in item.options]
    match item.type:
        case ItemType.ONE | ItemType.YES_NO:
            return random.choice(ids)
        case ItemType.MANY | ItemType.BODY_CHART:
            return random.sample(ids, random.randint(1, min(4, len(ids))))
        case ItemType.RATED_LIST:
            ratings = [None, *(rating.id for rating in item.ratings)]
            return {option: random.choice(ratings) for option in random.sample(ids, random.randint(1, 3))}
        case ItemType.SCALE:
            return random.randint(item.min, item.max)
        case ItemType.ACTIVITIES:
            rows = random.randint(1, item.rows)
            return [{"activity": f"stairs {row}", "score": random.choice([None, 3])} for row in range(rows)]
        case ItemType.AGREE:
            return True
        case ItemType.DATE:
            return f"{random.randint(1930, 2020)}-02-03"
        case _:
            return "Grüße \N{PERSON WITH BALL} <b>" * random.randint(1, 3)


@given(st.randoms(use_true_random=False), st.floats(0.1, 1))
@settings(max_examples=60, deadline=None)
def test_any_response_answers_exactly_the_questions_that_r4_finds_enabled(catalogue, form, random, eagerness):
    items = catalogue.questionnaire.items
    raw = {item.id: some_answer(item, random) for item in items.values() if random.random() < eagerness}
    answers = read_answers(catalogue.questionnaire, raw)
    response = questionnaire_response(catalogue, answers, ORIGIN, BASE)
    assert r4.response_faults(form, response) == []
    # a question that is hidden in one and shown in the other would send other programs another way
    ours = {item.id for item in visible_items(catalogue.questionnaire, answers, on=AT.date())}
    assert r4.enabled_links(form, response) & set(items) == ours


def test_it_names_the_form_and_version_the_time_and_the_patient_by_id(respond, form):
    response = respond({"st_dur": "w6"})
    assert response["questionnaire"] == f"{form['url']}|{form['version']}"
    assert response["authored"] == "2026-06-01T12:30:15+00:00"
    assert response["subject"] == {"reference": f"Patient/{ORIGIN.patient_id}"}
    assert (response["id"], response["status"]) == (str(ORIGIN.response_id), "completed")


def test_a_name_is_given_only_when_asked_for(catalogue, respond):
    named = replace(ORIGIN, patient_name="Jo Lee")
    assert respond({}, named)["subject"]["display"] == "Jo Lee"
    outcome = assess(catalogue, {}, AT.date()).outcome
    with_name, without = (
        json.dumps(bundle(catalogue, {}, outcome, origin, BASE)) for origin in (named, ORIGIN)
    )
    assert '"name": [{"text": "Jo Lee"}]' in with_name
    assert "Jo Lee" not in without


def test_an_answer_in_progress_is_said_to_be(respond):
    assert respond({}, replace(ORIGIN, status="in-progress"))["status"] == "in-progress"


def test_each_kind_of_answer_has_its_r4_value(respond):
    response = respond(
        {
            "sc_main": ["weight", "cancer"],
            "pt_dob": "1980-02-03",
            "pt_name": "Zoë",
            "st_dur": "w6",
            "st_now": 0,
            "fe_rom": False,
            "co_tele": True,
            "bm_regions": ["knee_l", "neck_r"],
        }
    )
    assert said(response, "sc_main") == ["weight", "cancer"]
    assert answers_in(response)["pt_dob"] == [{"valueDate": "1980-02-03"}]
    assert answers_in(response)["pt_name"] == [{"valueString": "Zoë"}]
    assert said(response, "st_dur") == ["w6"]
    assert answers_in(response)["st_now"] == [{"valueInteger": 0}]
    assert answers_in(response)["fe_rom"] == [{"valueBoolean": False}]
    assert answers_in(response)["co_tele"] == [{"valueBoolean": True}]
    assert said(response, "bm_regions") == ["neck_r", "knee_l"]


def test_what_was_tried_stands_beside_how_it_worked(respond):
    response = respond({"tr_self": {"rest": "helped", "advil": None, "side": "worse"}})
    assert said(response, "tr_self-ticked") == ["rest", "advil", "side"]
    assert said(response, "tr_self.rest") == ["helped"]
    assert said(response, "tr_self.side") == ["worse"]
    assert "tr_self.advil" not in answers_in(response)


def test_each_activity_is_a_row_and_what_is_missing_is_left_out(respond):
    rows = [
        {"activity": "stairs", "score": 0},
        {"activity": "sleep", "score": None},
    ]
    response = respond({"go_act": rows})
    [goals] = response["item"]
    assert [[child["answer"] for child in row["item"]] for row in goals["item"]] == [
        [[{"valueString": "stairs"}], [{"valueInteger": 0}]],
        [[{"valueString": "sleep"}]],
    ]


def test_none_beside_a_sign_is_left_out_and_alone_it_stays(respond):
    assert said(respond({"sc_main": ["none", "calf"]}), "sc_main") == ["calf"]
    assert said(respond({"sc_main": ["none"]}), "sc_main") == ["none"]
    assert said(respond({"tr_self": {"none": None, "rest": None}}), "tr_self-ticked") == ["rest"]


def test_the_answer_to_a_hidden_question_is_left_out(respond):
    hidden = respond({"st_onset": "slow", "st_event": ["sport"], "st_warm": True})
    assert set(answers_in(hidden)) == {"story", "st_onset"}


def test_a_sign_of_the_recheck_opens_its_follow_up_and_leaves_the_screen_as_it_was(respond, form):
    response = respond({"sc_main": ["none"], "rc_same": ["move"], "sc_move_side": "both"})
    assert said(response, "sc_main") == ["none"]
    assert said(response, "rc_same") == ["move"]
    assert said(response, "sc_move_side") == ["both"]
    assert r4.response_faults(form, response) == []


def test_no_answers_are_a_valid_response(respond, form):
    response = respond({})
    validate(response)
    assert r4.response_faults(form, response) == []


@pytest.fixture
def saddle(catalogue):
    answers = read_answers(catalogue.questionnaire, {"sc_main": ["saddle", "calf", "cancer"], "st_dur": "y1"})
    return flags(catalogue, assess(catalogue, answers, AT.date()).outcome, ORIGIN, BASE)


def test_a_flag_says_what_how_serious_since_when_and_by_which_rules(saddle, catalogue):
    first = saddle[0]
    assert first["code"]["text"] == "Numbness between the legs"
    assert first["code"]["coding"][0]["code"] == "saddle_numbness"
    assert first["category"][0]["coding"][0]["code"] == "clinical"
    assert (first["status"], first["subject"]) == ("active", {"reference": f"Patient/{ORIGIN.patient_id}"})
    assert first["author"] == {
        "type": "Device",
        "display": f"rules v{catalogue.reviews['rules/red_flags.yaml'].version}",
    }
    assert r4.extension_of(first, DETAIL) == {"reference": f"QuestionnaireResponse/{ORIGIN.response_id}"}


def test_flags_come_most_serious_first_and_a_long_pain_is_none(saddle):
    priorities = [r4.extension_of(flag, PRIORITY)["coding"][0]["code"] for flag in saddle]
    assert priorities == ["PH", "PM", "PL"]


def test_a_second_export_has_the_same_ids(saddle, catalogue, respond):
    answers = read_answers(catalogue.questionnaire, {"sc_main": ["saddle", "calf", "cancer"], "st_dur": "y1"})
    again = flags(catalogue, assess(catalogue, answers, AT.date()).outcome, ORIGIN, BASE)
    other = replace(ORIGIN, response_id=uuid.UUID(int=3))
    elsewhere = flags(catalogue, assess(catalogue, answers, AT.date()).outcome, other, BASE)
    ids = [flag["id"] for flag in saddle]
    assert [flag["id"] for flag in again] == ids
    assert not set(ids) & {flag["id"] for flag in elsewhere}


def test_three_pain_scores_share_the_loinc_code_and_differ_in_ours(catalogue):
    answers = read_answers(catalogue.questionnaire, {"st_now": 3, "st_worst": 8, "st_best": 0})
    found = pain_observations(catalogue, answers, ORIGIN, BASE)
    codings = [observation["code"]["coding"] for observation in found]
    assert {coding[0]["code"] for coding in codings} == {"72514-3"}
    assert [coding[1]["code"] for coding in codings] == ["st_now", "st_worst", "st_best"]
    assert [observation["valueInteger"] for observation in found] == [3, 8, 0]
    assert all(observation["effectiveDateTime"] == "2026-06-01T12:30:15+00:00" for observation in found)
    assert pain_observations(catalogue, {}, ORIGIN, BASE) == []


def test_an_instant_elsewhere_is_told_in_utc(respond):
    from_pacific = AT.astimezone(ZoneInfo("America/Los_Angeles"))
    assert respond({}, replace(ORIGIN, authored_at=from_pacific))["authored"] == "2026-06-01T12:30:15+00:00"


def changed(link, change):
    def seed(response):
        broken = copy.deepcopy(response)
        change(next(item for item, _ in r4.walk(broken["item"]) if item["linkId"] == link))
        return broken

    return seed


FAULTS = {
    "unknown linkId": changed("st_now", lambda item: item.update(linkId="st_soon")),
    "not enabled": changed("st_dur", lambda item: item.update(linkId="st_sleepworse")),
    "in the wrong section": changed("st_now", lambda item: item.update(linkId="li_stress")),
    "off the scale": changed("st_now", lambda item: item.update(answer=[{"valueInteger": 11}])),
    "wrong kind": changed("st_now", lambda item: item.update(answer=[{"valueString": "3"}])),
    "unknown option": changed("st_dur", lambda item: item["answer"][0]["valueCoding"].update(code="w7")),
    "two answers to one": changed("st_dur", lambda item: item.update(answer=item["answer"] * 2)),
    "none beside a sign": changed("sc_main", lambda item: item["answer"].append(none_of_these())),
    "too long": changed("pt_name", lambda item: item.update(answer=[{"valueString": "x" * 121}])),
    "a section twice over": lambda response: {**response, "item": response["item"] * 2},
    "of another version": lambda response: {**response, "questionnaire": "x|0.9.0"},
}


def none_of_these():
    return {"valueCoding": {"system": f"{BASE}/fhir/CodeSystem/answers-sc_main", "code": "none"}}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_stricter_checks_find_a_seeded_fault(fault, respond, form):
    whole = respond({"sc_main": ["calf"], "pt_name": "Jo", "st_dur": "w6", "st_night": "ok", "st_now": 3})
    assert r4.response_faults(form, whole) == []
    assert r4.response_faults(form, FAULTS[fault](whole))
