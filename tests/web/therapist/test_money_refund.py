"""A refund that never goes out, and what she and the patient read once it was paid back in another way."""

import csv
import io
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask

from consult.core.clock import FixedClock
from consult.deps import deps
from consult.payments.demo_gateway import DemoGateway, Fault
from consult.payments.refund_service import MAX_ATTEMPTS
from tests.journeys.page import Page
from tests.journeys.patient import Patient, Therapist

Rows = Callable[[str], list[tuple]]
LINK = "I have paid this back in another way"
BUTTON = "I have paid it back"
NOTE = "Bank transfer of June 2"
STATES = "SELECT state FROM refund"
WEDNESDAY = "2026-06-03T14:00:00+00:00"
NO_ALERT_LEFT = "Needs you Nothing."


@pytest.fixture
def demo(app: Flask) -> Iterator[DemoGateway]:
    with app.app_context():
        gateway = deps().ports.gateway
    assert isinstance(gateway, DemoGateway)
    return gateway


@pytest.fixture
def private_page(patient: Patient) -> str:
    """Of a visit that its patient has cancelled, with all of the money to go back."""
    page = patient.book(WEDNESDAY)
    patient.open(f"{page}/cancel")
    patient.press("Cancel my visit and get $120.00 back")
    return page


@pytest.fixture
def stuck(
    private_page: str, demo: DemoGateway, run_worker: Callable[[], None], clock: FixedClock, rows: Rows
) -> str:
    """The private page, and the refund was tried in vain until she is told."""
    while rows("SELECT attempts FROM refund") < [(MAX_ATTEMPTS,)]:
        demo.faults = [Fault.DOWN_BEFORE]
        run_worker()
        clock.advance(timedelta(hours=5))
    return private_page


def open_money(therapist: Therapist) -> Page:
    therapist.sign_in()
    return therapist.open("/therapist/money")


def link_to_it(page: Page) -> str:
    return next(words for words in page.links if words.startswith(LINK))


def enter(therapist: Therapist, note: str = NOTE) -> Page:
    therapist.follow(link_to_it(therapist.page))
    therapist.page.form_with(BUTTON).fill("note", note)
    return therapist.press(BUTTON)


def test_row_21_a_stuck_refund_is_ended_from_its_alert_and_everybody_reads_what_is_true(
    stuck: str,
    patient: Patient,
    therapist: Therapist,
    run_worker: Callable[[], None],
    clock: FixedClock,
    rows: Rows,
):
    page = open_money(therapist)
    assert "It is tried again once a day" in page.text
    assert not page.offers("Settled")
    page = enter(therapist)
    assert (page.status, page.path) == (200, "/therapist/money")
    assert f"Entered. No later try sends this refund. {NO_ALERT_LEFT}" in page.text
    assert "Paid back in another way $120.00 Net $0.00" in page.text
    assert (
        f"-$120.00 Paid back in another way Play money Tuesday, June 2, 2026, 9:00 am · {NOTE}" in page.text
    )
    assert "None on their way, and none failed." in page.text

    clock.advance(timedelta(days=2))
    run_worker()
    assert rows(STATES) == [("canceled",)]
    assert rows("SELECT kind, amount_minor FROM ledger_entry") == [("charge", 12_000)]
    assert rows("SELECT count(*) FROM demo_refund") == [(0,)]
    text = patient.open(stuck).text
    assert "We paid $120.00 back to you in another way , not to your card." in text
    assert "not paid back" not in text
    assert "sent back to your card" not in text

    therapist.sign_in()
    table = therapist.client.get("/therapist/money.csv?month=2026-06").text
    entry = list(csv.DictReader(io.StringIO(table, newline="")))[-1]
    assert (entry["kind"], entry["amount"], entry["note"]) == ("paid_outside", "-120.00", NOTE)
    assert (entry["gateway"], entry["document"], entry["real_money"]) == ("", "", "no")


