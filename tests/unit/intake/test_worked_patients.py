"""The twenty worked patients, how they are read, and whether each serious rule is missed when it is gone."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from consult.intake.conditions import Not
from consult.intake.files.worked_patients import FILE, load_worked_patients
from consult.intake.files.yaml_source import FormFaults
from consult.intake.questionnaire import patient_age
from consult.intake.reading import read_answers
from consult.intake.red_flags import Level
from consult.intake.worked_patients import simulate

from .conftest import DAY, FORMS

HERE = Path(__file__).parent
PATIENTS = json.loads((FORMS / FILE).read_text())
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


@pytest.fixture(scope="module")
def worked(catalogue):
    """The twenty as the application reads them, by id."""
    return {patient.id: patient for patient in load_worked_patients(FORMS, catalogue)}


def test_a_worked_patient_is_read_as_it_stands_in_the_file(patient, worked, catalogue):
    patient_id, _, description = patient["name"].partition(" ")
    read = worked[patient_id]
    given = answers_of(patient, catalogue.questionnaire)
    assert (read.description, read.age) == (description, given.pop("age"))
    assert read.answers == read_answers(catalogue.questionnaire, given)
    assert read.line > list(worked).index(patient_id)


def test_all_worked_patients_are_read_in_file_order_and_fare_as_expected(worked, catalogue):
    assert [patient["name"].split()[0] for patient in PATIENTS] == list(worked)
    assert len(worked) == 20
    for patient in worked.values():
        assert simulate(catalogue, patient, DAY).differences == ()


def test_a_worked_patient_is_as_old_on_any_day(worked, catalogue):
    for day in (DAY, DAY.replace(month=1, day=1), DAY.replace(month=12, day=31)):
        answers = worked["01"].answers_on(catalogue.questionnaire, day)
        assert patient_age(catalogue.questionnaire, answers, day) == 44


def test_what_comes_up_in_the_intake_is_not_known_before_payment(worked, catalogue):
    bowed_legs = simulate(catalogue, worked["16"], DAY)
    assert bowed_legs.before_payment.outcome.disposition == "continue"
    assert bowed_legs.assessment.outcome.disposition == "continue_after_reading"


DIFFERENCES = {
    "level": ("05", {"level": Level.CAUTION}, "level urgent, expected caution"),
    "booking": ("05", {"booking": "stop"}, "booking continue_after_reading, expected stop"),
    "flag missing": ("05", {"flags": {"fever": Level.URGENT}}, "flag fever is missing"),
    "flag level": (
        "05",
        {"flags": {"trouble_moving_leg": Level.INFO}},
        "flag trouble_moving_leg is urgent, expected info",
    ),
    "flag too many": ("05", {"flags_absent": ("trouble_moving_leg",)}, "flag trouble_moving_leg is raised"),
    "hint missing": ("10", {"patterns": ("hip_like",)}, "hint hip_like is missing"),
    "hint too many": ("10", {"patterns_absent": ("back_like",)}, "hint back_like is listed"),
    "note": ("10", {"therapist_note_must_say": "rare"}, "no hint says “rare”"),
    "handout": ("10", {"handout_excludes": ("everything",)}, "handout shows a handout"),
    "stretches": ("10", {"handout_excludes": ("all stretches",)}, "handout shows cobra"),
    "line too many": ("10", {"handout_excludes": ("keep moving",)}, "handout shows keep moving"),
    "line missing": ("10", {"handout_includes": ("piriformis",)}, "handout leaves out piriformis"),
}


@pytest.mark.parametrize("case", DIFFERENCES)
def test_every_way_to_differ_is_said(case, worked, catalogue):
    patient_id, other, said = DIFFERENCES[case]
    patient = worked[patient_id]
    changed = replace(patient, expected=replace(patient.expected, **other))
    assert said in simulate(catalogue, changed, DAY).differences


def test_a_rule_that_is_gone_shows_in_the_patients_it_concerns(worked, catalogue):
    without = broken_flags(catalogue, "trouble_moving_leg", "removed")
    broken = replace(catalogue, red_flags=replace(catalogue.red_flags, flags=without))
    differing = {name: simulate(broken, patient, DAY).differences for name, patient in worked.items()}
    assert [name for name, differences in differing.items() if differences] == ["05"]
    assert differing["05"][:2] == (
        "level none, expected urgent",
        "booking continue, expected continue_after_reading",
    )
    assert "flag trouble_moving_leg is missing" in differing["05"]


FAULTS = {
    "unknown key": (
        '"pain now": 5,',
        '"pain then": 5,',
        "facts.pain then",
        "no question has the key pain then",
    ),
    "unknown word": ('"one leg"', '"a leg"', "facts.trouble moving", "sc_move_side has no answer a leg"),
    "off the scale": ('"pain now": 8', '"pain now": 11', "facts.pain now", "11 is not from 0 to 10"),
    "age in words": ('"age": 49', '"age": "old"', "facts.age", "whole number of years"),
    "unknown flag": ('"shape_change"', '"shape"', "expect.flags.0", "unknown id shape"),
    "unknown hint": ('"si_joint_like"', '"si_like"', "expect.patterns.0", "unknown id si_like"),
    "unknown line": ('"all stretches"', '"stretches"', "expect.handout_excludes.0", "unknown id stretches"),
    "other levels": ('"flag_levels": {', '"flag_levels": {"fever": "info",', "flag_levels", "of no other"),
    "id twice": ('"name": "02 ', '"name": "01 ', "name", "the id 01 is used a second time"),
    "no id": ('"name": "02 ', '"name": "', "name", "match pattern"),
    "no level": ('"expect": {\n   "level": "emergency",', '"expect": {', "expect", "key level is missing"),
    "key nobody knows": ('"expect":', '"expects":', "expects", "Extra inputs"),
    "key twice": ('"booking": "stop"', '"level": "stop"', "expect.level", "a second time"),
    "not JSON": ('"facts": {', '"facts" {', "", "not valid"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_among_the_worked_patients_is_found_with_its_line(case, tmp_path, catalogue):
    old, new, path, message = FAULTS[case]
    text = (FORMS / FILE).read_text()
    assert old in text
    (tmp_path / FILE).write_text(text.replace(old, new, 1))
    with pytest.raises(FormFaults) as refusal:
        load_worked_patients(tmp_path, catalogue)
    [fault] = [fault for fault in refusal.value.faults if message in fault.message]
    assert fault.path.endswith(path)
    assert (fault.file, fault.line) == (FILE, text[: text.index(old)].count("\n") + 1)


def test_every_fault_is_reported_at_once_the_shape_first(tmp_path, catalogue):
    text = (FORMS / FILE).read_text()
    (tmp_path / FILE).write_text(text.replace('"one leg"', '"a leg"').replace('"stop"', '"halt"'))
    with pytest.raises(FormFaults) as shape:
        load_worked_patients(tmp_path, catalogue)
    assert len(shape.value.faults) == text.count('"stop"')
    (tmp_path / FILE).write_text(text.replace('"one leg"', '"a leg"'))
    with pytest.raises(FormFaults) as content:
        load_worked_patients(tmp_path, catalogue)
    assert len(content.value.faults) == text.count('"one leg"')


def test_a_folder_without_the_file_is_refused(tmp_path, catalogue):
    with pytest.raises(FormFaults, match=r"worked_patients\.json line 1 - cannot be read"):
        load_worked_patients(tmp_path, catalogue)
