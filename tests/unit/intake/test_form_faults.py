"""Broken form files: every fault is found, each with its file and line."""

import re
import shutil
from pathlib import Path

import pytest

from consult.intake.catalogue import FormFaults, load_catalogue

FORMS = Path(__file__).parents[3] / "intake_forms"
RED_FLAGS = "rules/red_flags.yaml"
POLICIES = "rules/policies.yaml"
HANDOUT = "rules/handout.yaml"
SCREEN = "forms/screen.yaml"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(FORMS, tmp_path / "intake_forms"))


def change(folder, file, old, new, count=1):
    """Replaces the first `count` places; returns the 1-based line where the first stood."""
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, count))
    return text[: text.index(old)].count("\n") + 1


def faults_of(folder):
    with pytest.raises(FormFaults) as refusal:
        load_catalogue(folder)
    return refusal.value.faults


def test_the_shipped_files_are_whole_and_still_a_draft():
    catalogue = load_catalogue(FORMS)
    assert catalogue.is_draft
    assert len(catalogue.facts) == 104
    assert re.fullmatch(r"1\.0\.0\+[0-9a-f]{8}", catalogue.version)


SHAPE = {
    "unknown key": (
        SCREEN,
        "            label: No",
        "            lable: No",
        "options.4.lable",
        "Extra inputs",
    ),
    "unknown type": ("forms/knee.yaml", "type: yes_no", "type: several", "sections.0.items.0", "several"),
    "missing key": (SCREEN, "        ask: What has changed?\n", "", "items.1", "the key ask is missing"),
    "wrong kind of value": (SCREEN, "required: true", 'required: "true"', "items.0.required", "boolean"),
    "two kinds of condition": (
        SCREEN,
        "          item: sc_main\n",
        "          item: sc_main\n          use: cancer\n",
        "items.1.show_if",
        "exactly one of",
    ),
    "answer without item": (
        RED_FLAGS,
        "      item: sc_main\n      answer: control",
        "      use: cancer\n      answer: control",
        "flags.0.when",
        "item goes with",
    ),
    "options twice over": (
        "forms/about.yaml",
        "        options_from: us_states\n",
        "        options_from: us_states\n        asks_again: sc_main\n",
        "items.4",
        "exactly one",
    ),
    "half signed": (POLICIES, "reviewed_by:", "reviewed_by: O. Patel", "", "filled in together"),
    "fact without a number": ("facts.yaml", "id: A1\n", "id: B1\n", "facts.0.id", "pattern"),
}

CONTENT = {
    "unknown item": (RED_FLAGS, "item: sc_main", "item: sc_mian", "item", "unknown item sc_mian"),
    "unknown option": (
        RED_FLAGS,
        "answer: control",
        "answer: controll",
        "flags.0.when.item",
        "no answer controll",
    ),
    "unknown definition": (RED_FLAGS, "use: bladder_sign", "use: bladder", "not.use", "unknown use bladder"),
    "unknown flag": (RED_FLAGS, "flag: serious_injury", "flag: injury", "flag", "unknown flag injury"),
    "unknown region group": (HANDOUT, "region: knee", "region: knees", "region", "unknown region knees"),
    "unknown policy": (HANDOUT, "policy: under_18", "policy: minor", "policy", "unknown policy minor"),
    "number off the scale": (
        RED_FLAGS,
        "at_least: 8",
        "at_least: 11",
        "when.item",
        "no scale that reaches 11",
    ),
    "level asked in a flag": (
        RED_FLAGS,
        "        - use: bladder_sign\n",
        "        - level: urgent\n",
        "flags.1.when.all.0.level",
        "cannot be asked about here",
    ),
    "missing source": ("sources.yaml", "id: GIRFT", "id: GIRFF", "items.0.beyond", "unknown source GIRFT"),
    "missing source of a flag": (
        "sources.yaml",
        "id: AAA",
        "id: AAB",
        "flags.7.sources",
        "unknown source AAA",
    ),
    "unknown fact": (SCREEN, "facts: [A99]", "facts: [A999]", "facts", "unknown fact A999"),
    "item id twice": (SCREEN, "id: sc_move_fast", "id: sc_move_side", "items.4.id", "item id sc_move_side"),
    "option id twice": (SCREEN, "id: habit", "id: control", "options.1.id", "option id control"),
    "flag id twice": (
        RED_FLAGS,
        "id: saddle_numbness",
        "id: chest_or_breathing",
        "id",
        "flag id chest_or_breathing",
    ),
    "emergency without patient text": (
        RED_FLAGS,
        "    patient_reads: Call 911 now.\n",
        "",
        "flags.7",
        "needs patient_reads",
    ),
    "emergency without source": (RED_FLAGS, "    sources: [IFC]\n", "", "flags.8", "needs sources"),
    "condition named to patients": (
        RED_FLAGS,
        "patient_reads: Go to the ER now.",
        "patient_reads: You have a blood clot.",
        "flags.1.patient_reads",
        "blood clot",
    ),
    "exclusive where one is picked": (
        "forms/back_hip.yaml",
        "            short: less than 2 weeks\n",
        "            short: less than 2 weeks\n            exclusive: true\n",
        "options.0.exclusive",
        "many",
    ),
    "unknown list": (
        "forms/about.yaml",
        "options_from: us_states",
        "options_from: states",
        "options_from",
        "unknown list",
    ),
    "fact no question uses": (
        "forms/about.yaml",
        "facts: [A36]",
        "facts: [A37]",
        "facts.35",
        "no question uses A36",
    ),
    "fixed ids changed": ("lists/ratings.yaml", "id: helped", "id: better", "options", "fixed"),
    "section left out of the order": (
        "questionnaire.yaml",
        "  - knee\n",
        "",
        "sections.0.id",
        "missing from section_order",
    ),
    "no birth date": (
        "questionnaire.yaml",
        "birth_date_item: pt_dob",
        "birth_date_item: pt_name",
        "birth_date_item",
        "type date",
    ),
}