def test_a_waiting_refund_is_ended_from_the_list_and_only_with_a_note(
    private_page: str, therapist: Therapist, rows: Rows
):
    open_money(therapist)
    page = enter(therapist, " ")
    assert page.status == 422
    assert list(page.errors.values()) == ["Write a few words about how you paid it back."]
    page.form_with(BUTTON).fill("note", "x" * 301)
    page = therapist.press(BUTTON)
    assert list(page.errors.values()) == ["Shorten this to 300 characters."]
    assert rows(STATES) == [("requested",)]
    page.form_with(BUTTON).fill("note", NOTE)
    assert therapist.press(BUTTON).path == "/therapist/money"
    assert rows(STATES) == [("canceled",)]


def test_row_21_a_refund_that_failed_is_ended_from_its_alert(
    private_page: str,
    demo: DemoGateway,
    patient: Patient,
    therapist: Therapist,
    run_worker: Callable[[], None],
    rows: Rows,
):
    demo.faults = [None, Fault.REFUSE]
    run_worker()
    assert "We could not send $120.00 back to your card yet." in patient.open(private_page).text
    assert "If you need not pay it back: how was it settled?" in open_money(therapist).text
    assert NO_ALERT_LEFT in enter(therapist).text
    text = patient.open(private_page).text
    assert "We paid $120.00 back to you in another way" in text
    assert "could not send" not in text


def test_what_was_sent_meanwhile_is_refused_and_says_so(
    private_page: str,
    demo: DemoGateway,
    therapist: Therapist,
    run_worker: Callable[[], None],
    clock: FixedClock,
    rows: Rows,
):
    demo.faults = [None, Fault.DOWN_AFTER]
    run_worker()
    clock.advance(timedelta(minutes=3))
    open_money(therapist)
    page = enter(therapist)
    assert page.status == 409
    assert "The payment company has sent this refund." in page.text
    assert not page.offers(BUTTON)
    assert rows(STATES) == [("succeeded",)]
    assert rows("SELECT sum(amount_minor) FROM ledger_entry") == [(0,)]


def test_while_it_is_tried_or_nobody_answers_nothing_is_entered_and_the_note_is_kept(
    private_page: str,
    demo: DemoGateway,
    therapist: Therapist,
    run_worker: Callable[[], None],
    clock: FixedClock,
    rows: Rows,
):
    demo.faults = [Fault.DOWN_BEFORE]
    run_worker()
    open_money(therapist)
    page = enter(therapist)
    assert (page.status, page.form_with(BUTTON).value("note")) == (409, NOTE)
    assert "may be on its way" in page.text
    clock.advance(timedelta(minutes=3))
    demo.faults = [Fault.DOWN_BEFORE]
    page = therapist.press(BUTTON)
    assert (page.status, page.form_with(BUTTON).value("note")) == (503, NOTE)
    assert "The payment company gives no answer, so nothing was entered." in page.text
    assert rows(STATES) == [("requested",)]


def test_a_stale_page_enters_nothing_and_keeps_the_note(
    private_page: str, therapist: Therapist, rows: Rows, send_with_forged_token
):
    therapist.follow(link_to_it(open_money(therapist)))
    therapist.page.form_with(BUTTON).fill("note", NOTE)
    page = send_with_forged_token(therapist, BUTTON)
    assert (page.status, page.form_with(BUTTON).value("note")) == (422, NOTE)
    assert rows(STATES) == [("requested",)]


def test_a_refund_that_is_over_leads_back_to_the_page_and_an_unknown_one_is_not_found(
    private_page: str, therapist: Therapist, run_worker: Callable[[], None], rows: Rows
):
    page = open_money(therapist)
    where = page.links[link_to_it(page)]
    run_worker()
    assert rows(STATES) == [("succeeded",)]
    assert therapist.open(where).path == "/therapist/money"
    assert therapist.open(f"/therapist/money/refunds/{uuid.uuid4()}").status == 404
    assert therapist.open("/therapist/money/refunds/x").status == 404


def test_nobody_else_may_enter_it(private_page: str, patient: Patient, rows: Rows):
    [(refund_id,)] = rows("SELECT id FROM refund")
    assert patient.open(f"/therapist/money/refunds/{refund_id}").path == "/login"
