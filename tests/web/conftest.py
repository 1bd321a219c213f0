"""The same people and windows as in the journeys."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.journeys.conftest import (  # noqa: F401 - fixtures
    another_patient,
    confirm_email,
    mails,
    patient,
    read_code,
    rows,
    run_worker,
    therapist,
)
from tests.journeys.page import Page
from tests.journeys.patient import Visitor


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def send_with_forged_token() -> Callable[[Visitor, str], Page]:
    """Press a button of the page shown, but with a CSRF token that is not ours."""

    def send(visitor: Visitor, button: str) -> Page:
        form = visitor.page.form_with(button)
        pairs = [(name, "forged" if name == "csrf_token" else value) for name, value in form.sent(button)]
        return visitor.send(form.action, pairs)

    return send
