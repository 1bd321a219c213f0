"""She has paid a refund back in another way: shown once more, then kept from ever being sent."""

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.core.errors import ConsultError, NotFound
from consult.core.text import clean_text
from consult.deps import counter, deps
from consult.payments.alerts import NOTE_LIMIT
from consult.payments.errors import RefundBusy, RefundDelayed, RefundTooLarge, RefundWasSent
from consult.payments.paid_outside import CANCELABLE, cancel_refund
from consult.payments.reports import find_refund
from consult.scheduling.queries import get_schedule
from consult.web.auth import therapist_only
from consult.web.fields import PlainField
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .agenda import known_id, therapist

_NOTE_MISSING = "Write a few words about how you paid it back."
_NOTE_LONG = f"Shorten this to {NOTE_LIMIT} characters."
_REFUSALS: dict[type[ConsultError], tuple[int, str]] = {
    RefundWasSent: (409, "The payment company has sent this refund. Nothing more needs to be paid back."),
    RefundBusy: (
        409,
        "This refund was tried a moment ago, and may be on its way. Come back in five minutes.",
    ),
    RefundTooLarge: (409, "Nothing is left of this payment that could be paid back."),
    RefundDelayed: (503, "The payment company gives no answer, so nothing was entered. Try again later."),
}


@therapist.route("/money/refunds/<refund_id>", methods=["GET", "POST"])
@redisplays
@therapist_only
def money_refund(refund_id: str) -> ResponseReturnValue:
    """The page before, and the entry itself. A refund that is over leads back to the page about money."""
    d, known = deps(), known_id(refund_id)
    found = find_refund(d.session, known)
    if found is None:
        raise NotFound
    if found.refund.state not in CANCELABLE:
        return redirect(url_for("therapist.money"), code=303)
    if request.method == "GET":
        return _page(known, PlainField("note", ""))
    note = clean_text(request.form.get("note", ""), NOTE_LIMIT + 1)
    fault = _fault(note)
    if fault is not None:
        where, message = fault
        return _page(known, PlainField("note", note, [message] if where == "note" else ()), fault, 422)
    try:
        cancel_refund(counter().till(), known, note, d.now())
    except tuple(_REFUSALS) as refusal:
        status, message = _REFUSALS[type(refusal)]
        return _page(known, PlainField("note", note), ("main", message), status)
    flash("paid_outside", "money")
    return redirect(url_for("therapist.money"), code=303)


def _fault(note: str) -> tuple[str, str] | None:
    if csrf_stale():
        return "main", STALE
    if not note:
        return "note", _NOTE_MISSING
    return ("note", _NOTE_LONG) if len(note) > NOTE_LIMIT else None


def _page(
    refund_id: uuid.UUID, field: PlainField, fault: tuple[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    session = deps().session
    session.rollback()
    found = find_refund(session, refund_id)
    html = render_template(
        "therapist/money_refund.html",
        it=found,
        cancelable=found is not None and found.refund.state in CANCELABLE,
        zone=get_schedule(session).zone,
        field=field,
        errors=[fault] if fault else [],
    )
    return html, status
