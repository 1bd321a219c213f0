"""Receipts on the private page."""

import io
from collections.abc import Callable

from flask import Flask
from pypdf import PdfReader

from tests.journeys.patient import EARLIEST, Patient

LATER = "2026-06-01T17:00:00+00:00"


def test_whoever_paid_finds_a_receipt_to_fetch(patient: Patient):
    private_page = patient.book()
    address = patient.page.links["Receipt DEMO-R-000001 (PDF)"]
    assert address == f"{private_page}/receipt/DEMO-R-000001.pdf"
    answer = patient.client.get(address)
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Content-Disposition"] == "attachment; filename=DEMO-R-000001.pdf"
    [page] = PdfReader(io.BytesIO(answer.data)).pages
    text = page.extract_text()
    assert "Rosa Marin" in text
    assert "no money was taken" in text
    for word in ("Physical", "Online consultation", "pain", "Albany", private_page.removeprefix("/b/")):
        assert word not in text


def test_a_receipt_is_shown_on_the_page_of_its_own_booking_only(app: Flask, patient: Patient):
    private_page = patient.book(EARLIEST)
    another = Patient(app).book(LATER, pt_name="Ben Early")
    assert patient.client.get(f"{another}/receipt/DEMO-R-000002.pdf").status_code == 200
    for address in (
        f"{private_page}/receipt/DEMO-R-000002.pdf",
        f"{private_page}/receipt/R-000001.pdf",
        f"{private_page}/receipt/x.pdf",
        "/b/unknown/receipt/DEMO-R-000001.pdf",
    ):
        assert patient.client.get(address).status_code == 404


def test_after_cancelling_a_credit_note_stands_beside_it(patient: Patient, run_worker: Callable[[], None]):
    private_page = patient.book("2026-06-03T14:00:00+00:00")
    patient.open(f"{private_page}/cancel")
    patient.press("Cancel my visit and get $120.00 back")
    run_worker()
    page = patient.open(private_page)
    assert "Credit note DEMO-C-000001 (PDF)" in page.links
    assert "Receipt DEMO-R-000001 (PDF)" in page.links
