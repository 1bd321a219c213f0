"""The patient's page of tips, in the therapist's hands."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import desk
from consult.booking.handouts import edit_from, handout_page
from consult.booking.standing import Standing, find_standing
from consult.deps import deps
from consult.intake.handout_edits import save_edit
from consult.practice.service import release_handouts_at_once
from consult.web.auth import therapist_only

from .agenda import known_id, therapist


@therapist.get("/bookings/<booking_id>/handout")
@therapist_only
def handout(booking_id: str) -> str:
    d = deps()
    standing = _standing(booking_id)
    page = handout_page(d.session, standing, d.ports)
    contact = desk.contact_of(d.session, standing.booking, d.ports)
    return render_template("therapist/handout.html", page=page, booking_id=booking_id, contact=contact)


@therapist.post("/bookings/<booking_id>/handout")
@therapist_only
def save_handout(booking_id: str) -> ResponseReturnValue:
    d = deps()
    standing = _standing(booking_id)
    page = handout_page(d.session, standing, d.ports)
    composed = standing.screening.assessment.handout
    composed_ids = [line.id for line in (*composed.stretches, *composed.tips)]
    removed, added = edit_from(page, request.form.getlist("line"), composed_ids)
    with d.transaction():
        save_edit(
            d.session,
            standing.booking.id,
            removed=removed,
            added=added,
            note=request.form.get("note", ""),
            release=request.form.get("then") == "release",
            now=d.now(),
            sealer=d.ports.sealer,
        )
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


def _standing(booking_id: str) -> Standing:
    d = deps()
    return find_standing(d.session, desk.get_booking(d.session, known_id(booking_id)), d.now(), d.ports)
