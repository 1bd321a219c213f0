"""The twenty worked patients, and whether each serious rule is missed when it is gone."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from consult.intake.conditions import Not
from consult.intake.red_flags import Level

HERE = Path(__file__).parent
PATIENTS = json.loads((HERE / "vignettes.json").read_text())
EXAMPLES = json.loads((HERE / "rule_examples.json").read_text())
SERIOUS = [
    "bladder_bowel_control_loss",
    "bladder_bowel_new_change",
    "bladder_bowel_change_with_nerve_signs",
    "saddle_numbness",
    "both_legs_nerve_signs_new_or_worse",
    "trouble_moving_both_or_worsening",
    "loss_of_feeling_both_legs",
    "chest_or_breathing",
    "stroke_like_signs",
    "serious_injury",
    "serious_infection",
    "pregnancy_warning",
    "bladder_bowel_change",
    "trouble_moving_leg",
    "loss_of_feeling_leg",
    "shape_change",
    "nerve_signs_worsening",
    "unexplained_weight_loss",
    "cancer_with_warning_signs",
    "night_pain_with_risk",
    "fever",
    "hot_swollen_joint",
    "swollen_calf",
    "injury_not_checked",
    "possible_fracture",
    "cannot_walk",
    "neck_cord_signs",
    "neck_vessel_signs",
    "knee_cannot_load",
    "knee_locked",
]


def answers_of(patient, questionnaire):
    """The patient's fact keys and short words as item and option ids."""
    items = {item.key: item for item in questionnaire.items.values()}
    raw = {}
    for key, value in patient["facts"].items():
        if key == "age":
            raw["age"] = value
            continue
        item = items[key]
        ids = {option.short: option.id for option in item.options}
        if isinstance(value, list):
            raw[item.id] = [ids[word] for word in value]
        else:
            raw[item.id] = ids[value] if item.options else value
    return raw


@pytest.fixture(params=PATIENTS, ids=lambda patient: patient["name"])
def patient(request):
    return request.param


@pytest.fixture
def assessment(patient, catalogue, judge):
    return judge(answers_of(patient, catalogue.questionnaire))


def test_a_worked_patient_gets_the_expected_level_and_booking(patient, assessment):
    outcome = assessment.outcome
    assert outcome.level == patient["expect"]["level"]
    assert outcome.disposition == patient["expect"]["booking"]


def test_a_worked_patient_raises_the_expected_flags(patient, assessment):
    raised = {flag.id: flag.level for flag in assessment.outcome.flags}
    for flag in patient["expect"]["flags"]:
        assert raised[flag] == patient["expect"]["flag_levels"][flag]
    assert not set(patient["expect"].get("flags_absent", ())) & set(raised)


def test_a_worked_patient_gives_the_expected_hints(patient, assessment):
    hints = {match.id for match in assessment.patterns}
    assert set(patient["expect"].get("patterns", ())) <= hints
    assert not set(patient["expect"].get("patterns_absent", ())) & hints


def test_a_worked_patient_gets_the_expected_handout(patient, assessment, catalogue):
    handout = assessment.handout
    kept = {line.id for line in handout.stretches + handout.tips}
    excluded = set(patient["expect"]["handout_excludes"])
    if "everything" in excluded:
        assert not handout.shown
        assert not kept
    if "all stretches" in excluded:
        assert not handout.stretches
    known = {line.id for line in catalogue.handout.stretches + catalogue.handout.tips}
    assert excluded <= known | {"everything", "all stretches"}
    assert not excluded & kept
    assert set(patient["expect"].get("handout_includes", ())) <= kept


def test_no_text_a_worked_patient_reads_names_a_hint(assessment, catalogue):
    texts = [flag.patient_text for flag in assessment.outcome.flags]
    texts += [f"{line.title} {line.text}" for line in assessment.handout.stretches + assessment.handout.tips]
    for pattern in catalogue.patterns:
        assert not any(pattern.title.lower() in text.lower() for text in texts)


def test_the_serious_flags_are_the_agreed_thirty(catalogue):
    assert [flag.id for flag in catalogue.red_flags.flags if flag.level >= Level.URGENT] == SERIOUS


@pytest.mark.parametrize("change", ["removed", "turned round"])
@pytest.mark.parametrize("flag_id", SERIOUS)
def test_a_serious_rule_cannot_be_lost_unnoticed(flag_id, change, catalogue, judge):
    broken = replace(
        catalogue, red_flags=replace(catalogue.red_flags, flags=broken_flags(catalogue, flag_id, change))
    )
    cases = [answers_of(patient, catalogue.questionnaire) for patient in PATIENTS]
    cases += [EXAMPLES[flag_id]["raises"], EXAMPLES[flag_id]["near_miss"]]
    changed = [case for case in cases if judge(case).outcome.level != judge(case, rules=broken).outcome.level]
    assert changed, "the level of no patient and no example depends on this rule"


def broken_flags(catalogue, flag_id, change):
    flags = catalogue.red_flags.flags
    if change == "removed":
        return tuple(flag for flag in flags if flag.id != flag_id)
    return tuple(replace(flag, when=Not(flag.when)) if flag.id == flag_id else flag for flag in flags)
