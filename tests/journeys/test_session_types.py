"""More than one kind of visit, one that is retired meanwhile, and none at all."""

import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from consult.core.clock import FixedClock
from consult.deps import deps
from consult.scheduling.models import SessionType

from .patient import EARLIEST, Patient

Rows = Callable[[str], list[tuple]]
ONE = "2026-06-01T17:00:00+00:00"
SHORT = "Follow-up"


@pytest.fixture
def follow_up(app: Flask) -> str:
    """A second kind on offer; its id."""
    with app.app_context():
        d = deps()
        with d.transaction():
            first = d.session.scalars(select(SessionType)).one()
            d.session.add(
                row := SessionType(
                    id=uuid.uuid4(),
                    schedule_id=first.schedule_id,
                    name=SHORT,
                    minutes=30,
                    price_minor=8_000,
                    currency="usd",
                    buffer_before_minutes=0,
                    buffer_after_minutes=15,
                    position=first.position + 1,
                    active=True,
                )
            )
        return str(row.id)


@pytest.fixture
def change(tmp_path: Path) -> Callable[[str], None]:
    """What the therapist changes meanwhile, in the database file."""

    def run(statement: str) -> None:
        with closing(sqlite3.connect(tmp_path / "data" / "consult.db")) as connection, connection:
            connection.execute(statement)
            connection.execute("UPDATE schedule SET rules_version = rules_version + 1")

    return run


SHORT_BUTTON = f"{SHORT}, 30 minutes, $80.00"
LONG = "Online session, 45 minutes, $120.00"


def test_with_one_kind_nothing_is_asked(patient: Patient):
    assert "45 minutes by video $120.00, paid when you book" in patient.open("/").text
    assert "Kind of visit" not in patient.pass_safety_check().text


def test_every_kind_is_named_with_its_length_and_price(patient: Patient, follow_up: str):
    page = patient.open("/")
    assert "30 or 45 minutes by video From $80.00, paid when you book" in page.text
    assert "Follow-up : 30 minutes, $80.00" in page.text
    page = patient.pass_safety_check()
    assert f"{LONG} Chosen" in page.text
    assert page.offers(SHORT_BUTTON)
    assert "45 minutes by video with Dr. Olivia Patel, $120.00" in page.text


def test_the_kind_chosen_is_booked_at_its_own_length_and_price(patient: Patient, follow_up: str, rows: Rows):
    patient.pass_safety_check()
    page = patient.press(SHORT_BUTTON)
    assert page.path == "/book/time"
    assert "30 minutes by video with Dr. Olivia Patel, $80.00" in page.text
    assert f"{SHORT_BUTTON} Chosen" in page.text
    assert page.offers(LONG)
    patient.choose_time(EARLIEST)
    patient.tell_about_myself()
    patient.agree()
    assert "10:00 am to 10:30 am" in patient.page.text
    patient.press("Go to payment of $80.00")
    assert patient.pay().heading == "You're booked, Rosa"
    assert rows("SELECT amount_minor FROM ledger_entry") == [(8_000,)]


def test_another_kind_gives_the_held_time_back_and_needs_no_code(
    patient: Patient, another_patient: Patient, follow_up: str, rows: Rows
):
    patient.pass_safety_check()
    patient.choose_time(ONE)
    page = patient.open("/book/time")
    assert "Choosing another kind gives back the time held for you." in page.text
    patient.press(SHORT_BUTTON)
    assert rows("SELECT status FROM appointment") == [("released",)]
    patient.choose_time(ONE)
    assert patient.page.path == "/book/about/you"


def test_the_same_kind_again_changes_nothing(patient: Patient, follow_up: str, rows: Rows, change):
    patient.pass_safety_check()
    patient.choose_time(ONE)
    change("UPDATE session_type SET price_minor = 15000 WHERE minutes = 45")
    [(chosen,)] = rows("SELECT session_type_id FROM booking")
    page = patient.open("/book/time")
    patient.send("/book/type", [("csrf_token", page.form.value("csrf_token")), ("type", chosen)])
    assert rows("SELECT status FROM appointment") == [("held",)]
    assert rows("SELECT price_minor FROM booking") == [(12_000,)]
    assert LONG in patient.page.text


def test_the_price_is_that_of_the_moment_it_was_chosen(patient: Patient, follow_up: str, change, rows: Rows):
    patient.pass_safety_check()
    patient.press(SHORT_BUTTON)
    change("UPDATE session_type SET price_minor = 9900")
    assert "$80.00" in patient.open("/book/time").text
    assert rows("SELECT price_minor FROM booking") == [(8_000,)]


