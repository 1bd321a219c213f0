"""A receipt or credit note on one page of PDF."""

import unicodedata
from dataclasses import asdict
from datetime import date, datetime
from functools import cache
from importlib.resources import files

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from .facts import Kind, Mode, ReceiptFacts

_FONT = "Roboto"
_FACES = {"": "Roboto-Regular.ttf", "B": "Roboto-Bold.ttf"}
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_MARGIN_MM = 20
_LABEL_MM = 45
_DATE_MM = 45
_AMOUNT_MM = 35
_NAME_BESIDE = 60
"""Letters of a name that are printed beside the address which says whose it is."""
_GREY, _BLACK = (90, 90, 90), (0, 0, 0)
_PLAYED = {
    Mode.DEMO: ("DEMO", "This is a demonstration: no money was taken, and none was sent back."),
    Mode.TEST: ("TEST", "This was paid in test mode: no money was taken, and none was sent back."),
}
_NAME_ELSEWHERE = (
    "The payer's name has letters that cannot be printed here. The email address says who paid;"
    " the name stands on the private page of the booking."
)
_LOST_LETTERS = f"{_UNKNOWN} stands for a letter that cannot be printed here."

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

    A letter that the font does not have is written as a sign that the document explains; a picture (emoji) is
    left off.
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
    _played_band(paper, facts)
    _head(paper, facts, number)
    _about(paper, facts)
    _table(paper, facts)
    _notes(paper, facts)
    return bytes(paper.output())


def can_print(text: str) -> bool:
    """Whether every letter of a text can stand on a document."""
    return _UNKNOWN not in _written(text)


def _played_band(paper: FPDF, facts: ReceiptFacts) -> None:
    if facts.mode not in _PLAYED:
        return
    stamp, sentence = _PLAYED[facts.mode]
    _say(paper, stamp, 44, style="B", height=18)
    _say(paper, sentence, 12, style="B", height=7)
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
        (_PAYERS[facts.kind], _payer(facts)),
        ("Means of payment", facts.paid_how),
    )
    for label, value in rows:
        if value:
            _grey(paper, label)
            _say(paper, value, 10.5)
    paper.ln(8)


def _payer(facts: ReceiptFacts) -> str:
    """A name of which nothing can be printed is no name: then the address stands alone."""
    if not facts.payer_email:
        return facts.payer
    name = facts.payer[:_NAME_BESIDE] if _written(facts.payer).strip(f"{_UNKNOWN} ") else ""
    return ", ".join(part for part in (name, facts.payer_email) if part)


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
    notes = [_REFERS[facts.kind].format(number=facts.belongs_to), facts.issuer.tax_note]
    if facts.payer_email:
        notes.append(_NAME_ELSEWHERE)
    if not all(map(can_print, (*asdict(facts.issuer).values(), _payer(facts), facts.lines[0].words))):
        notes.append(_LOST_LETTERS)
    for text in notes:
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
