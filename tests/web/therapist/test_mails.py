"""Mail that could not be delivered stands on the therapist's first page until she has seen to it."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask

from consult.core.clock import FixedClock
from consult.deps import deps
from consult.notifications.mailer import MailRefused, MailUnavailable
from tests.journeys.patient import Patient, Therapist

WEDNESDAY = "2026-06-03T14:00:00+00:00"
ROSA = "rosa.marin@example.com"


@pytest.fixture
def lost(app: Flask, patient: Patient, therapist: Therapist, run_worker: Callable[[], None]) -> Therapist:
    """Dr. Patel at her agenda after the mail to the patient was refused."""
    patient.book(WEDNESDAY)
    with app.app_context():
        deps().mailer.fail_next(MailRefused(550), MailRefused(550))
    run_worker()
    therapist.sign_in()
    therapist.open("/therapist")
    return therapist


def test_it_says_to_whom_about_what_and_whom_to_call(lost: Therapist):
    text = lost.page.text
    assert "2 mails could not be delivered" in text
    assert "To Rosa Marin : “Your appointment is booked”" in text
    assert f"The address {ROSA} was refused." in text
    assert "Call " in text
    assert lost.follow("the visit on Wednesday, June 3, 10:00 am").heading == "Rosa Marin, 46"


def test_what_was_about_a_cancelled_visit_leads_there_all_the_same(
    app: Flask, patient: Patient, therapist: Therapist, run_worker: Callable[[], None]
):
    private_page = patient.book(WEDNESDAY)
    run_worker()
    patient.open(f"{private_page}/cancel")
    patient.press("Cancel my visit and get $120.00 back")
    with app.app_context():
        deps().mailer.fail_next(MailRefused(550), MailRefused(550))
    run_worker()
    therapist.sign_in()
    text = therapist.open("/therapist").text
    assert "Look at the visit, and ask whoever runs this site to put your own address right." in text
    assert therapist.follow("a visit that was cancelled").heading == "Rosa Marin, 46"


def test_sent_again_it_goes_and_dealt_with_it_is_gone(
    lost: Therapist, run_worker: Callable[[], None], mails: Callable[[str], list[EmailMessage]]
):
    page = lost.press("Send again “Your appointment is booked” to Rosa Marin")
    assert (page.path, page.status) == ("/therapist", 200)
    assert "It is tried again now." in page.text
    assert "One mail could not be delivered" in page.text
    old_page = page
    run_worker()
    assert [mail["Subject"] for mail in mails(ROSA)] == ["Your appointment is booked"]

    [button] = [name for form in old_page.forms for name in form.buttons if name.startswith("Dealt with")]
    page = lost.press(button)
    assert "Dealt with." in page.text
    assert "could not be delivered" not in page.text
    form = old_page.form_with(button)
    assert lost.send(form.action, form.sent(button)).status == 200
    assert len(mails(ROSA)) == 1


def test_mail_that_waits_for_long_is_told_of(
    app: Flask, clock: FixedClock, patient: Patient, therapist: Therapist, run_worker: Callable[[], None]
):
    patient.book(WEDNESDAY)
    with app.app_context():
        deps().mailer.fail_next(MailUnavailable(), MailUnavailable())
    run_worker()
    therapist.sign_in()
    assert "Mail has been waiting" not in therapist.open("/therapist").text
    clock.advance(timedelta(minutes=16))
    assert "Mail has been waiting since Monday, June 1, 8:00 am." in therapist.open("/therapist").text


def test_an_unknown_mail_is_not_found(therapist: Therapist):
    therapist.sign_in()
    token = therapist.open("/therapist/hours/rules").form.value("csrf_token")
    for action in ("again", "settled"):
        for mail_id in ("x", "11111111-1111-4111-8111-111111111111"):
            page = therapist.send(f"/therapist/mails/{mail_id}/{action}", [("csrf_token", token)])
            assert page.status == 404
