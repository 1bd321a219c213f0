"""The whole life of a booking with marker words in every answer: none of them leaves by any other way."""

import logging
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask, request

from consult.core.clock import FixedClock
from tests.twilio_double import ACCOUNT, SENDER, TOKEN, TwilioDouble, running_twilio

from .marked import ABOUT_ME, IN_WORDS, MARKER
from .patient import INTAKE, Patient, Therapist, Visitor

FRIDAY = "2026-06-05T14:00:00+00:00"
MONDAY = "2026-06-08T14:00:00+00:00"
TICKED = (
    "lowback_r",
    "buttock",
    "numb",
    "swollen",
    "calf",
    "cancer",
    "st_night",
    "sc_main",
    "Urgent",
    "flag",
)
"""Ids and words of what is ticked below, and of what the rules made of it."""

SECRET = re.compile(r"[0-9A-Za-z_-]{24,}")
"""What is random may spell anything."""


@pytest.fixture
def twilio() -> Iterator[TwilioDouble]:
    with running_twilio() as double:
        yield double


@pytest.fixture
def app(make_app: Callable[..., Flask], twilio: TwilioDouble) -> Flask:
    return make_app(
        TWILIO_ACCOUNT_SID=ACCOUNT,
        TWILIO_AUTH_TOKEN=TOKEN,
        TWILIO_FROM=SENDER,
        TWILIO_API_BASE=twilio.url,
    )


@pytest.fixture
def addresses(app: Flask) -> list[str]:
    """Every address asked for, and every one an answer led to."""
    seen: list[str] = []
    app.after_request(lambda response: seen.append(f"{request.url} {response.location}") or response)
    return seen


@pytest.fixture
def feed(therapist: Therapist) -> Callable[[], str]:
    therapist.sign_in()
    therapist.open("/therapist/calendar")
    text = therapist.press("Make an address").text
    [address] = re.findall(r"/cal/[\w-]+\.ics", text)
    return lambda: Visitor(therapist.client.application).client.get(address).text


def mail_folder(tmp_path: Path) -> str:
    """Headers and parts of every mail as its reader sees them."""
    mails = [
        message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in (tmp_path / "data" / "mail").glob("*.eml")
    ]
    assert len(mails) > 8
    parts = [part for mail in mails for part in mail.walk()]
    headers = [f"{name}: {value}" for part in parts for name, value in part.items()]
    bodies = [str(part.get_content()) for part in parts if not part.is_multipart()]
    return "\n".join([*headers, *bodies])


def refusals(stranger: Visitor, private_page: str) -> str:
    """Pages that say no, to somebody who sends answers along."""
    tries = (
        ("GET", "/b/nowhere"),
        ("GET", f"{private_page}/intake/nowhere"),
        ("POST", f"{private_page}/intake/body"),
        ("POST", "/book/safety"),
        ("DELETE", private_page),
    )
    answers = [
        stranger.client.open(path, method=method, data={"li_work": MARKER, "bm_regions": "lowback_r"})
        for method, path in tries
    ]
    assert {answer.status_code for answer in answers} >= {404, 405}
    return "\n".join(answer.text for answer in answers if answer.status_code in (400, 404, 405))


def test_no_answer_leaves_in_a_mail_a_calendar_an_address_a_log_a_payment_a_text_or_an_error_page(
    app: Flask,
    patient: Patient,
    therapist: Therapist,
    addresses: list[str],
    feed: Callable[[], str],
    clock: FixedClock,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
    rows: Callable[[str], list[tuple]],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    twilio: TwilioDouble,
):
    caplog.set_level(logging.DEBUG)
    patient.pass_safety_check("calf", "cancer")
    patient.fill(read=True)
    patient.press("Continue to book")
    patient.choose_time(FRIDAY)
    patient.tell_about_myself(**ABOUT_ME)
    patient.agree()
    patient.go_to_payment()
    private_page = patient.pay().path
    patient.open(f"{private_page}/text-messages")
    patient.fill(agreed=True)
    patient.press("Save")
    files = [patient.client.get(f"{private_page}/appointment.ics").text]
    feeds = [feed()]
    clock.advance(timedelta(hours=27))
    run_worker()
    patient.send_intake(private_page, **INTAKE | IN_WORDS | {"fe_numb": "one", "fe_ntrend": "worse"})
    assert patient.page.heading == "Thank you"
    therapist.sign_in()
    assert MARKER in therapist.read_summary("Rosa Marin").text

    patient.open(private_page)
    patient.follow("Move my visit")
    patient.fill(start=MONDAY)
    patient.press("Move my visit to this time")
    run_worker()
    files.append(patient.client.get(f"{private_page}/appointment.ics").text)
    feeds.append(feed())
    visit_page = re.sub(r"\r?\n ", "", files[-1]).split("URL:http://localhost")[1].splitlines()[0]
    seen_from_calendar = Visitor(app)
    seen_from_calendar.open(visit_page)
    seen_from_calendar.press("Email me the link")
    patient.open(private_page)
    patient.press("Email me my calendar address")
    run_worker()
    received = [mail.get_body(("plain",)).get_content() for mail in mails("rosa.marin@example.com")]
    [token] = re.findall(r"/calendar/([\w-]+)", "\n".join(received))
    feeds.append(patient.client.get(f"/cal/{token}.ics").text)
    clock.advance(timedelta(days=5, hours=1))
    run_worker()

    patient.open(f"{private_page}/safety")
    patient.fill(rc_same=["saddle"])
    patient.press()
    run_worker()
    files.append(patient.client.get(f"{private_page}/appointment.ics").text)
    patient.open(f"{private_page}/cancel")
    patient.press("Cancel my visit and get $120.00 back")
    run_worker()
    files.append(patient.client.get(f"{private_page}/appointment.ics").text)
    feeds.append(feed())

    assert len(twilio.taken) >= 2
    assert twilio.taken[0]["To"][2:] not in caplog.text
    left = {
        "text message": "\n".join(twilio.heard),
        "mail": mail_folder(tmp_path),
        "calendar file": "\n".join(files),
        "feed": "\n".join(feeds),
        "visit page": seen_from_calendar.client.get(visit_page).text,
        "calendar address": patient.client.get(f"/calendar/{token}").text,
        "address": "\n".join(addresses),
        "log": caplog.text,
        "payment": str(rows("SELECT request FROM payment UNION ALL SELECT request FROM demo_checkout")),
        "error page": refusals(Visitor(app), private_page),
    }
    said = {
        way: [word for word in (MARKER, *TICKED) if word in SECRET.sub("…", text)]
        for way, text in left.items()
    }
    assert {way: words for way, words in said.items() if words} == {}
