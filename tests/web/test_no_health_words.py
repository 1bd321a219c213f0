"""No answer gets into an address, a mail, a calendar or a log: a whole story with marker words."""

import logging
import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask, request

from tests.journeys.marked import ABOUT_ME, IN_WORDS, MARKER
from tests.journeys.patient import Patient, Therapist

TICKED = (
    "swollen", "calf", "cancer", "buttock", "lowback", "numb", "leg", "sc_main", "fe_numb", "st_night",
    "bm_regions", "Urgent", "flag", "1980-03-14", "Albany", "555", "Sam,",
)  # fmt: skip


def test_no_word_of_an_answer_is_in_an_address_a_mail_or_a_log(
    app: Flask,
    patient: Patient,
    therapist: Therapist,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
):
    caplog.set_level(logging.DEBUG)
    addresses: list[str] = []
    app.after_request(
        lambda response: addresses.append(f"{request.url} {response.location or ''}") or response
    )

    patient.pass_safety_check("calf", "cancer")
    patient.fill(read=True)
    patient.press("Continue to book")
    patient.choose_time()
    patient.tell_about_myself(pt_access=["captions"], **ABOUT_ME)
    patient.agree()
    patient.go_to_payment()
    private_page = patient.pay().path
    patient.open(f"{private_page}/intake")
    patient.fill_in_intake(st_night="constant", fe_numb="one", fe_ntrend="worse", **IN_WORDS)
    assert patient.press("Send my answers").heading == "Thank you"
    download = _without_secrets(patient.client.get(f"{private_page}/appointment.ics").text)
    therapist.sign_in()
    summary = therapist.read_summary("Rosa Marin").text
    assert MARKER in summary
    assert "Urgent" in summary
    run_worker()

    sent = [*mails("rosa.marin@example.com"), *mails("olivia.patel@example.com")]
    assert len(sent) == 3
    bodies = [part.get_content() for mail in sent for part in mail.walk() if not part.is_multipart()]
    said = _without_secrets("\n".join(str(body) for body in bodies))
    assert len(addresses) > 40
    called = _without_secrets("\n".join(addresses))
    log = caplog.text
    for word in (MARKER, *TICKED):
        assert word not in called, word
        assert word not in _without_secrets(log), word
        assert word not in download, word
    for word in (MARKER, "swollen", "calf", "cancer", "numb", "Urgent", "flag", "Albany", "1980"):
        assert word not in said, word

    secret = private_page.removeprefix("/b/")
    assert secret not in log
    assert "Rosa" not in log
    assert "rosa.marin" not in log


def _without_secrets(text: str) -> str:
    """Without what is random, which may spell anything."""
    return re.sub(r"[0-9A-Za-z_-]{24,}", "…", text)


def test_no_answer_lies_readable_in_the_database_file(patient: Patient, app: Flask, tmp_path: Path):
    private_page = patient.book()
    patient.open(f"{private_page}/intake")
    patient.fill_in_intake(**IN_WORDS)
    patient.press("Send my answers")
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()
    stored = b"".join(file.read_bytes() for file in (tmp_path / "data").glob("consult.db*"))
    for word in (MARKER, "Rosa", "rosa.marin", "1980-03-14", "Example Street", "lowback_r", private_page[3:]):
        assert word.encode() not in stored, word


def test_the_card_company_is_told_of_an_online_appointment_and_nothing_else(
    patient: Patient, rows: Callable[[str], list[tuple]]
):
    patient.come_to_check()
    patient.go_to_payment()
    [(told,)] = rows("SELECT request FROM demo_checkout")
    assert '"product_name": "Online appointment"' in told
    for word in ("Rosa", "rosa.marin", "therap", "Patel", "pain", "/b/"):
        assert word not in told
