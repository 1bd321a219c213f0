"""What came in, what went back, and what needs her."""

import csv
import io
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import update

from consult.core.clock import FixedClock
from consult.deps import deps
from consult.payments.alerts import AlertKind, raise_alert
from consult.payments.models import Payment
from tests.journeys.page import Page
from tests.journeys.patient import Patient, Therapist

Rows = Callable[[str], list[tuple]]
NOTE = "Sent by bank transfer on June 2."


@pytest.fixture
def alert(app: Flask) -> Callable[..., uuid.UUID]:
    def raise_(kind: AlertKind, **about: object) -> uuid.UUID:
        with app.app_context():
            d = deps()
            with d.transaction():
                row = raise_alert(d.session, f"{kind}-{about}", kind, d.now(), **about)
                assert row is not None
                return row.id

    return raise_


def make_real(app: Flask) -> None:
    """As if it had been paid at Stripe."""
    with app.app_context():
        d = deps()
        with d.transaction():
            d.session.execute(update(Payment).values(livemode=True))


def open_money(therapist: Therapist, query: str = "") -> Page:
    therapist.sign_in()
    return therapist.open(f"/therapist/money{query}")


def test_a_practice_without_money_says_so(therapist: Therapist):
    page = open_money(therapist)
    assert page.heading == "Money"
    assert "Needs you Nothing." in page.text
    assert "Today No money moved." in page.text
    assert "Not compared with the payment company yet." in page.text
    assert "CSV" not in page.text


def test_play_money_is_no_revenue(patient: Patient, therapist: Therapist):
    patient.book()
    text = open_money(therapist).text
    assert "Today No money moved. Play money Demo or test, no revenue: Charged $120.00" in text
    assert "$120.00 Paid Demo" in text


def test_money_of_stripes_test_mode_is_called_a_test(app: Flask, patient: Patient, therapist: Therapist):
    patient.book()
    with app.app_context():
        d = deps()
        with d.transaction():
            d.session.execute(update(Payment).values(gateway="stripe"))
    assert "$120.00 Paid Test" in open_money(therapist).text


def test_real_money_is_summed_with_its_entries_below(app: Flask, patient: Patient, therapist: Therapist):
    patient.book()
    make_real(app)
    page = open_money(therapist)
    assert "Today Charged $120.00 Sent back $0.00 Contested $0.00 Net $120.00" in page.text
    assert "$120.00 Paid Monday, June 1, 2026, 8:00 am" in page.text
    assert "Rosa" not in page.text
    answer = therapist.client.get(page.links["DEMO-R-000001 (PDF)"])
    assert "Rosa Marin" in PdfReader(io.BytesIO(answer.data)).pages[0].extract_text()


def test_months_are_hers_by_her_own_clock(patient: Patient, therapist: Therapist, clock: FixedClock):
    clock.advance(timedelta(days=29, hours=15, minutes=30))
    patient.book("2026-07-02T14:00:00+00:00")
    page = open_money(therapist)
    assert "$120.00 Paid Demo Tuesday, June 30, 2026, 11:30 pm" in page.text
    assert "This month No money moved. Play money" in page.text
    assert "July" not in page.text
    clock.advance(timedelta(hours=1))
    page = open_money(therapist)
    assert "This month No money moved. Open" in page.text
    assert "July 2026" in page.text
    assert "$120.00 Paid" not in page.text
    assert "$120.00 Paid" in therapist.open("/therapist/money?month=2026-06").text


@pytest.mark.parametrize("month", ["", "x", "2026-13", "0001-01", "9999-12", "2026-06-01", "２０２６-06"])
def test_a_month_that_is_none_is_the_present_one(therapist: Therapist, month: str):
    page = open_money(therapist, f"?month={month}")
    assert (page.status, page.heading) == (200, "Money")
    assert "June 2026" in page.text


def test_the_table_has_a_row_for_each_entry_and_no_name(patient: Patient, therapist: Therapist):
    patient.book()
    therapist.sign_in()
    answer = therapist.client.get("/therapist/money.csv?month=2026-06")
    assert answer.content_type.startswith("text/csv; charset=utf-8")
    assert answer.headers["Content-Disposition"] == "attachment; filename=money-2026-06.csv"
    assert answer.headers["Cache-Control"] == "no-store"
    [row] = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert row["posted_at_utc"] == "2026-06-01T12:00:00+00:00"
    assert row["posted_at_local"] == "2026-06-01T08:00:00-04:00"
    assert (row["kind"], row["amount"], row["currency"]) == ("charge", "120.00", "USD")
    assert (row["real_money"], row["document"]) == ("no", "DEMO-R-000001")
    assert "Rosa" not in answer.text
    assert len(therapist.client.get("/therapist/money.csv?month=2026-05").text.splitlines()) == 1


