"""The people in a story, and what can be seen from outside: mail in the folder, rows in the file."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask

from .page import Page
from .patient import Patient, Therapist


@pytest.fixture
def patient(app: Flask) -> Patient:
    return Patient(app)


@pytest.fixture
def another_patient(app: Flask) -> Patient:
    return Patient(app)


@pytest.fixture
def therapist(app: Flask) -> Therapist:
    return Therapist(app)


@pytest.fixture
def run_worker(app: Flask) -> Callable[[], None]:
    """One pass of everything periodic, as the operator's command does it."""

    def run() -> None:
        with app.app_context():
            result = app.test_cli_runner().invoke(args=["worker", "--once"])
        assert result.exit_code == 0, result.output

    return run


@pytest.fixture
def mails(tmp_path: Path) -> Callable[[str], list[EmailMessage]]:
    """What was mailed to an address, oldest first."""

    def read(address: str) -> list[EmailMessage]:
        # Names begin with the second of the clock, which stands still here.
        files = sorted((tmp_path / "data" / "mail").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
        found = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        return [mail for mail in found if isinstance(mail, EmailMessage) and address in str(mail["To"])]

    return read


@pytest.fixture
def read_code(
    run_worker: Callable[[], None], mails: Callable[[str], list[EmailMessage]]
) -> Callable[[str], str]:
    """The newest code that was mailed to an address."""

    def read(address: str) -> str:
        run_worker()
        texts = [mail.get_body(("plain",)).get_content() for mail in mails(address)]
        return [found for text in texts for found in re.findall(r"^([0-9]{6})\r?$", text, re.MULTILINE)][-1]

    return read


@pytest.fixture
def confirm_email(read_code: Callable[[str], str]) -> Callable[..., Page]:
    """From the page that asks for an address to where its code leads."""

    def confirm(patient: Patient, address: str = "rosa.marin@example.com") -> Page:
        assert patient.page.heading == "Confirm your email address"
        patient.fill(email=address)
        patient.press("Send me a code")
        patient.page.form_with("Continue").fill("code", read_code(address))
        return patient.press("Continue")

    return confirm


@pytest.fixture
def rows(app: Flask, tmp_path: Path) -> Callable[[str], list[tuple]]:
    """What a query finds in the database file, looked at from outside the application."""

    def look(query: str) -> list[tuple]:
        with closing(sqlite3.connect(tmp_path / "data" / "consult.db")) as connection:
            return connection.execute(query).fetchall()

    return look
