"""What came in and went back, what needs the therapist, and what stands on receipts."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from zoneinfo import ZoneInfo

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking.money.alerts import count_needing_her
from consult.booking.money.receipts import document_pdf
from consult.booking.money.takings import Takings, entries_of, takings
from consult.booking.money.takings_csv import to_csv
from consult.core.text import clean_text
from consult.deps import deps
from consult.payments.alerts import INFORMATION, NOTE_LIMIT, open_alerts, settle
from consult.practice.receipt_settings import (
    GivenReceiptSettings,
    save_receipt_settings,
    standing_receipt_settings,
)
from consult.scheduling.queries import get_schedule
from consult.web.auth import therapist_only
from consult.web.fields import PlainField
from consult.web.form_values import day_from
from consult.web.pdf import pdf_answer
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .agenda import known_id, therapist
from .hours.form import HoursForm, save, typed

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_NOTE_MISSING = "Write a few words about how you settled this."
_NOTE_LONG = f"Shorten this to {NOTE_LIMIT} characters."


@therapist.app_context_processor
def _alerts_in_navigation() -> dict[str, object]:
    """Asked by the therapist's pages only."""
    return {"count_money_alerts": lambda: count_needing_her(deps().session)}


@therapist.get("/money")
@therapist_only
def money() -> ResponseReturnValue:
    return _page()


@therapist.post("/money/alerts/<alert_id>")
@redisplays
@therapist_only
def money_settle(alert_id: str) -> ResponseReturnValue:
    """What she wrote of how an alert was settled; one that only informs needs no words."""
    d = deps()
    known = known_id(alert_id)
    kind = next((alert.kind for alert in open_alerts(d.session) if alert.id == known), None)
    if kind is None:
        return redirect(url_for("therapist.money"), code=303)
    name = f"note-{known}"
    note = clean_text(request.form.get(name, ""), NOTE_LIMIT + 1)
    fault = _note_fault(name, note, kind)
    if fault is not None:
        return _page({name: note}, [fault], 422)
    with d.transaction():
        settle(d.session, known, note, d.now())
    flash("settled", "money")
    return redirect(url_for("therapist.money"), code=303)


def _note_fault(name: str, note: str, kind: str) -> tuple[str, str] | None:
    if csrf_stale():
        return "main", STALE
    if not note and kind not in INFORMATION:
        return name, _NOTE_MISSING
    return (name, _NOTE_LONG) if len(note) > NOTE_LIMIT else None


@therapist.get("/money.csv")
@therapist_only
def money_csv() -> Response:
    d = deps()
    zone = get_schedule(d.session).zone
    month = _month() or d.now().astimezone(ZoneInfo(zone)).date().replace(day=1)
    return Response(
        to_csv(entries_of(d.session, month, zone), zone),
        content_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": f"attachment; filename=money-{month:%Y-%m}.csv"},
    )


@therapist.get("/money/documents/<number>.pdf")
@therapist_only
def money_document(number: str) -> Response:
    d = deps()
    return pdf_answer(document_pdf(d.session, number, d.ports), number)


@therapist.route("/money/receipts", methods=["GET", "POST"])
@redisplays
@therapist_only
def money_receipts() -> ResponseReturnValue:
    d = deps()
    if request.method == "GET":
        return _receipts_page(HoursForm(asdict(standing_receipt_settings(d.session))))
    given = GivenReceiptSettings(
        **{name: request.form.get(name, "") for name in GivenReceiptSettings.__dataclass_fields__}
    )
    faults = save(lambda: save_receipt_settings(d.session, given), "receipts_saved", "money")
    if faults:
        return _receipts_page(HoursForm(typed(), faults)), 422
    return redirect(url_for("therapist.money"), code=303)


def _month() -> date | None:
    text = request.args.get("month", "")
    return day_from(f"{text}-01") if _MONTH.fullmatch(text) else None


def _page(
    typed_notes: Mapping[str, str] | None = None,
    errors: Sequence[tuple[str, str]] = (),
    status: int = 200,
) -> ResponseReturnValue:
    d = deps()
    page = takings(d.session, _month(), d.now(), d.ports)
    html = render_template(
        "therapist/money.html", page=page, notes=_notes(page, typed_notes or {}, errors), errors=errors
    )
    return html, status


def _notes(
    page: Takings, typed_notes: Mapping[str, str], errors: Sequence[tuple[str, str]]
) -> dict[uuid.UUID, PlainField]:
    """The field for each alert, by the alert's id."""
    fields = {}
    for alert in page.alerts:
        name = f"note-{alert.row.id}"
        faults = [message for where, message in errors if where == name]
        fields[alert.row.id] = PlainField(name, typed_notes.get(name, ""), faults)
    return fields


def _receipts_page(form: HoursForm) -> str:
    return render_template("therapist/money_receipts.html", form=form)
