"""The page itself, read back."""

import io
import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from consult.receipts.facts import Issuer, Kind, Mode, Paper
from consult.receipts.pdf import can_print, render

from .test_facts import FACTS

ISSUED_AT = datetime(2026, 6, 3, 12, 30, tzinfo=UTC)
RECEIPT = replace(FACTS, kind=Kind.RECEIPT, belongs_to=None)


def read(facts, number="R-000012"):
    return PdfReader(io.BytesIO(render(facts, number, ISSUED_AT)))


def text_of(facts, number="R-000012"):
    [page] = read(facts, number).pages
    return page.extract_text()


def test_a_receipt_says_who_what_when_and_how_much():
    text = text_of(RECEIPT)
    for part in (
        "Harbour Clinic", "1 Quay", "Albany", "Tax number: 12-345", "Receipt R-000012",
        "Issued on June 3, 2026",
        "Paid on June 1, 2026", "Received from Rosa Marín", "Card", "Online appointment", "June 2, 2026",
        "$120.00", "$240.00 (USD)", "No tax.",
    ):  # fmt: skip
        assert part in text
    assert "DEMO" not in text


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Kind.CREDIT_NOTE, "Credit note R-000012"),
        (Kind.CREDIT_NOTE, "belongs to receipt R-000001"),
        (Kind.CANCELLATION, "cancels credit note R-000001"),
    ],
)
def test_a_correction_names_what_it_corrects(kind, said):
    assert said in text_of(replace(FACTS, kind=kind))


@pytest.mark.parametrize(("mode", "other"), [(Mode.DEMO, "TEST"), (Mode.TEST, "DEMO")])
def test_play_money_is_said_to_be_play_money_first_of_all(mode, other):
    text = text_of(replace(RECEIPT, mode=mode))
    assert text.startswith(mode.upper())
    assert "no money was taken" in text
    assert other not in text


def test_the_same_facts_make_the_same_bytes():
    assert render(RECEIPT, "R-000012", ISSUED_AT) == render(RECEIPT, "R-000012", ISSUED_AT)


def test_the_document_has_a_title_a_language_and_the_day_it_was_issued():
    document = read(RECEIPT)
    assert document.metadata.title == "Receipt R-000012"
    assert document.metadata.creation_date == ISSUED_AT
    assert document.root_object["/Lang"] == "en"


@pytest.mark.parametrize(("paper", "points"), [(Paper.A4, (595, 842)), (Paper.LETTER, (612, 792))])
def test_the_page_is_as_large_as_the_paper(paper, points):
    [page] = read(replace(RECEIPT, paper=paper)).pages
    assert (round(page.mediabox.width), round(page.mediabox.height)) == points


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Zażółć Gęślą-Jaźń", "Zażółć Gęślą-Jaźń"),
        ("Nguyễn Thị Diễm", "Nguyễn Thị Diễm"),
        ("Nguye\u0302\u0303n", "Nguyễn"),
        ("Ελένη Παπαδοπούλου", "Ελένη Παπαδοπούλου"),
        ("Анна Иванова", "Анна Иванова"),
        ("Ro😀sa 👩‍⚕️ Marin", "Rosa Marin"),
        ("ﬁona", "fiona"),
    ],
)
def test_names_are_written_as_far_as_the_font_goes_and_none_comes_into_the_log(name, written, caplog):
    caplog.set_level(logging.DEBUG)
    assert f"Received from {written}" in text_of(replace(RECEIPT, payer=name)).replace("ﬁ", "fi")
    assert name not in caplog.text


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("李小龙", "li@example.com"),
        ("さくら", "li@example.com"),
        ("김민준", "li@example.com"),
        ("محمد", "li@example.com"),
        ("李小龙 (Bruce Lee)", "\ufffd\ufffd\ufffd (Bruce Lee), li@example.com"),
    ],
)
def test_a_name_that_cannot_be_printed_is_not_passed_over_in_silence(name, written, caplog):
    caplog.set_level(logging.DEBUG)
    assert not can_print(name)
    text = " ".join(text_of(replace(RECEIPT, payer=name, payer_email="li@example.com")).split())
    assert f"Received from {written} Means" in text
    assert "The email address says who paid" in text
    assert "?" not in text
    assert ("stands for a letter" in text) is ("Bruce" in name)
    assert name not in caplog.text


@pytest.mark.parametrize("name", ["Nguyễn Thị Diễm", "Анна Иванова", "Ro😀sa 👩‍⚕️ Marin", "ﬁona", ""])
def test_a_name_is_printed_when_no_letter_of_it_is_lost(name):
    assert can_print(name)


def test_letters_that_cannot_be_printed_elsewhere_are_explained():
    text = text_of(replace(RECEIPT, issuer=Issuer("Clinic 東京", "1 Quay", "", "")))
    assert "Clinic \ufffd\ufffd" in text
    assert "\ufffd stands for a letter that cannot be printed here." in text
    # As issued before there was an address to fall back on.
    assert "stands for a letter" in text_of(replace(RECEIPT, payer="李小龙"))
    assert "stands for a letter" not in text_of(RECEIPT)


def test_all_of_it_fits_one_page_however_much_may_be_typed():
    issuer = Issuer("N" * 100, "\n".join(["A" * 60] * 6), "1" * 60, "Not taxed, " * 27)
    facts = replace(
        FACTS,
        mode=Mode.DEMO,
        payer_email="m" * 60 + "@" + "e" * 80 + ".com",
        issuer=issuer,
        payer="Maximiliana 李" * 16,
        paper=Paper.LETTER,
    )
    [page] = read(facts).pages
    heights = []
    page.extract_text(visitor_text=lambda text, _cm, tm, _font, _size: text.strip() and heights.append(tm[5]))
    assert min(heights) > 40
