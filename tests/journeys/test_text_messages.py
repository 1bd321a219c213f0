"""Text messages in the patient's story: asked for on a page of their own, ended there, by mail, by STOP."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from flask import Flask

from consult.core.clock import FixedClock
from tests.twilio_double import ACCOUNT, SENDER, TOKEN, Fault, TwilioDouble, running_twilio
from tests.twilio_double.server import incoming

from .patient import Patient, Therapist

THURSDAY_TEN = datetime(2026, 6, 4, 14, 0, tzinfo=UTC)
PHONE = "+15550100123"
WHEN = "Thu, Jun 4, 10:00 am EDT"
HOOK = "http://localhost/webhooks/twilio"


@pytest.fixture
def double() -> Iterator[TwilioDouble]:
    with running_twilio() as double:
        yield double


@pytest.fixture
def app(make_app: Callable[..., Flask], double: TwilioDouble) -> Flask:
    return make_app(
        TWILIO_ACCOUNT_SID=ACCOUNT,
        TWILIO_AUTH_TOKEN=TOKEN,
        TWILIO_FROM=SENDER,
        TWILIO_API_BASE=double.url,
        MAIL_FROM="Quiet Bookings <bookings@example.org>",
    )


@pytest.fixture
def texts(
    double: TwilioDouble, clock: FixedClock, run_worker: Callable[[], None]
) -> Callable[..., list[str]]:
    """What Rosa's phone got anew, with the worker at its work until this moment."""
    seen = 0

    def look(now: datetime | None = None) -> list[str]:
        nonlocal seen
        clock.now = now or clock.now
        run_worker()
        run_worker()
        found = double.said_to(PHONE)
        fresh, seen = found[seen:], len(found)
        return fresh

    return look


class Rosa(Patient):
    private_page: str

    def ask(self) -> None:
        self.open(self.private_page)
        self.follow("Text messages about your visits")
        self.fill(agreed=True)
        assert "Saved." in self.press("Save").text

    def answer(self, body: str, **form: str) -> int:
        said, headers = incoming(HOOK, From=PHONE, Body=body, **form)
        answer = self.client.application.test_client().post("/webhooks/twilio", data=said, headers=headers)
        assert answer.text.endswith("<Response/>") or answer.status_code != 200
        return answer.status_code


@pytest.fixture
def booked(app: Flask) -> Rosa:
    """With a visit on Thursday at ten, booked on Monday."""
    rosa = Rosa(app)
    rosa.private_page = rosa.book(THURSDAY_TEN.isoformat())
    return rosa


@pytest.fixture
def rosa(booked: Rosa, texts: Callable[..., list[str]]) -> Rosa:
    """Who asked for text messages, and got the first."""
    booked.ask()
    [first] = texts()
    assert first.startswith("Quiet Bookings: You asked for text messages")
    return booked


def before(hours: float) -> datetime:
    return THURSDAY_TEN - timedelta(hours=hours)


@pytest.mark.usefixtures("booked")
def test_nobody_is_written_to_who_did_not_ask(texts: Callable[..., list[str]]):
    assert [texts(before(hours)) for hours in (24, 1)] == [[], []]


@pytest.mark.usefixtures("rosa")
def test_two_before_the_visit_and_none_for_open_questions(
    texts: Callable[..., list[str]], mails: Callable[[str], list[EmailMessage]]
):
    assert [texts(before(hours)) for hours in (72, 48)] == [[], []]
    assert len(mails("rosa.marin@example.com")) == 3
    [day] = texts(before(24))
    [hour] = texts(before(1))
    assert day == hour
    assert day.startswith(
        f"Quiet Bookings: Your online appointment is on {WHEN}. Details: http://localhost/v/"
    )


def test_the_link_opens_the_page_that_shows_no_answer(
    rosa: Rosa, texts: Callable[..., list[str]], app: Flask
):
    [text] = texts(before(24))
    friend = Patient(app)
    friend.open(text.split("Details: http://localhost")[1])
    assert friend.page.status == 200
    assert "Thursday, June 4" in friend.page.text
    assert rosa.private_page.removeprefix("/b/") not in text


