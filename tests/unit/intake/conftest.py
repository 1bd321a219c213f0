"""The real form files, read once."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from consult.intake.assessment import Assessment, assess
from consult.intake.catalogue import load_catalogue
from consult.intake.content import Catalogue
from consult.intake.reading import read_answers

FORMS = Path(__file__).parents[3] / "intake_forms"
DAY = date(2026, 6, 1)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(FORMS)


@pytest.fixture(scope="session")
def judge(catalogue: Catalogue) -> Callable[..., Assessment]:
    """Assess loose answers; "age" may stand in for a birth date."""

    def judge_answers(
        raw: dict[str, Any], stage: str | None = None, rules: Catalogue = catalogue
    ) -> Assessment:
        answers = {item: value for item, value in raw.items() if item != "age"}
        read = read_answers(rules.questionnaire, answers)
        return assess(rules, read, on=DAY, stage=stage, age=raw.get("age"))

    return judge_answers
