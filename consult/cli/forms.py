"""The form files: checked, tried out on answers, handed on."""

import json
import sys
from datetime import date
from typing import Any, TextIO

import click

from consult.deps import deps
from consult.intake.assessment import STAGES, as_json, assess
from consult.intake.fhir import questionnaire
from consult.intake.fhir_enable import NotInR4
from consult.intake.files.worked_patients import FILE as WORKED_PATIENTS
from consult.intake.reading import AnswerRefused, UnknownItems, read_answers
from consult.intake.worked_patients import simulate

forms = click.Group("forms", help="Check, try and export the form files in intake_forms/.")
_DIFFERENT = 1
_REFUSED = 2


@forms.command("check")
def check() -> None:
    """Report every fault in intake_forms/, and every worked patient who now fares otherwise than expected.

    With a fault the application does not load: wsgi.py lists them with file and line before this command is
    reached.
    """
    catalogue = deps().ports.catalogue
    _fhir_questionnaire()
    drafts = [review.file for review in catalogue.reviews.values() if review.by is None]
    click.echo(
        f"{len(catalogue.questionnaire.items)} questions, {len(catalogue.red_flags.flags)} flag rules: ok"
    )
    for file in drafts:
        click.echo(f"draft, not signed off by a clinician: {file}")
    _check_worked_patients()


@forms.command("assess")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--stage", type=click.Choice(sorted(STAGES)), help="The answers are of this stage only.")
def assess_file(file: TextIO, stage: str | None) -> None:
    """Print what the answers in FILE lead to, as JSON. FILE holds item id -> answer; - reads stdin."""
    try:
        raw = json.load(file)
        age = raw.pop("age", None) if isinstance(raw, dict) else None
        result = _assess(raw, stage, age)
    except (json.JSONDecodeError, UnknownItems, AnswerRefused, TypeError) as error:
        click.echo(f"{file.name}: {error}", err=True)
        sys.exit(_REFUSED)
    click.echo(json.dumps(result, indent=2, ensure_ascii=False))


@forms.command("export")
@click.option("--fhir", is_flag=True, help="As a FHIR R4 Questionnaire.")
def export(fhir: bool) -> None:
    """Print the form as JSON, for another system."""
    if not fhir:
        raise click.UsageError("Say in which shape: forms export --fhir")
    click.echo(json.dumps(_fhir_questionnaire(), indent=2, ensure_ascii=False))


def _check_worked_patients() -> None:
    d = deps()
    cases = [simulate(d.ports.catalogue, patient, d.now().date()) for patient in d.worked_patients]
    for case in cases:
        patient = case.patient
        for difference in case.differences:
            where = f"{WORKED_PATIENTS} line {patient.line} - {patient.id} {patient.description}"
            click.echo(f"{where} - {difference}", err=True)
    if any(case.differences for case in cases):
        sys.exit(_DIFFERENT)
    click.echo(f"{len(cases)} worked patients: as expected")


def _fhir_questionnaire() -> dict[str, Any]:
    try:
        return questionnaire(deps().ports.catalogue, deps().settings.public_url)
    except NotInR4 as refusal:
        raise click.ClickException(str(refusal)) from refusal


def _assess(raw: Any, stage: str | None, age: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise TypeError("expected a JSON object of item id -> answer")
    if age is not None and (isinstance(age, bool) or not isinstance(age, int)):
        raise TypeError("age must be a whole number of years")
    catalogue = deps().ports.catalogue
    answers = read_answers(catalogue.questionnaire, raw)
    today: date = deps().now().date()
    return as_json(assess(catalogue, answers, on=today, stage=stage, age=age))
