"""A document as a download."""

from flask import Response


def pdf_answer(document: bytes, number: str) -> Response:
    """Never shown in place: a browser's own viewer is stopped by our content policy. The name says no more
    than the document's number, as it stays in a folder of downloads.
    """
    return Response(
        document,
        content_type="application/pdf",
        headers={"Content-Disposition": f"attachment; filename={number}.pdf"},
    )
