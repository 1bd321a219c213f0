"""Reminders of a visit: when they come, what they say, and how they are turned off."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from flask import Flask

from consult.core.clock import FixedClock

from .patient import Patient

THURSDAY_TEN = datetime(2026, 6, 4, 14, 0, tzinfo=UTC)
ROSA = "rosa.marin@example.com"
DAY_BEFORE, SOON = "Your appointment on Thursday, June 4", "Your appointment starts soon"
QUESTIONS = "Some questions before your appointment are still open"


@pytest.fixture
def subjects(
    clock: FixedClock, run_worker: Callable[[], None], mails: Callable[[str], list[EmailMessage]]
) -> Callable[..., list[str]]:
    """The subjects of what Rosa was sent anew, with the worker at its work until this moment."""
    seen = 0

    def look(now: datetime) -> list[str]:
        nonlocal seen
        clock.now = now
        run_worker()
        run_worker()
        found = [str(mail["Subject"]) for mail in mails(ROSA)]
        fresh, seen = found[seen:], len(found)
        return fresh

    return look


class Rosa(Patient):
    private_page: str


@pytest.fixture
def rosa(app: Flask, clock: FixedClock, subjects: Callable[..., list[str]]) -> Rosa:
    """With a visit on Thursday at ten, booked on Monday."""
    rosa = Rosa(app)
    rosa.private_page = rosa.book(THURSDAY_TEN.isoformat())
    assert subjects(clock.now) == ["Your appointment is booked"]
    return rosa


def before(hours: float) -> datetime:
    return THURSDAY_TEN - timedelta(hours=hours)


@pytest.mark.usefixtures("rosa")
def test_each_reminder_comes_once_and_at_its_time(subjects: Callable[..., list[str]]):
    assert subjects(before(73)) == []
    assert subjects(before(72)) == [QUESTIONS]
    assert subjects(before(71)) == []
    assert subjects(before(48)) == [QUESTIONS]
    assert subjects(before(24.1)) == []
    assert subjects(before(24)) == [DAY_BEFORE]
    assert subjects(before(1.1)) == []
    assert subjects(before(1)) == [SOON]
    assert subjects(before(0.5)) == []
    assert subjects(before(-1)) == []


@pytest.mark.usefixtures("rosa")
def test_a_worker_that_was_off_does_not_tell_of_tomorrow_when_it_is_today(subjects: Callable[..., list[str]]):
    assert subjects(before(11)) == []
    assert subjects(before(0.1)) == []


def test_whoever_books_shortly_before_is_not_reminded_at_once(
    app: Flask, clock: FixedClock, subjects: Callable[..., list[str]]
):
    clock.now = before(23)
    Patient(app).book(THURSDAY_TEN.isoformat())
    assert subjects(before(22.9)) == ["Your appointment is booked"]
    assert subjects(before(1)) == [SOON]


def test_a_moved_visit_is_reminded_of_at_its_new_time_only(
    rosa: Rosa, clock: FixedClock, subjects: Callable[..., list[str]]
):
    clock.now = before(71)
    rosa.open(rosa.private_page)
    rosa.follow("Move my visit")
    rosa.fill(start="2026-06-05T14:00:00+00:00")
    rosa.press("Move my visit to this time")
    assert subjects(before(70)) == ["Your appointment has moved"]
    assert subjects(before(48.1)) == []
    assert subjects(before(48)) == [QUESTIONS]
    assert subjects(before(24)) == [QUESTIONS]
    assert subjects(before(0)) == ["Your appointment on Friday, June 5"]


def test_a_cancelled_visit_is_not_reminded_of(rosa: Rosa, subjects: Callable[..., list[str]]):
    rosa.open(rosa.private_page)
    rosa.follow("Cancel my visit")
    rosa.press("Cancel my visit and get $120.00 back")
    subjects(before(72))
    for hours in (72, 48, 24, 1):
        assert subjects(before(hours)) == []


def test_a_visit_on_hold_for_safety_is_not_reminded_of(rosa: Rosa, subjects: Callable[..., list[str]]):
    rosa.open(f"{rosa.private_page}/intake")
    rosa.fill(bm_regions=["lowback_r", "saddle"], bm_main="saddle", bm_spread="other")
    rosa.press("Save and continue")
    rosa.fill_in_intake(fe_numb="both", fe_ntrend="same")
    subjects(before(73))
    for hours in (72, 48, 24, 1):
        assert subjects(before(hours)) == []


def test_whoever_has_finished_is_not_asked_for_answers(
    rosa: Rosa, subjects: Callable[..., list[str]], mails: Callable[[str], list[EmailMessage]]
):
    rosa.send_intake(rosa.private_page)
    assert subjects(before(72)) == []
    assert subjects(before(24)) == [DAY_BEFORE]
    assert "still open" not in mails(ROSA)[-1].get_body(("plain",)).get_content()


def test_the_mail_says_where_to_answer_and_where_to_turn_it_off(
    rosa: Rosa, subjects: Callable[..., list[str]], mails: Callable[[str], list[EmailMessage]]
):
    subjects(before(24))
    mail = mails(ROSA)[-1]
    text = mail.get_body(("plain",)).get_content()
    off = re.fullmatch(r"<(http://localhost/reminders/[\w-]{43}/off)>", mail["List-Unsubscribe"].strip())
    assert off
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert off[1].removesuffix("/off") in text
    assert f"{rosa.private_page}/intake" in text
    assert "Thursday, June 4" in text


def test_one_click_turns_all_of_them_off_but_not_what_is_necessary(
    app: Flask,
    rosa: Rosa,
    subjects: Callable[..., list[str]],
    mails: Callable[[str], list[EmailMessage]],
):
    subjects(before(24))
    off = mails(ROSA)[-1]["List-Unsubscribe"].strip(" <>")
    stranger = app.test_client()
    answer = stranger.get(off)
    assert answer.status_code == 303
    assert subjects(before(24)) == []
    assert stranger.post(off, data={"List-Unsubscribe": "One-Click"}).status_code == 204
    assert subjects(before(1)) == []


def test_each_kind_can_be_chosen_on_the_page(
    rosa: Rosa, subjects: Callable[..., list[str]], mails: Callable[[str], list[EmailMessage]]
):
    subjects(before(48))
    rosa.open(mails(ROSA)[-1]["List-Unsubscribe"].strip(" <>").removesuffix("/off"))
    rosa.page.form_with("Save").fill("reminder_day_before", False)
    assert "Saved." in rosa.press("Save").text
    assert subjects(before(24)) == [QUESTIONS]
    assert subjects(before(1)) == [SOON]


def test_an_unknown_link_is_not_found(app: Flask):
    assert app.test_client().get("/reminders/nothing").status_code == 404
    assert app.test_client().post("/reminders/nothing/off").status_code == 404
