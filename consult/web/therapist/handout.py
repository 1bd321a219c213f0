"""The patient's page of tips, in the therapist's hands."""

from collections.abc import Sequence
from dataclasses import replace

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import desk
from consult.booking.handouts import HandoutPage, edit_from, handout_page
from consult.booking.standing import Standing, find_standing
from consult.deps import deps
from consult.intake.handout_edits import NOTE_LIMIT, After, save_edit
from consult.practice.service import release_handouts_at_once
from consult.web.auth import therapist_only
from consult.web.fields import PlainField
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .agenda import known_id, therapist

_CHANGED = "The patient’s answers have changed since you opened this page. Please look at the lines again."
_AFTER = {after.value: after for after in After}


@therapist.route("/bookings/<booking_id>/handout", methods=["GET", "POST"])
@redisplays
@therapist_only
def handout(booking_id: str) -> ResponseReturnValue:
    d = deps()
    standing = find_standing(d.session, desk.get_booking(d.session, known_id(booking_id)), d.now(), d.ports)
    page = handout_page(d.session, standing, d.ports)
    if request.method == "GET":
        return _page(standing, page)
    after = _AFTER.get(request.form.get("then", "")) or abort(400)
    # A browser counts a line's end as one character and sends two.
    note = request.form.get("note", "").replace("\r\n", "\n").strip()
    edit = edit_from(page, request.form.getlist("line"), note)
    errors = [("main", STALE)] if csrf_stale() else []
    if request.form.get("seen") != page.rules_said:
        errors = [("main", _CHANGED)]
        edit = replace(page.edit, note=note)
    if len(note) > NOTE_LIMIT:
        errors.append(("note", f"Shorten your words to {NOTE_LIMIT} characters or fewer."))
    if errors:
        return _page(standing, handout_page(d.session, standing, d.ports, edit), errors), 422
    with d.transaction():
        save_edit(d.session, standing.booking.id, edit, after, d.now(), d.ports.sealer)
    flash("saved", "handout")
    return redirect(url_for("therapist.handout", booking_id=booking_id), code=303)


@therapist.post("/handouts")
@therapist_only
def release_handouts() -> ResponseReturnValue:
    """Whether handouts wait for the therapist, for all patients; back to the one she came from."""
    d = deps()
    booking_id, at_once = known_id(request.form.get("booking_id", "")), request.form.get("at_once")
    if at_once not in ("yes", "no"):
        abort(400)
    with d.transaction():
        release_handouts_at_once(d.session, at_once == "yes")
    return redirect(url_for("therapist.handout", booking_id=booking_id, _anchor="all-patients"), code=303)


def _page(standing: Standing, page: HandoutPage, errors: Sequence[tuple[str, str]] = ()) -> str:
    d = deps()
    return render_template(
        "therapist/handout.html",
        page=page,
        booking_id=standing.booking.id,
        contact=desk.contact_of(d.session, standing.booking, d.ports),
        errors=errors,
        note=PlainField("note", page.edit.note, [text for name, text in errors if name == "note"]),
    )