@pytest.fixture(scope="module", params=[SHAPE, CONTENT], ids=["shape", "content"])
def broken(request, tmp_path_factory):
    """The files with every break of a round at once, and what was found."""
    folder = Path(shutil.copytree(FORMS, tmp_path_factory.mktemp("broken") / "intake_forms"))
    for file, old, new, _, _ in request.param.values():
        change(folder, file, old, new)
    return request.param, folder, faults_of(folder)


def test_every_break_is_found_with_its_place_and_reason(broken):
    breaks, _, faults = broken
    for name, (_, _, _, path, message) in breaks.items():
        assert any(message in fault.message and fault.path.endswith(path) for fault in faults), name


def test_the_line_of_a_fault_is_where_its_key_stands(broken):
    _, folder, faults = broken
    for fault in faults:
        line = (folder / fault.file).read_text().splitlines()[fault.line - 1]
        key = fault.path.rsplit(".", 1)[-1]
        assert key in line if not key.isdigit() else line.lstrip().startswith("- "), (fault, line)


def test_a_form_that_is_not_listed_is_a_fault(folder):
    change(folder, "questionnaire.yaml", "  - forms/knee.yaml\n", "")
    assert "forms/knee.yaml is not listed" in {fault.message for fault in faults_of(folder)}


def test_a_key_that_stands_twice_is_a_fault_at_its_second_place(folder):
    line = change(folder, SCREEN, "        type: many\n", "        type: many\n        type: one\n")
    [fault] = [fault for fault in faults_of(folder) if "second time" in fault.message]
    assert (fault.file, fault.line, fault.path) == (SCREEN, line + 1, "sections.0.items.0.type")
    assert str(fault).startswith(f"forms/screen.yaml line {line + 1} - sections.0.items.0.type - ")


def test_text_that_is_no_yaml_is_a_fault_at_its_line(folder):
    line = change(folder, RED_FLAGS, "title: Lost bladder", 'title: "Lost bladder')
    [fault] = [fault for fault in faults_of(folder) if fault.file == RED_FLAGS]
    assert fault.line >= line
    assert "not valid YAML" in fault.message


def test_a_file_that_is_gone_is_a_fault(folder):
    (folder / "facts.yaml").unlink()
    [fault] = faults_of(folder)
    assert (fault.file, fault.line) == ("facts.yaml", 1)


def test_flags_that_name_one_another_in_a_circle_are_a_fault(folder):
    change(
        folder,
        RED_FLAGS,
        "        - item: sc_injury_now\n          answer: [weight4, neck, numb, deform]\n",
        "        - not:\n            flag: possible_fracture\n",
    )
    [fault] = faults_of(folder)
    assert "circle" in fault.message
    assert "serious_injury" in fault.message


def test_definitions_that_use_one_another_in_a_circle_are_a_fault(folder):
    change(
        folder,
        RED_FLAGS,
        "  high_fever:\n    item: sc_fever_what\n    answer: high\n",
        "  high_fever:\n    use: inf_risk\n",
    )
    change(
        folder, RED_FLAGS, "      - item: sc_fever_what\n        answer: risk\n", "      - use: high_fever\n"
    )
    [fault] = faults_of(folder)
    assert "circle" in fault.message


def test_a_question_may_not_depend_on_a_later_one(folder):
    line = change(
        folder,
        SCREEN,
        "          item: sc_main\n          answer: habit\n        facts: [A17]\n",
        '          item: sc_move_fast\n          answer: "yes"\n        facts: [A17]\n',
    )
    [fault] = faults_of(folder)
    assert (fault.file, fault.line) == (SCREEN, line - 1)
    assert "sc_move_fast, which is not asked before it" in fault.message


@pytest.mark.parametrize("word", ["yes", "no", "on", "off"])
def test_yes_and_no_are_words_even_without_quotes(folder, word):
    change(
        folder,
        "forms/back_hip.yaml",
        "            short: less than 2 weeks\n",
        f"            short: {word}\n",
    )
    item = load_catalogue(folder).questionnaire.items["st_dur"]
    assert item.options[0].short == word


def test_a_signed_off_form_is_no_draft(folder):
    for path in folder.rglob("*.yaml"):
        text = path.read_text().replace("reviewed_by:\n", "reviewed_by: O. Patel\n")
        path.write_text(text.replace("reviewed_on:\n", "reviewed_on: 2026-05-01\n"))
    catalogue = load_catalogue(folder)
    assert not catalogue.is_draft
    assert str(catalogue.reviews[RED_FLAGS].on) == "2026-05-01"
