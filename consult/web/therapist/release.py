"""Releasing a safety hold, on a page that says what for and what follows."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import desk, safety_release
from consult.booking.models import Booking
from consult.booking.standing import find_standing
from consult.deps import deps
from consult.scheduling.queries import get_schedule
from consult.web.auth import therapist_only
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .agenda import known_id, therapist

_CHANGED = "The patient has told of another emergency since you opened this page. Please read it first."


@therapist.route("/bookings/<booking_id>/release", methods=["GET", "POST"])
@redisplays
@therapist_only
def release_hold(booking_id: str) -> ResponseReturnValue:
    d = deps()
    booking = desk.get_booking(d.session, known_id(booking_id))
    if not booking.on_safety_hold or booking.cancelled_at is not None:
        return _to_summary(booking_id)
    if request.method == "GET":
        return _page(booking)
    if csrf_stale():
        return _page(booking, STALE), 422
    try:
        with d.transaction():
            safety_release.release_as_seen(d.session, booking, request.form.getlist("sign"), d.now(), d.ports)
    except safety_release.SignsChanged:
        return _page(booking, _CHANGED), 409
    return _to_summary(booking_id)


def _page(booking: Booking, main: str | None = None) -> str:
    d = deps()
    standing = find_standing(d.session, booking, d.now(), d.ports)
    return render_template(
        "therapist/release.html",
        standing=standing,
        contact=desk.contact_of(d.session, booking, d.ports),
        zone=get_schedule(d.session).zone,
        errors=[("main", main)] if main else [],
    )


def _to_summary(booking_id: str) -> ResponseReturnValue:
    return redirect(url_for("therapist.summary", booking_id=booking_id), code=303)