def test_what_needs_her_comes_first_and_is_counted_in_the_navigation(
    therapist: Therapist, alert: Callable[..., uuid.UUID]
):
    alert(AlertKind.DISPUTE, gateway_ref="dp_1")
    alert(AlertKind.LATE_REFUNDED)
    therapist.sign_in()
    page = therapist.open("/therapist")
    assert "Money (1" in page.text
    page = therapist.open("/therapist/money")
    assert page.text.index("dp_1") < page.text.index("Money came for a visit") < page.text.index("This month")


def test_every_kind_of_alert_is_said_in_words(
    therapist: Therapist, alert: Callable[..., uuid.UUID], subtests
):
    for kind in AlertKind:
        alert(kind, gateway_ref=f"ref-{kind}")
    page = open_money(therapist)
    assert page.status == 200
    for kind in AlertKind:
        with subtests.test(kind=kind.value):
            assert f"ref-{kind}" in page.text


def test_an_alert_is_settled_with_a_note_and_only_then_gone(
    therapist: Therapist, alert: Callable[..., uuid.UUID], rows: Rows
):
    alert_id = alert(AlertKind.REFUND_FAILED)
    open_money(therapist)
    page = therapist.press("Settled")
    assert page.status == 422
    assert list(page.errors.values()) == ["Write a few words about how you settled this."]
    assert rows("SELECT settled_at FROM money_alert") == [(None,)]

    page.form_with("Settled").fill(f"note-{alert_id}", "x" * 301)
    page = therapist.press("Settled")
    assert list(page.errors.values()) == ["Shorten this to 300 characters."]

    page.form_with("Settled").fill(f"note-{alert_id}", NOTE)
    page = therapist.press("Settled")
    assert (page.status, page.path) == (200, "/therapist/money")
    assert "Settled. Needs you Nothing." in page.text
    assert rows("SELECT settled_note FROM money_alert") == [(NOTE,)]


def test_what_only_informs_is_seen_without_a_word(therapist: Therapist, alert: Callable[..., uuid.UUID]):
    alert(AlertKind.DISPUTE_WON)
    open_money(therapist)
    assert "Needs you Nothing." in therapist.press("Seen").text


def test_an_alert_settled_meanwhile_or_unknown_leads_back_to_the_page(
    therapist: Therapist, alert: Callable[..., uuid.UUID], rows: Rows
):
    alert_id = alert(AlertKind.REFUND_FAILED)
    page = open_money(therapist)
    page.form_with("Settled").fill(f"note-{alert_id}", NOTE)
    therapist.press("Settled")
    therapist.page = page
    page.form_with("Settled").fill(f"note-{alert_id}", "Something else")
    assert therapist.press("Settled").path == "/therapist/money"
    assert rows("SELECT settled_note FROM money_alert") == [(NOTE,)]


def test_a_note_sent_with_a_stale_page_is_kept_and_nothing_settled(
    therapist: Therapist, alert: Callable[..., uuid.UUID], rows: Rows, send_with_forged_token
):
    alert_id = alert(AlertKind.REFUND_FAILED)
    page = open_money(therapist)
    page.form_with("Settled").fill(f"note-{alert_id}", NOTE)
    page = send_with_forged_token(therapist, "Settled")
    assert page.status == 422
    assert page.form_with("Settled").value(f"note-{alert_id}") == NOTE
    assert rows("SELECT settled_at FROM money_alert") == [(None,)]


def test_what_stands_on_receipts_is_hers_to_change(patient: Patient, therapist: Therapist):
    open_money(therapist)
    page = therapist.follow("Change what stands on them")
    page.form_with("Save").fill("receipt_address", "1\n2\n3\n4\n5\n6\n7")
    page = therapist.press("Save")
    assert page.status == 422
    assert list(page.errors.values()) == ["Give at most 6 lines of up to 60 characters."]
    form = page.form_with("Save")
    form.fill("receipt_address", "1 Quay\nAlbany")
    form.fill("tax_number", "12-345")
    page = therapist.press("Save")
    assert "Saved. What was issued before keeps what it says." in page.text
    patient.book()
    answer = therapist.client.get("/therapist/money/documents/DEMO-R-000001.pdf")
    text = PdfReader(io.BytesIO(answer.data)).pages[0].extract_text()
    for part in ("Dr. Olivia Patel", "1 Quay", "Albany", "Tax number: 12-345"):
        assert part in text


def test_a_document_that_was_never_issued_is_not_found(therapist: Therapist):
    therapist.sign_in()
    assert therapist.client.get("/therapist/money/documents/R-000001.pdf").status_code == 404
