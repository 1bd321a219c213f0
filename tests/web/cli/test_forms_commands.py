"""`flask forms …` as an operator runs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.intake import r4
from tests.unit.intake.test_worked_patients import PATIENTS, answers_of

ROOT = Path(__file__).parents[3]


@pytest.fixture
def run(app):
    def run_forms(*arguments, **options):
        # the `flask` command opens this context before it hands over to one of ours
        with app.app_context():
            return app.test_cli_runner().invoke(args=["forms", *arguments], **options)

    return run_forms


@pytest.fixture
def catalogue(app):
    return app.extensions["consult"].ports.catalogue


@pytest.fixture
def tree(tmp_path):
    """The application in a folder of its own, with form files that may be broken."""
    folder = tmp_path / "tree"
    ours = shutil.ignore_patterns("static")
    for part in ("consult", "intake_forms", "templates"):
        shutil.copytree(ROOT / part, folder / part, ignore=ours)
    shutil.copy(ROOT / "wsgi.py", folder)
    return folder


def forms_check(tree):
    """Runs in a process of its own, since a process reads the form files once."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "forms", "check"]
    environ = {"PATH": os.environ["PATH"], "CONSULT_DATA": str(tree / "data")}
    return subprocess.run(  # noqa: S603
        command, cwd=tree, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def replaced(tree, file, old, new):
    """The 1-based line of the first place where one text took the place of another."""
    path = tree / "intake_forms" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def test_check_says_what_there_is_and_what_is_still_a_draft(run):
    result = run("check")
    assert result.exit_code == 0
    assert "103 questions, 58 flag rules: ok" in result.output
    assert "draft, not signed off by a clinician: rules/red_flags.yaml" in result.output
    assert "20 worked patients: as expected" in result.output


def test_check_of_whole_files_ends_well_in_a_process_of_its_own(tree):
    result = forms_check(tree)
    assert (result.returncode, result.stderr) == (0, "")
    assert "103 questions" in result.stdout


def test_check_lists_every_fault_with_its_file_and_line_and_exits_1(tree):
    unknown = replaced(tree, "rules/red_flags.yaml", "use: bladder_sign", "use: bladder")
    off = replaced(tree, "rules/red_flags.yaml", "at_least: 8", "at_least: 11")
    named = replaced(tree, "rules/handout.yaml", "text: Good food", "text: Against arthritis good food")
    longer = replaced(tree, "forms/screen.yaml", "label: None of these", f"label: {'None of these ' * 4}")
    result = forms_check(tree)
    assert result.returncode == 1
    for place, why in (
        (f"rules/red_flags.yaml line {unknown}", "unknown use bladder"),
        (f"rules/red_flags.yaml line {off - 1}", "no scale that reaches 11"),
        (f"rules/handout.yaml line {named}", "arthritis"),
        ("forms/screen.yaml line 9", "139 words"),
    ):
        assert any(line.startswith(place) and why in line for line in result.stderr.splitlines()), place
    assert longer > 9
    assert "Traceback" not in result.stderr


def test_check_lists_every_fault_in_the_shape_of_files_and_exits_1(tree):
    key = replaced(tree, "forms/neck.yaml", "required: true", "needed: true")
    text = replaced(tree, "rules/policies.yaml", "booking: stop", "booking: maybe")
    (tree / "intake_forms/facts.yaml").unlink()
    result = forms_check(tree)
    assert result.returncode == 1
    for place in (f"forms/neck.yaml line {key} ", f"rules/policies.yaml line {text} ", "facts.yaml line 1 "):
        assert place in result.stderr
    assert "Traceback" not in result.stderr


def test_check_says_which_worked_patients_fare_otherwise_and_exits_1(tree):
    replaced(
        tree,
        "rules/red_flags.yaml",
        "id: trouble_moving_leg\n    level: urgent",
        "id: trouble_moving_leg\n    level: caution",
    )
    who = '"name": "05 Trouble moving one leg, not getting worse"'
    line = replaced(tree, "worked_patients.json", who, who) - 1
    result = forms_check(tree)
    assert result.returncode == 1
    where = f"worked_patients.json line {line} - 05 Trouble moving one leg, not getting worse - "
    said = result.stderr.splitlines()
    assert all(told.startswith(where) for told in said)
    assert [told.removeprefix(where) for told in said][:3] == [
        "level caution, expected urgent",
        "booking continue, expected continue_after_reading",
        "flag trouble_moving_leg is caution, expected urgent",
    ]
    assert f"{where}handout shows keep moving" in said
    assert "103 questions" in result.stdout


def test_a_fault_among_the_worked_patients_is_a_fault_of_the_form_files(tree):
    line = replaced(tree, "worked_patients.json", '"trouble moving": "one leg"', '"trouble moving": "a leg"')
    result = forms_check(tree)
    assert result.returncode == 1
    path = "4.facts.trouble moving"
    assert f"worked_patients.json line {line} - {path} - sc_move_side has no answer a leg" in result.stderr
    assert "Traceback" not in result.stderr


def test_check_says_when_a_condition_cannot_be_handed_on_and_exits_1(tree):
    old = "          item: st_event\n          answer: sport\n"
    new = "          not:\n            item: st_event\n            answer: fall\n"
    replaced(tree, "forms/back_hip.yaml", old, new)
    result = forms_check(tree)
    assert result.returncode == 1
    assert "FHIR R4 cannot say when this is shown: not st_event is fall" in result.stderr


def test_export_prints_the_form_as_a_fhir_questionnaire_under_the_public_address(make_app):
    app = make_app(PUBLIC_URL="http://practice.example")
    with app.app_context():
        result = app.test_cli_runner().invoke(args=["forms", "export", "--fhir"])
    form = json.loads(result.stdout)
    assert result.exit_code == 0
    assert form["resourceType"] == "Questionnaire"
    assert form["url"].startswith("http://practice.example/")
    assert r4.questionnaire_faults(form) == []


def test_export_asks_for_the_shape(run):
    result = run("export")
    assert result.exit_code == 2
    assert "forms export --fhir" in result.output


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient["name"])
def test_assess_judges_a_worked_patient(patient, run, catalogue, tmp_path):
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(answers_of(patient, catalogue.questionnaire)))
    result = run("assess", str(file))
    judged = json.loads(result.stdout)
    expected = patient["expect"]
    assert (judged["level"], judged["booking"]) == (expected["level"], expected["booking"])
    levels = {flag["id"]: flag["level"] for flag in judged["flags"]}
    assert {flag: levels.get(flag) for flag in expected["flags"]} == {
        flag: expected["flag_levels"][flag] for flag in expected["flags"]
    }
    assert not set(levels) & set(expected.get("flags_absent", ()))
    assert set(expected.get("patterns", ())) <= {hint["id"] for hint in judged["patterns"]}


def test_assess_reads_stdin_and_considers_one_stage(run):
    answers = json.dumps({"sc_main": ["none"], "rc_same": ["control"]})
    assert json.loads(run("assess", "-", input=answers).stdout)["level"] == "emergency"
    assert json.loads(run("assess", "-", "--stage", "intake", input=answers).stdout)["level"] == "none"


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ({"sc_mian": ["none"], "st_soon": 1}, "sc_mian, st_soon"),
        ({"sc_main": ["nothing"]}, "nothing"),
        ({"st_now": 11}, "st_now"),
        ({"age": "old"}, "age"),
        (["sc_main"], "JSON object"),
    ],
)
def test_assess_refuses_what_it_does_not_know_by_name_and_exits_2(typed, named, run):
    result = run("assess", "-", input=json.dumps(typed))
    assert result.exit_code == 2
    assert named in result.stderr
    assert result.stdout == ""
