"""The form as a FHIR R4 Questionnaire."""

import copy
import json
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire

from consult.intake.conditions import (
    AgeUnder,
    AllOf,
    Answered,
    AnyOf,
    AtLeast,
    Chosen,
    Not,
    Use,
)
from consult.intake.fhir import questionnaire
from consult.intake.fhir_enable import EnableWhen, NotInR4
from consult.intake.fhir_names import Names
from tests.unit.intake import r4

BASE = "https://practice.example"
SCREEN = f"{BASE}/fhir/CodeSystem/answers-sc_main"


@pytest.fixture(scope="module")
def form(catalogue):
    return questionnaire(catalogue, BASE)


@pytest.fixture(scope="module")
def items(form):
    return r4.by_link(form)


@pytest.fixture
def enable(catalogue):
    return EnableWhen(catalogue.questionnaire, Names(BASE)).of


def codes(item):
    return [test["answerCoding"]["code"] for test in item["enableWhen"]]


def test_it_is_valid_r4_and_survives_a_round_trip(form):
    model = Questionnaire.model_validate(form)
    assert json.loads(model.model_dump_json()) == form


def test_it_passes_the_stricter_checks(form):
    assert r4.questionnaire_faults(form) == []


def test_every_section_and_question_is_in_it_once_in_the_patients_order(form, catalogue):
    ours = catalogue.questionnaire.items
    assert [section["linkId"] for section in form["item"]] == [
        section.id for section in catalogue.questionnaire.sections
    ]
    asked = [
        item["linkId"]
        for section in form["item"]
        for item in section["item"]
        if not (item["type"] == "display" and item["linkId"].endswith("-intro"))
    ]
    assert asked == list(ours)
    assert len(asked) == 103


def test_it_says_what_it_is_and_whose(form, catalogue):
    assert form["url"] == f"{BASE}/fhir/Questionnaire/back-hip-intake"
    assert form["version"] == catalogue.questionnaire.version
    assert form["title"] == catalogue.questionnaire.title
    assert form["publisher"] == "Dr. Olivia Patel"


def test_it_is_a_draft_until_every_file_is_signed_off(form, catalogue):
    def signed(files):
        reviews = {
            file: replace(review, by="O. Patel", on=date(2026, 5, 1)) if file in files else review
            for file, review in catalogue.reviews.items()
        }
        return questionnaire(replace(catalogue, reviews=reviews), BASE)["status"]

    assert form["status"] == "draft"
    assert signed(set(catalogue.reviews) - {"rules/red_flags.yaml"}) == "draft"
    assert signed(catalogue.reviews) == "active"


def test_the_loinc_notice_stands_there_because_loinc_codes_are_used(form, catalogue):
    assert "LOINC is copyright" in form["copyright"]
    sections = tuple(
        replace(section, items=tuple(replace(item, loinc=None) for item in section.items))
        for section in catalogue.questionnaire.sections
    )
    bare = replace(catalogue, questionnaire=replace(catalogue.questionnaire, sections=sections))
    assert "copyright" not in questionnaire(bare, BASE)
    assert "loinc" not in json.dumps(questionnaire(bare, BASE)).lower()


def test_loinc_codes_are_those_of_the_form_files(items, catalogue):
    coded = {
        link: coding["code"]
        for link, item in items.items()
        for coding in item.get("code", ())
        if coding["system"] == "http://loinc.org"
    }
    assert coded == {item.id: item.loinc for item in catalogue.questionnaire.items.values() if item.loinc}
    assert all(coding.get("display") for item in items.values() for coding in item.get("code", ()))


KINDS = {
    "sc_main": ("choice", True, "check-box"),
    "pt_state": ("choice", False, "drop-down"),
    "bm_regions": ("choice", True, "check-box"),
    "fe_walk": ("choice", False, "radio-button"),
    "fe_rom": ("boolean", False, None),
    "co_tele": ("boolean", False, None),
    "st_now": ("integer", False, "slider"),
    "pt_dob": ("date", False, None),
    "pt_name": ("string", False, None),
    "go_want": ("text", False, None),
    "tr_self": ("group", False, None),
    "tr_self-ticked": ("choice", True, "check-box"),
    "tr_self.rest": ("choice", False, "radio-button"),
    "go_act": ("group", True, None),
    "go_act-activity": ("string", False, None),
    "go_act-score": ("integer", False, "slider"),
    "st_now-help": ("display", False, "help"),
}