def test_reminders_turned_off_are_off_for_the_phone_too(
    rosa: Rosa, texts: Callable[..., list[str]], mails: Callable[[str], list[EmailMessage]]
):
    texts(before(48))
    rosa.open(mails("rosa.marin@example.com")[-1]["List-Unsubscribe"].strip(" <>").removesuffix("/off"))
    assert "to the number …0123" in rosa.page.text
    rosa.page.form_with("Save").fill("reminder_day_before", False)
    rosa.press("Save")
    assert texts(before(24)) == []
    assert len(texts(before(1))) == 1


def test_the_link_in_a_mail_ends_text_messages(
    rosa: Rosa, texts: Callable[..., list[str]], mails: Callable[[str], list[EmailMessage]]
):
    texts(before(48))
    rosa.open(mails("rosa.marin@example.com")[-1]["List-Unsubscribe"].strip(" <>").removesuffix("/off"))
    rosa.page.form_with("Save").fill("texts", False)
    assert "number …0123" not in rosa.press("Save").text
    assert [texts(before(hours)) for hours in (24, 1)] == [[], []]


def test_a_page_of_wishes_from_before_they_were_asked_for_does_not_end_them(
    booked: Rosa, texts: Callable[..., list[str]], mails: Callable[[str], list[EmailMessage]]
):
    texts(before(48))
    wishes = Rosa(booked.client.application)
    wishes.open(mails("rosa.marin@example.com")[-1]["List-Unsubscribe"].strip(" <>").removesuffix("/off"))
    booked.ask()
    wishes.press("Save")
    assert len(texts(before(24))) == 2


def test_one_click_in_the_mail_program_ends_them_too(
    rosa: Rosa, texts: Callable[..., list[str]], mails: Callable[[str], list[EmailMessage]]
):
    texts(before(48))
    off = mails("rosa.marin@example.com")[-1]["List-Unsubscribe"].strip(" <>")
    assert rosa.client.post(off).status_code == 204
    rosa.open(f"{rosa.private_page}/text-messages")
    assert rosa.page.offers("Save")


def test_ended_on_the_page_and_begun_again_there(rosa: Rosa, texts: Callable[..., list[str]]):
    rosa.open(f"{rosa.private_page}/text-messages")
    rosa.press("End text messages")
    assert texts(before(24)) == []
    rosa.ask()
    assert len(texts(before(1))) == 1


def test_stop_by_phone_ends_them_until_start(rosa: Rosa, texts: Callable[..., list[str]]):
    assert rosa.answer("STOP") == 200
    assert texts(before(24)) == []
    page = rosa.open(f"{rosa.private_page}/text-messages")
    assert "START" in page.text
    assert not page.offers("Save")
    assert rosa.send(f"{rosa.private_page}/text-messages", [("agreed", "yes")]).status == 422
    assert rosa.answer("start") == 200
    assert len(texts(before(1))) == 1


def test_a_stop_of_which_only_twilio_knows_is_learnt_from_its_answer(
    rosa: Rosa, double: TwilioDouble, texts: Callable[..., list[str]]
):
    double.stopped.add(PHONE)
    assert texts(before(24)) == []
    assert "START" in rosa.open(f"{rosa.private_page}/text-messages").text
    asked = len(double.heard)
    texts(before(1))
    assert len(double.heard) == asked


def test_who_books_with_her_number_learns_nothing_ends_nothing_and_sends_her_nothing(
    rosa: Rosa, app: Flask, texts: Callable[..., list[str]]
):
    mallory = Rosa(app)
    own = mallory.book("2026-06-02T14:00:00+00:00", pt_name="Mallory", pt_email="mallory@example.com")
    page = mallory.open(f"{own}/text-messages")
    assert page.offers("Save")
    mallory.send(page.path, [("answer", "end"), ("csrf_token", page.form_with("Save").value("csrf_token"))])
    assert texts(datetime(2026, 6, 1, 14, 0, tzinfo=UTC)) == []
    assert len(texts(before(24))) == 1

    rosa.answer("STOP")
    assert texts(before(23)) == []
    assert mallory.open(page.path).offers("Save")
    mallory.fill(agreed=True)
    assert mallory.press("Save").offers("End text messages")
    assert texts(before(1)) == []


