"""The real form files, read once."""

from pathlib import Path

import pytest

from consult.intake.catalogue import load_catalogue
from consult.intake.content import Catalogue

FORMS = Path(__file__).parents[3] / "intake_forms"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(FORMS)
