"""Confirming an e-mail address by a code, before an unpaid hold is repeated."""

import base64
import binascii

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import TooManyRequests

from consult.booking.email_confirmation import (
    RESEND_AFTER,
    CodeAnswer,
    CodeJustSent,
    find_confirmation,
    mailbox_digests,
    send_code,
    try_code,
)
from consult.booking.holds import confirmed_digest
from consult.booking.journey import Step
from consult.booking.models import Booking
from consult.booking.standing import Standing
from consult.db.sealing import Place, SealBroken, UnknownKey
from consult.deps import deps
from consult.notifications.message import InvalidAddress, plain_address
from consult.web.fields import PlainField
from consult.web.limits import (
    CODES,
    CODES_TO_EMAIL,
    CODES_TO_MAILBOX,
    CODES_TRIED,
    spend,
    wait_words,
)
from consult.web.limits import (
    address as network,
)
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .times import hold, wanted_time
from .visit import at, current_standing, onward, patient, posted

_SENT_TO = "sent_to"
Errors = list[tuple[str, str]]

_SAID = {
    CodeAnswer.WRONG: "That is not the code we sent. Please check the digits.",
    CodeAnswer.OVER: "This code can’t be used any more. Ask for another one below.",
}


@patient.route("/book/email", methods=["GET", "POST"])
@redisplays
@at(Step.TIME)
def email(standing: Standing) -> ResponseReturnValue:
    """One address for both halves: first the e-mail address, then the code."""
    if not posted():
        if confirmed_digest(deps().session, standing.booking.id) is not None:
            return onward(standing)
        return _page(standing.booking, _prefilled(standing), ask_address="change" in request.args)
    typed = request.form.get("email", "").strip()
    if csrf_stale():
        return _page(standing.booking, typed, [("main", STALE)], ask_address="email" in request.form)
    return _take_code(standing.booking) if "code" in request.form else _take_address(standing.booking, typed)


def _take_address(booking: Booking, typed: str) -> ResponseReturnValue:
    d, again = deps(), _waits_for_code(booking)
    try:
        _spend_a_code(booking, typed)
        with d.transaction():
            send_code(d.session, booking, typed, d.now(), d.ports)
    except InvalidAddress:
        error = ("email", "Write one full email address, such as name@example.com.")
        return _page(booking, typed, [error], ask_address=True)
    except CodeJustSent:
        seconds = int(RESEND_AFTER.total_seconds())
        error = (
            "code",
            f"A code was sent a moment ago. Give it {seconds} seconds, then ask for another one.",
        )
        return _page(booking, typed, [error])
    except TooManyRequests as refusal:
        return _page_later(booking, typed, refusal)
    _remember_address(booking, typed)
    if again:
        flash("code_sent")
    return redirect(url_for("patient.email"), code=303)


def _spend_a_code(booking: Booking, typed: str) -> None:
    """Raises InvalidAddress, CodeJustSent, TooManyRequests; asking again too soon costs nothing."""
    d = deps()
    digests = mailbox_digests(plain_address(typed), d.ports.sealer)
    known = find_confirmation(d.session, booking.id)
    if known and known.email_digest in digests and d.now() < known.sent_at + RESEND_AFTER:
        raise CodeJustSent(known.sent_at + RESEND_AFTER)
    spend(CODES)
    spend(CODES_TO_EMAIL, f"{digests[0]} {network()}")
    spend(CODES_TO_MAILBOX, digests[0])


def _take_code(booking: Booking) -> ResponseReturnValue:
    d, address = deps(), _sent_to(booking)
    try:
        spend(CODES_TRIED)
    except TooManyRequests as refusal:
        return _page_later(booking, address, refusal)
    with d.transaction():
        answer = try_code(d.session, booking, request.form.get("code", ""), d.now(), d.ports)
    if answer is not CodeAnswer.RIGHT:
        return _page(booking, address, [("code", _SAID[answer])])
    session.pop(_SENT_TO, None)
    standing, wanted = current_standing(), wanted_time()
    if standing is not None and wanted is not None:
        return hold(standing, wanted)
    flash("email_confirmed")
    return onward(standing)


def _page_later(booking: Booking, typed: str, refusal: TooManyRequests) -> ResponseReturnValue:
    """What was typed stays, with when to go on."""
    message = f"Several codes were asked for already. You can go on {wait_words(refusal)}, or call us."
    body, _ = _page(booking, typed, [("main", message)], ask_address=not _waits_for_code(booking))
    return body, 429, {"Retry-After": str(refusal.retry_after)}


def _page(
    booking: Booking, address: str, errors: Errors | None = None, *, ask_address: bool = False
) -> tuple[str, int]:
    waiting = not ask_address and _waits_for_code(booking)
    if not waiting:
        errors = [("email" if name == "code" else name, text) for name, text in errors or []]
    errors = errors or []

    def field(name: str, data: str | None) -> PlainField:
        return PlainField(name, data, [text for named, text in errors if named == name])

    html = render_template(
        "patient/email_code.html" if waiting else "patient/email.html",
        confirmation=find_confirmation(deps().session, booking.id),
        address=address,
        email=field("email", address),
        code=field("code", None),
        errors=errors,
        again=booking.first_held_at is not None,
        zone=booking.zone,
    )
    return html, 422 if errors else 200


def _waits_for_code(booking: Booking) -> bool:
    known = find_confirmation(deps().session, booking.id)
    return known is not None and known.confirmed_at is None and _sent_to(booking) != ""


def _prefilled(standing: Standing) -> str:
    return _sent_to(standing.booking) or str(standing.answers.get("pt_email") or "")


def _remember_address(booking: Booking, address: str) -> None:
    """In the visitor's own cookie, sealed: the database keeps only a digest of it."""
    sealed = deps().ports.sealer.seal(address, _place(booking))
    session[_SENT_TO] = base64.urlsafe_b64encode(sealed).decode()


def _sent_to(booking: Booking) -> str:
    try:
        sealed = base64.urlsafe_b64decode(str(session.get(_SENT_TO, "")))
        return deps().ports.sealer.open(sealed, _place(booking))
    except (binascii.Error, SealBroken, UnknownKey):
        return ""


def _place(booking: Booking) -> Place:
    return Place("cookie", "email", booking.id)