@pytest.mark.parametrize("link", KINDS)
def test_each_kind_of_question_has_its_r4_type(link, items):
    control = r4.extension_of(
        items[link], "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
    )
    shown = control["coding"][0]["code"] if control else None
    assert (items[link]["type"], items[link].get("repeats", False), shown) == KINDS[link]


def test_required_questions_are_required(items, catalogue):
    for item in catalogue.questionnaire.items.values():
        assert items[item.id]["required"] is item.required
    assert items["tr_self-ticked"]["required"] is True
    assert "required" not in items["tr_self.rest"]


def test_a_scale_has_its_bounds_and_step(items):
    step = "http://hl7.org/fhir/StructureDefinition/questionnaire-sliderStepValue"
    assert [r4.extension_of(items["st_now"], url) for url in (r4.MIN, r4.MAX, step)] == [0, 10, 1]


def test_exclusive_answers_are_marked_so(items, catalogue):
    marked = {
        (link.removesuffix("-ticked"), option["valueCoding"]["code"])
        for link, item in items.items()
        for option in item.get("answerOption", ())
        if r4.extension_of(option, r4.EXCLUSIVE)
    }
    ours = {
        (item.id, option.id)
        for item in catalogue.questionnaire.items.values()
        for option in item.options
        if option.exclusive
    }
    assert marked == ours
    assert ("sc_main", "none") in marked


def test_options_are_coded_by_their_ids_and_read_as_patients_read_them(items, catalogue):
    for item in catalogue.questionnaire.items.values():
        link = f"{item.id}-ticked" if item.type == "rated_list" else item.id
        if items[link]["type"] == "choice":
            found = [option["valueCoding"] for option in items[link]["answerOption"]]
            assert [(coding["code"], coding["display"]) for coding in found] == [
                (option.id, option.label) for option in item.options
            ]


def test_a_code_means_one_thing_in_its_code_system(items):
    meanings = {}
    for item in items.values():
        for option in item.get("answerOption", ()):
            meanings.setdefault(r4.code_of(option["valueCoding"]), set()).add(
                option["valueCoding"]["display"]
            )
    assert [code for code, displays in meanings.items() if len(displays) > 1] == []


def test_the_recheck_shares_the_codes_of_the_screen(items):
    assert r4.codes_of(items["rc_same"]) == r4.codes_of(items["sc_main"])


def test_a_rated_list_asks_how_each_thing_worked_once_it_is_ticked(items, catalogue):
    tried = catalogue.questionnaire.items["tr_self"]
    children = [child["linkId"] for child in items["tr_self"]["item"]]
    wanted = [f"tr_self.{option.id}" for option in tried.options if option.id != "none"]
    assert children == ["tr_self-help", "tr_self-ticked", *wanted]
    [test] = items["tr_self.rest"]["enableWhen"]
    assert (test["question"], test["answerCoding"]["code"]) == ("tr_self-ticked", "rest")
    assert [code for _, code in r4.codes_of(items["tr_self.rest"])] == ["helped", "no_change", "worse"]


def test_three_activities_can_be_named_and_scored(items):
    assert r4.extension_of(items["go_act"], r4.MOST) == 3
    assert [child["linkId"] for child in items["go_act"]["item"]] == [
        "go_act-help",
        "go_act-activity",
        "go_act-score",
    ]


def test_a_follow_up_opens_under_the_line_ticked_in_the_screen_or_later_in_the_recheck(items):
    assert items["sc_move_side"]["enableWhen"] == [
        {
            "question": question,
            "operator": "=",
            "answerCoding": {"system": SCREEN, "code": "move"},
        }
        for question in ("sc_main", "rc_same")
    ]
    assert items["sc_move_side"]["enableBehavior"] == "any"


def test_a_region_group_becomes_its_regions_and_an_unanswered_chart_counts_as_marked(items):
    knee = items["knee"]
    unanswered = {"question": "bm_regions", "operator": "exists", "answerBoolean": False}
    assert knee["enableWhen"][-1] == unanswered
    assert [test["answerCoding"]["code"] for test in knee["enableWhen"][:-1]] == ["knee_l", "knee_r"]
    assert knee["enableBehavior"] == "any"
    assert Counter(test["operator"] for test in items["fe_groin"]["enableWhen"]) == {"=": 14, "exists": 1}


