"""The page of what calendars know."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask

from consult.booking.calendar_replies import Why
from consult.core.clock import FixedClock
from consult.deps import deps
from consult.notifications.mailer import MailRefused
from consult.web.therapist.invitations import WHY_NOT
from tests.journeys.page import Page
from tests.journeys.patient import Patient, Therapist
from tests.journeys.test_moving import MOVE, OLIVIA, ROSA, THURSDAY, WEDNESDAY, invitation

PAGE = "/therapist/calendar/invitations"
HOSTILE = '<img src=x onerror=alert(1)> \u202eeve\u202c "🙂"'
Run = Callable[[], None]
Mails = Callable[[str], list[EmailMessage]]


@pytest.fixture
def olivia(therapist: Therapist) -> Therapist:
    therapist.sign_in()
    return therapist


@pytest.fixture
def booked(patient: Patient, run_worker: Run, clock: FixedClock) -> Patient:
    patient.book(WEDNESDAY)
    run_worker()
    clock.advance(timedelta(minutes=1))
    return patient


def paste(olivia: Therapist, text: str) -> Page:
    olivia.open(PAGE)
    olivia.page.form_with("Note the answer").fill("reply", text)
    return olivia.press("Note the answer")


def reply_to(mail: EmailMessage, partstat: str = "DECLINED") -> str:
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    return part.get_content().replace("METHOD:REQUEST", "METHOD:REPLY").replace("NEEDS-ACTION", partstat)


def test_it_says_what_was_sent_and_warns_of_a_calendar_that_shows_the_old_time(
    app: Flask, booked: Patient, olivia: Therapist, run_worker: Run, mails: Mails, clock: FixedClock
):
    text = olivia.open(PAGE).text
    assert "Patient: Up to date Invitation sent Monday, June 1, 8:00 am." in text
    assert "not in a calendar as it stands" not in text

    booked.open(f"{booked.page.path}/reschedule")
    booked.fill(start=THURSDAY)
    booked.press(MOVE)
    with app.app_context():
        deps().mailer.fail_next(MailRefused(550), MailRefused(550))
    run_worker()
    clock.advance(timedelta(minutes=11))
    text = olivia.open(PAGE).text
    assert "One visit is not in a calendar as it stands" in text
    assert "Not up to date Invitation sent Monday, June 1, 8:00 am; it shows Wednesday, June 3" in text
    assert "could not be delivered" in text

    [button] = [name for form in olivia.page.forms for name in form.buttons if "Send again" in name]
    assert "Rosa Marin" in button
    old_page = olivia.page
    assert "It goes once more now." in olivia.press(button).text
    form = old_page.form_with(button)
    assert "Nothing was sent" in olivia.send(form.action, form.sent(button)).text
    run_worker()
    assert [mail["Subject"] for mail in mails(ROSA)] == [
        "Your appointment is booked",
        "Your appointment has moved",
    ]
    assert "Up to date Changed invitation sent" in olivia.open(PAGE).text


def test_she_may_be_invited_and_is_warned_when_her_feed_shows_the_same(
    app: Flask, olivia: Therapist, patient: Patient, run_worker: Run, mails: Mails
):
    olivia.open(PAGE).form_with("Save").fill("wanted", "yes")
    assert "Saved." in olivia.press("Save").text
    patient.book(WEDNESDAY)
    run_worker()
    method, event = invitation(mails(OLIVIA)[-1])
    assert (method, event["SUMMARY"]) == ("REQUEST", "Online appointment – R. M.")
    assert mails(OLIVIA)[-1]["To"].addresses[0].addr_spec == OLIVIA
    text = olivia.open(PAGE).text
    assert "You: Up to date Invitation sent" in text
    assert "You see every visit twice" not in text

    feed = olivia.open("/therapist/calendar")
    olivia.press(next(name for form in feed.forms for name in form.buttons if name.startswith("Make a")))
    address = olivia.page.html.split("/cal/")[1].split(".ics")[0]
    app.test_client().get(f"/cal/{address}.ics", headers={"User-Agent": HOSTILE})
    page = olivia.open(PAGE)
    assert "You see every visit twice" in page.text
    assert "last read just now by" in page.text
    assert "<img" not in page.html
    assert "\u202e" not in page.html


def test_invitations_from_her_own_address_are_refused_in_so_many_words(
    make_app: Callable[..., Flask],
):
    olivia = Therapist(make_app(MAIL_FROM=f"Dr. Patel <{OLIVIA}>"))
    olivia.sign_in()
    olivia.open(PAGE).form_with("Save").fill("wanted", "yes")
    page = olivia.press("Save")
    assert page.status == 422
    assert f"Invitations are sent from {OLIVIA}, your own address" in page.text
    assert page.form_with("Save").value("wanted") == "yes"
    assert olivia.open(PAGE).form_with("Save").value("wanted") == "no"


def test_a_pasted_answer_is_a_hint_on_the_agenda_and_the_summary(
    booked: Patient, olivia: Therapist, mails: Mails
):
    [mail] = mails(ROSA)
    page = paste(olivia, reply_to(mail))
    assert "Noted: declined. The visit stays as it is." in page.text
    assert "Their calendar said" in page.text
    assert ": declined. Ask the patient." in page.text
    assert olivia.follow("Open the visit").heading.startswith("Rosa Marin")
    hint = "Calendar says: declined – ask the patient"
    assert hint in olivia.page.text
    assert hint in olivia.open("/therapist").text
    assert "Wednesday, June 3" in booked.open(booked.page.path).text

    paste(olivia, reply_to(mail, "ACCEPTED"))
    assert hint not in olivia.open("/therapist").text


def test_the_whole_mail_may_be_pasted(booked: Patient, olivia: Therapist, mails: Mails):
    text = mails(ROSA)[0].as_string()
    assert "That is not an answer to an invitation." in paste(olivia, text).text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no calendar part"),
        (HOSTILE, "no calendar part"),
        ("BEGIN:VCALENDAR\r\n" * 50, "no calendar part"),
        ("x" * 100_001, "longer than any reply"),
    ],
)
def test_what_is_no_answer_is_refused_and_stays_in_the_box(olivia: Therapist, text: str, words: str):
    page = paste(olivia, text)
    assert page.status == 422
    assert words in page.text
    assert page.form_with("Note the answer").value("reply").split() == text.split()
    assert "<img" not in page.html


def test_far_too_much_is_refused_before_it_is_read(olivia: Therapist):
    assert paste(olivia, "x" * 1_100_000).status == 413


def test_every_refusal_has_its_own_sentence():
    assert set(WHY_NOT) == set(Why)
    assert len(set(WHY_NOT.values())) == len(Why)


def test_an_unknown_visit_or_reader_is_not_found(olivia: Therapist):
    token = olivia.open(PAGE).form_with("Save").value("csrf_token")
    for there in ("x/patient", "11111111-1111-4111-8111-111111111111/patient", "x/eve"):
        assert olivia.send(f"{PAGE}/{there}", [("csrf_token", token)]).status == 404


@pytest.mark.parametrize("button", ["Save", "Note the answer"])
def test_a_forged_token_changes_nothing_and_keeps_what_was_typed(
    olivia: Therapist, send_with_forged_token: Callable[[Therapist, str], Page], button: str
):
    olivia.open(PAGE).form_with("Save").fill("wanted", "yes")
    olivia.page.form_with("Note the answer").fill("reply", "BEGIN:VCALENDAR")
    assert send_with_forged_token(olivia, button).status == 422
    assert olivia.open(PAGE).form_with("Save").value("wanted") == "no"


def test_neither_yes_nor_no_is_asked_again(olivia: Therapist):
    form = olivia.open(PAGE).form_with("Save")
    pairs = [(name, "perhaps" if name == "wanted" else value) for name, value in form.sent("Save")]
    assert olivia.send(form.action, pairs).status == 422
