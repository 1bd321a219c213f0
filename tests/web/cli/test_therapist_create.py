"""Setting up the practice from the command line."""

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import delete

from consult.accounts.models import Account, SignIn
from consult.deps import deps
from consult.practice.models import Practice, Therapist
from consult.practice.service import get_who
from consult.scheduling.models import AvailabilityRule, Schedule, SessionType

GIVEN = {
    "name": "Dr. Mia Berg",
    "email": "mia@Example.COM",
    "phone": "(555) 010-0111",
    "zone": "America/Chicago",
    "states": "ny, nj",
    "price": "90",
    "password": "correct horse battery",
}


@pytest.fixture
def empty_app(app: Flask) -> Flask:
    with app.app_context():
        d = deps()
        with d.transaction():
            for table in (SignIn, Account, AvailabilityRule, SessionType, Schedule, Therapist, Practice):
                d.session.execute(delete(table))
    return app


def create(app: Flask, **changes: str) -> Result:
    options = [f"--{name}={value}" for name, value in (GIVEN | changes).items()]
    with app.app_context():
        return app.test_cli_runner().invoke(args=["therapist", "create", *options])


def test_a_practice_is_set_up_once_and_its_texts_stand_on_one_line(empty_app: Flask):
    done = create(empty_app, name="Dr. Mia\r\nBcc: x@example.org\u202e Berg")
    assert "Dr. Mia Bcc: x@example.org Berg can sign in as mia@example.com" in done.output
    assert create(empty_app).exit_code == 1
    with empty_app.app_context():
        practice, therapist = get_who(deps().session)
        assert practice.name == therapist.name == "Dr. Mia Bcc: x@example.org Berg"


def test_what_could_not_be_mailed_to_or_stored_is_refused(empty_app: Flask):
    for changes, said in (
        ({"email": "a@example.com, b@example.com"}, "not an e-mail address"),
        ({"email": "mia"}, "not an e-mail address"),
        ({"name": "M" * 121}, "1 to 120 characters"),
        ({"name": " \u200b "}, "1 to 120 characters"),
        ({"phone": "5" * 41}, "1 to 40 characters"),
    ):
        done = create(empty_app, **changes)
        assert (done.exit_code, said in done.output) == (1, True), changes
