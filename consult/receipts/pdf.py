"""A receipt or credit note on one page of PDF."""

import unicodedata
from datetime import date, datetime
from functools import cache
from importlib.resources import files

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from .facts import Kind, ReceiptFacts

_FONT = "Roboto"
_FACES = {"": "Roboto-Regular.ttf", "B": "Roboto-Bold.ttf"}
_UNKNOWN = "?"
_MARGIN_MM = 20
_LABEL_MM = 45
_DATE_MM = 45
_AMOUNT_MM = 35
_GREY, _BLACK = (90, 90, 90), (0, 0, 0)
_DEMO = "DEMO"
_NO_MONEY = "This is a demonstration: no money was taken, and none was sent back."

_TITLES = {
    Kind.RECEIPT: "Receipt",
    Kind.CREDIT_NOTE: "Credit note",
    Kind.CANCELLATION: "Receipt",
}
_MOVED = {
    Kind.RECEIPT: "Paid on",
    Kind.CREDIT_NOTE: "Sent back on",
    Kind.CANCELLATION: "Returned on",
}
_PAYERS = {
    Kind.RECEIPT: "Received from",
    Kind.CREDIT_NOTE: "Paid back to",
    Kind.CANCELLATION: "Not paid back to",
}
_TOTALS = {
    Kind.RECEIPT: "Total paid",
    Kind.CREDIT_NOTE: "Total paid back",
    Kind.CANCELLATION: "Total with us again",
}
_REFERS = {
    Kind.RECEIPT: "",
    Kind.CREDIT_NOTE: "This credit note belongs to receipt {number}, and lowers what was paid by its total.",
    Kind.CANCELLATION: (
        "This cancels credit note {number}: its total could not be paid back and is with us again."
        " We will contact you about it."
    ),
}


def render(facts: ReceiptFacts, number: str, issued_at: datetime) -> bytes:
    """The document; the same bytes for the same facts. `number` as written, `R-000012`.

    A letter the font does not have is written as a question mark, a picture (emoji) is left off.
    """
    paper = FPDF(unit="mm", format=facts.paper.value.lower())
    paper.set_creation_date(issued_at)
    paper.set_lang("en")
    paper.set_title(f"{_TITLES[facts.kind]} {number}")
    paper.set_author(_written(facts.issuer.name))
    paper.set_margin(_MARGIN_MM)
    paper.set_auto_page_break(False)
    _add_faces(paper)
    paper.add_page()
    _demo_band(paper, facts)
    _head(paper, facts, number)
    _about(paper, facts)
    _table(paper, facts)
    _notes(paper, facts)
    return bytes(paper.output())


def _demo_band(paper: FPDF, facts: ReceiptFacts) -> None:
    if not facts.demo:
        return
    _say(paper, _DEMO, 44, style="B", height=18)
    _say(paper, _NO_MONEY, 12, style="B", height=7)
    paper.ln(6)


def _head(paper: FPDF, facts: ReceiptFacts, number: str) -> None:
    _say(paper, facts.issuer.name, 13, style="B", height=7)
    for line in facts.issuer.address.splitlines():
        _say(paper, line, 10.5, height=5)
    if facts.issuer.tax_number:
        _say(paper, f"Tax number: {facts.issuer.tax_number}", 10.5, height=5)
    paper.ln(12)
    _say(paper, f"{_TITLES[facts.kind]} {number}", 20, style="B", height=10)
    paper.ln(4)


def _about(paper: FPDF, facts: ReceiptFacts) -> None:
    rows = (
        ("Issued on", day_words(facts.issued_on)),
        (_MOVED[facts.kind], day_words(facts.moved_on)),
        (_PAYERS[facts.kind], facts.payer),
        ("Means of payment", facts.paid_how),
    )
    for label, value in rows:
        if value:
            _grey(paper, label)
            _say(paper, value, 10.5)
    paper.ln(8)


def _grey(paper: FPDF, label: str) -> None:
    paper.set_text_color(*_GREY)
    paper.set_font(_FONT, size=10.5)
    paper.cell(_LABEL_MM, 6, _written(label), new_x=XPos.RIGHT, new_y=YPos.TOP)
    paper.set_text_color(*_BLACK)


def _table(paper: FPDF, facts: ReceiptFacts) -> None:
    _row(paper, ("Description", "Date of visit", "Amount"), style="B")
    for line in facts.lines:
        _row(paper, (line.words, day_words(line.on) if line.on else "", str(line.amount)))
    _row(paper, (_TOTALS[facts.kind], "", f"{facts.total} ({facts.total.currency.upper()})"), style="B")
    paper.ln(8)


def _row(paper: FPDF, cells: tuple[str, str, str], style: str = "") -> None:
    paper.set_font(_FONT, style, 10.5)
    words, day, amount = map(_written, cells)
    paper.cell(paper.epw - _DATE_MM - _AMOUNT_MM, 8, words, border="B", new_x=XPos.RIGHT, new_y=YPos.TOP)
    paper.cell(_DATE_MM, 8, day, border="B", new_x=XPos.RIGHT, new_y=YPos.TOP)
    paper.cell(_AMOUNT_MM, 8, amount, border="B", align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _notes(paper: FPDF, facts: ReceiptFacts) -> None:
    refers = _REFERS[facts.kind].format(number=facts.belongs_to)
    for text in (refers, facts.issuer.tax_note):
        if text:
            _say(paper, text, 10.5)
            paper.ln(3)


def _say(paper: FPDF, text: str, size: float, style: str = "", height: float = 6) -> None:
    paper.set_font(_FONT, style, size)
    paper.multi_cell(0, height, _written(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def day_words(day: date) -> str:
    """`June 2, 2026`"""
    return f"{day:%B} {day.day}, {day.year}"


def _written(text: str) -> str:
    """In letters of the font, composed, since a mark of its own would stand beside its letter."""
    drawn = "".join(_letter(letter) for letter in unicodedata.normalize("NFC", text))
    return " ".join(drawn.split())


def _letter(letter: str) -> str:
    category = unicodedata.category(letter)[0]
    if ord(letter) in _drawn() and category != "C":
        return letter
    if category in "CMS":
        return ""
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if ord(part) in _drawn())
    return plain or _UNKNOWN


@cache
def _drawn() -> frozenset[int]:
    """Code points that every face has. Asked before fpdf2 would write the missing ones, which come out of
    names, into the log.
    """
    paper = FPDF()
    _add_faces(paper)
    faces = [font for font in paper.fonts.values() if isinstance(font, TTFFont)]
    known = frozenset.intersection(*(frozenset(face.cmap) for face in faces))
    for face in faces:
        face.close()
    return known


def _add_faces(paper: FPDF) -> None:
    for style, file in _FACES.items():
        paper.add_font(_FONT, style, _path(file))


def _path(file: str) -> str:
    return str(files("font_roboto").joinpath("files", file))
