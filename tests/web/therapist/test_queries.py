"""How often the therapist's pages ask the database. One question more for each patient is how a page that was
quick with ten appointments takes a second with a hundred.
"""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event

from tests.journeys.patient import Patient, Therapist

MOST_OF_AGENDA, MOST_OF_SUMMARY = 12, 6


@pytest.fixture
def asked(app: Flask, therapist: Therapist) -> Callable[[str], list[str]]:
    """What one page asks, its second time, when what is kept between pages is kept."""
    statements: list[str] = []
    with app.app_context():
        event.listen(
            app.extensions["sqlalchemy"].engine, "before_cursor_execute", lambda *it: statements.append(it[2])
        )

    def ask(address: str) -> list[str]:
        therapist.open(address)
        statements.clear()
        therapist.open(address)
        return [statement for statement in statements if not statement.startswith("BEGIN")]

    return ask


def test_the_agenda_asks_as_often_for_many_as_for_one(
    app: Flask, therapist: Therapist, asked: Callable[[str], list[str]]
):
    Patient(app).book("2026-06-01T15:00:00+00:00", pt_name="Ann")
    therapist.sign_in()
    of_one = asked("/therapist")
    for hour, name in ((13, "Ben"), (15, "Cleo"), (17, "Dan")):
        Patient(app).book(f"2026-06-02T{hour}:00:00+00:00", pt_name=name)
    of_four = asked("/therapist")

    assert "Dan" in therapist.page.text
    assert len(of_four) == len(of_one) <= MOST_OF_AGENDA


def test_a_summary_asks_six_times(app: Flask, therapist: Therapist, asked: Callable[[str], list[str]]):
    Patient(app).book(pt_name="Ann")
    therapist.sign_in()
    therapist.read_summary("Ann")

    statements = asked(therapist.page.address)

    assert therapist.page.heading.startswith("Ann")
    assert len(statements) <= MOST_OF_SUMMARY, statements