def test_what_twilio_did_not_sign_changes_nothing(rosa: Rosa, app: Flask, texts: Callable[..., list[str]]):
    form, headers = incoming(HOOK, From=PHONE, Body="STOP")
    forged = incoming(HOOK, "0" * 32, **form)[1]
    client = app.test_client()
    for said, signed in ((form, {}), (form, forged), ({**form, "Body": "START"}, headers)):
        assert client.post("/webhooks/twilio", data=said, headers=signed).status_code == 403
    assert client.post("/webhooks/twilio?x=1", data=form, headers=headers).status_code == 403
    assert client.get("/webhooks/twilio").status_code == 405
    assert client.post("/webhooks/twilio", data=b"x" * 70_000).status_code in (403, 413)
    assert len(texts(before(24))) == 1


def test_a_stranger_is_answered_as_silently(app: Flask):
    form, headers = incoming(HOOK, From="+12125550199", Body="I cannot feel my legs")
    answer = app.test_client().post("/webhooks/twilio", data=form, headers=headers)
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    assert answer.text == '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def test_a_number_that_is_no_mobile_is_refused_in_words(app: Flask, texts: Callable[..., list[str]]):
    rosa = Rosa(app)
    rosa.private_page = rosa.book(THURSDAY_TEN.isoformat(), pt_phone="(800) 555-0199")
    page = rosa.open(f"{rosa.private_page}/text-messages")
    assert "the number you gave can’t be one" in page.text
    assert not page.offers("Save")
    refused = rosa.send(page.path, [("agreed", "yes"), ("csrf_token", "")])
    assert (refused.status, "can’t be one" in refused.text) == (422, True)
    assert texts(before(24)) == []


def test_a_number_of_another_country_is_refused_in_words(app: Flask, texts: Callable[..., list[str]]):
    rosa = Rosa(app)
    rosa.private_page = rosa.book(THURSDAY_TEN.isoformat(), pt_phone="+53 5 1234567")
    page = rosa.open(f"{rosa.private_page}/text-messages")
    assert "the number you gave is of another country" in page.text
    assert not page.offers("Save")
    refused = rosa.send(page.path, [("agreed", "yes"), ("csrf_token", "")])
    assert (refused.status, "of another country" in refused.text) == (422, True)
    assert texts(before(24)) == []


def test_the_box_has_to_be_ticked(booked: Rosa, texts: Callable[..., list[str]]):
    booked.open(f"{booked.private_page}/text-messages")
    assert booked.press("Save").status == 422
    assert "Tick the box" in booked.page.text
    assert texts() == []


def test_a_stale_form_keeps_what_was_ticked(booked: Rosa, texts: Callable[..., list[str]]):
    page = booked.open(f"{booked.private_page}/text-messages")
    again = booked.send(page.path, [("agreed", "yes"), ("csrf_token", "forged")])
    assert again.status == 422
    assert again.form_with("Save").ticked("agreed") == ["yes"]
    assert texts() == []


def cancel_by_therapist(therapist: Therapist) -> None:
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    therapist.follow("Cancel")
    therapist.press("Cancel the visit and pay $120.00 back")


def move_by_therapist(therapist: Therapist, on: str, at: str) -> None:
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    therapist.follow("Move")
    therapist.page.form_with("Move it to this time").fill("on", on)
    therapist.page.form_with("Move it to this time").fill("at", at)
    therapist.press("Move it to this time")