def test_what_is_being_paid_for_is_closed_before_the_kind_changes(
    patient: Patient, follow_up: str, rows: Rows
):
    patient.come_to_check(ONE)
    pay_page = patient.go_to_payment()
    patient.open("/book/time")
    patient.press(SHORT_BUTTON)
    patient.page = pay_page
    assert not patient.pay().path.startswith("/b/")
    assert rows("SELECT * FROM ledger_entry") == []


@pytest.mark.parametrize("type_id", ["", "x", "11111111-1111-4111-8111-111111111111"])
def test_a_kind_that_is_not_on_offer_is_not_chosen(
    patient: Patient, follow_up: str, rows: Rows, type_id: str
):
    patient.pass_safety_check()
    before = rows("SELECT session_type_id, price_minor FROM booking")
    token = patient.page.form.value("csrf_token")
    page = patient.send("/book/type", [("csrf_token", token), ("type", type_id)])
    assert "That kind of visit is no longer offered." in page.text
    assert rows("SELECT session_type_id, price_minor FROM booking") == before


def test_a_kind_retired_meanwhile_is_told_and_the_others_are_offered(
    patient: Patient, follow_up: str, change, rows: Rows
):
    patient.pass_safety_check()
    change("UPDATE session_type SET active = 0 WHERE minutes = 45")
    page = patient.choose_time(ONE)
    assert (page.status, page.path) == (409, "/book/time")
    assert "The kind of visit you had chosen is no longer offered." in page.text
    assert not page.offers("Continue with this time")
    assert page.offers(SHORT_BUTTON)
    assert LONG not in page.text
    assert patient.open("/book/time").text == page.text
    patient.press(SHORT_BUTTON)
    assert patient.choose_time(ONE).path == "/book/about/you"
    assert rows("SELECT price_minor FROM booking") == [(8_000,)]


def test_a_time_held_before_its_kind_was_retired_can_still_be_paid(patient: Patient, follow_up: str, change):
    patient.come_to_check(ONE)
    change("UPDATE session_type SET active = 0 WHERE minutes = 45")
    patient.go_to_payment()
    assert patient.pay().heading == "You're booked, Rosa"


def test_with_nothing_on_offer_the_pages_say_that_booking_is_closed(
    patient: Patient, change, rows: Rows, clock: FixedClock
):
    waiting = Patient(patient.client.application)
    waiting.pass_safety_check()
    patient.open("/book/safety")
    change("UPDATE session_type SET active = 0")
    patient.fill(sc_main=["none"])
    assert patient.press().heading == "Booking is closed at the moment"
    assert "(555) 010-0199" in patient.page.text
    assert rows("SELECT count(*) FROM booking") == [(1,)]
    page = patient.open("/")
    assert "Online booking is closed at the moment." in page.text
    assert "(555) 010-0199" in page.text
    assert "Book an online session" not in page.links
    assert patient.open("/book").heading == "Booking is closed at the moment"
    page = waiting.open("/book/time")
    assert (page.status, page.path) == (200, "/book/time")
    assert "Booking is closed at the moment." in page.text
    assert not page.offers("Continue with this time")


def test_an_emergency_is_answered_also_while_booking_is_closed(patient: Patient, change, rows: Rows):
    patient.open("/book/safety")
    change("UPDATE session_type SET active = 0")
    patient.fill(sc_main=["chest"])
    assert "Stop. Get help now." in patient.press().heading
    assert rows("SELECT * FROM booking") == []


def test_a_time_given_back_for_another_kind_in_another_tab_is_not_said_to_have_run_out(
    patient: Patient, follow_up: str
):
    patient.pass_safety_check()
    patient.choose_time(ONE)
    assert patient.page.path == "/book/about/you"
    patient.open("/book/time")
    patient.press(SHORT_BUTTON)
    page = patient.open("/book/about/you")
    assert page.path == "/book/time"
    assert "it was given back when something was changed" in page.text
    assert "run out" not in page.text


def test_the_kind_is_named_on_the_patients_own_pages_and_in_no_mail_or_calendar(
    patient: Patient,
    follow_up: str,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
):
    patient.pass_safety_check()
    patient.press(SHORT_BUTTON)
    patient.choose_time(ONE)
    patient.tell_about_myself()
    patient.agree()
    assert f"{SHORT}." in patient.page.text
    patient.press("Go to payment of $80.00")
    private_page = patient.pay().path
    assert f"Kind of visit {SHORT}" in patient.page.text
    run_worker()
    assert SHORT.encode() not in patient.client.get(f"{private_page}/appointment.ics").data
    for to in ("rosa.marin@example.com", "olivia.patel@example.com"):
        parts = [part for mail in mails(to) for part in mail.walk() if part.get_content_maintype() == "text"]
        assert parts
        assert not [part for part in parts if SHORT in str(part.get_content())]