def test_a_follow_up_of_a_rated_list_asks_its_ticks(items):
    told = items["tr_told"]
    assert {test["question"] for test in told["enableWhen"]} == {"tr_ther-ticked"}
    assert codes(told) == ["acu", "mass", "chiro", "cbt", "relax"]


def test_a_yes_is_compared_as_a_boolean(enable):
    assert enable(Chosen("he_steroid", frozenset({"yes"})))["enableWhen"] == [
        {"question": "he_steroid", "operator": "=", "answerBoolean": True}
    ]


def test_conditions_that_must_all_hold_stay_together(enable):
    both = enable(AllOf((AtLeast("st_now", 8), AllOf((Answered("bm_main"),)), Not(Answered("bm_regions")))))
    assert both == {
        "enableBehavior": "all",
        "enableWhen": [
            {"question": "st_now", "operator": ">=", "answerInteger": 8},
            {"question": "bm_main", "operator": "exists", "answerBoolean": True},
            {"question": "bm_regions", "operator": "exists", "answerBoolean": False},
        ],
    }


def test_a_definition_is_opened(enable, catalogue):
    opened = enable(Use("legs_both"))
    assert [test["question"] for test in opened["enableWhen"]] == ["fe_shoot", "fe_numb", "fe_weak"]


def test_a_condition_on_one_answer_needs_no_behaviour(enable):
    assert set(enable(Chosen("st_onset", frozenset({"event"})))) == {"enableWhen"}
    assert enable(None) == {}


LEG = Chosen("fe_numb", frozenset({"one", "both"}))
INEXPRESSIBLE = {
    "several answers under all": AllOf((LEG, AtLeast("st_now", 8))),
    "all under any": AnyOf((LEG, AllOf((AtLeast("st_now", 8), Answered("bm_main"))))),
    "an answer that was not given": Not(LEG),
    "the age": AgeUnder(18),
    "a safety check unanswered, which is asked twice": Not(Answered("sc_main")),
}


@pytest.mark.parametrize("case", INEXPRESSIBLE)
def test_what_r4_cannot_say_is_refused_not_bent(case, enable):
    with pytest.raises(NotInR4) as refusal:
        enable(INEXPRESSIBLE[case])
    assert "cannot say" in str(refusal.value)


def seeded(change):
    """A copy of the form with a fault in it, made by a function that gets its items by linkId."""

    def seed(form):
        broken = copy.deepcopy(form)
        change(broken, r4.by_link(broken))
        return broken

    return seed


FAULTS = {
    "bad type": seeded(lambda form, items: items["fe_rom"].update(type="yesno")),
    "a type of R5": seeded(lambda form, items: items["fe_rom"].update(type="coding")),
    "a linkId twice": seeded(lambda form, items: items["fe_rom"].update(linkId="fe_swell")),
    "bad operator": seeded(lambda form, items: items["st_warm"]["enableWhen"][0].update(operator="==")),
    "dangling enableWhen": seeded(lambda form, items: items["st_warm"]["enableWhen"][0].update(question="x")),
    "enableWhen on itself": seeded(
        lambda form, items: items["st_warm"]["enableWhen"][0].update(question="st_warm")
    ),
    "answer that is no option": seeded(
        lambda form, items: items["st_warm"]["enableWhen"][0]["answerCoding"].update(code="sports")
    ),
    "exists without a boolean": seeded(
        lambda form, items: items["st_warm"]["enableWhen"][0].update(operator="exists")
    ),
    "no enableBehavior": seeded(lambda form, items: items["knee"].pop("enableBehavior")),
    "options on a boolean": seeded(
        lambda form, items: items["fe_rom"].update(answerOption=items["fe_walk"]["answerOption"])
    ),
    "a required display": seeded(lambda form, items: items["st_now-help"].update(required=True)),
    "an empty group": seeded(lambda form, items: items["knee"].pop("item")),
    "bad status": seeded(lambda form, items: form.update(status="signed")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_stricter_checks_find_a_seeded_fault(fault, form):
    assert r4.questionnaire_faults(FAULTS[fault](form))
