"""Receipts and credit notes of one booking, behind its secret address. Fetched here, never mailed."""

from flask import Response

from consult.booking.money.receipts import document_pdf
from consult.deps import deps
from consult.web.pdf import pdf_answer

from .private_page import booking_of
from .visit import patient


@patient.get("/b/<token>/receipt/<number>.pdf")
def receipt(token: str, number: str) -> Response:
    d = deps()
    return pdf_answer(document_pdf(d.session, number, d.ports, of=booking_of(token)), number)
