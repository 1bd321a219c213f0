"""The real form files, read once."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from consult.intake.catalogue import load_catalogue
from consult.intake.content import Catalogue
from consult.intake.reading import read_answers
from consult.summary.reading import Reading, read

TODAY = date(2026, 6, 1)
FORMS = Path(__file__).parents[3] / "intake_forms"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(FORMS)


@pytest.fixture(scope="session")
def reads(catalogue: Catalogue) -> Callable[..., Reading]:
    """Answers as a form gives them, by question, read for one day."""

    def read_raw(**raw: Any) -> Reading:
        return read(catalogue, read_answers(catalogue.questionnaire, raw), TODAY)

    return read_raw