@pytest.mark.usefixtures("rosa")
def test_a_move_at_short_notice_is_told_after_the_time_to_undo(
    therapist: Therapist, clock: FixedClock, texts: Callable[..., list[str]]
):
    clock.now = before(30)
    move_by_therapist(therapist, "2026-06-05", "11:00")
    assert texts() == []
    [text] = texts(clock.now + timedelta(minutes=11))
    assert "Your online appointment has moved to Fri, Jun 5, 11:00 am EDT." in text


@pytest.mark.usefixtures("rosa")
def test_a_move_of_a_visit_days_away_is_left_to_mail(
    therapist: Therapist, clock: FixedClock, texts: Callable[..., list[str]]
):
    clock.now = before(60)
    move_by_therapist(therapist, "2026-06-05", "11:00")
    assert texts(clock.now + timedelta(minutes=11)) == []


@pytest.mark.usefixtures("rosa")
def test_a_change_undone_in_time_is_never_told(
    therapist: Therapist, clock: FixedClock, texts: Callable[..., list[str]]
):
    clock.now = before(30)
    move_by_therapist(therapist, "2026-06-05", "11:00")
    therapist.open("/therapist")
    therapist.press("Undo for Rosa Marin")
    assert texts(clock.now + timedelta(minutes=11)) == []


@pytest.mark.usefixtures("rosa")
def test_a_cancellation_at_short_notice_that_cannot_be_delivered_is_hers_to_tell(
    therapist: Therapist, clock: FixedClock, double: TwilioDouble, texts: Callable[..., list[str]]
):
    clock.now = before(3)
    cancel_by_therapist(therapist)
    double.faults = [Fault.DROPPED, Fault.DROPPED]
    told = texts(clock.now + timedelta(minutes=11))
    told += texts(clock.now + timedelta(minutes=2))
    assert len(told) == 2
    assert set(told) == {told[0]}
    assert f"Your online appointment on {WHEN} is cancelled." in told[0]
    assert "may not have arrived" in therapist.open("/therapist").text


@pytest.mark.usefixtures("rosa")
def test_a_slow_or_broken_gateway_holds_up_no_mail(
    double: TwilioDouble, texts: Callable[..., list[str]], mails: Callable[[str], list[EmailMessage]]
):
    double.faults = [Fault.ERROR_500, Fault.RATE_LIMITED]
    assert texts(before(24)) == []
    assert mails("rosa.marin@example.com")[-1]["Subject"] == "Your appointment on Thursday, June 4"
    assert texts(before(23)) == []
    assert len(texts(before(22))) == 1


def test_without_it_there_is_no_trace_of_it(make_app: Callable[..., Flask]):
    rosa = Patient(make_app())
    private_page = rosa.book(THURSDAY_TEN.isoformat())
    assert "Text messages about your visits" not in rosa.open(private_page).links
    assert rosa.open(f"{private_page}/text-messages").status == 404
    assert rosa.client.post("/webhooks/twilio", data={}).status_code == 404
    assert "text message" not in rosa.open("/privacy").text


def test_the_privacy_page_says_who_sees_them(app: Flask):
    privacy = Patient(app).open("/privacy").text
    assert "Emails, text messages, calendar entries" in privacy
    assert "Only if you ask for text messages: the company that sends them for us and the phone" in privacy


def test_in_the_demo_they_lie_beside_the_mails(make_app: Callable[..., Flask], tmp_path):
    app = make_app(SMS_DEMO="1")
    rosa = Rosa(app)
    rosa.private_page = rosa.book(THURSDAY_TEN.isoformat())
    rosa.ask()
    with app.app_context():
        app.test_cli_runner().invoke(args=["worker", "--once"])
    [file] = (tmp_path / "data" / "text_messages").glob("*.txt")
    assert file.read_text(encoding="utf-8").startswith(f"{PHONE}\n")
    inbox = rosa.open("/mail").text
    assert "Text messages, DEMO only" in inbox
    assert "You asked for text messages" in inbox
    assert app.test_client().post("/webhooks/twilio", data={}).status_code == 403
