"""Choosing the zone that times are shown in, from any page that shows one."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from consult.booking.commands import change_zone
from consult.booking.models import Booking
from consult.deps import deps
from consult.scheduling.zones import UnknownZone, zone_choices
from consult.web.fields import PlainField
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .private_page import booking_of
from .visit import current_standing, onward, patient, posted

_UNKNOWN = "Choose a time zone from the list."


@patient.route("/book/time-zone", methods=["GET", "POST"])
@redisplays
def time_zone() -> ResponseReturnValue:
    """For a booking on its way."""
    standing = current_standing()
    if standing is None or standing.facts.confirmed:
        return onward(standing)
    return _choose(standing.booking, onward(standing))


@patient.route("/b/<token>/time-zone", methods=["GET", "POST"])
@redisplays
def visit_time_zone(token: str) -> ResponseReturnValue:
    return _choose(booking_of(token), redirect(url_for("patient.private_page", token=token), code=303))


def _choose(booking: Booking, back: Response) -> ResponseReturnValue:
    if not posted():
        return _page(booking, back)
    if csrf_stale():
        return _page(booking, back, main=STALE)
    d = deps()
    try:
        with d.transaction():
            change_zone(booking, request.form.get("zone", ""))
    except UnknownZone:
        return _page(booking, back, zone=_UNKNOWN)
    return back


def _page(booking: Booking, back: Response, **faults: str) -> ResponseReturnValue:
    chosen = PlainField(
        "zone", request.form.get("zone", booking.zone), [*faults.values()] if "zone" in faults else []
    )
    html = render_template(
        "patient/time_zone.html",
        back=back.location,
        zones=zone_choices(),
        zone_field=chosen,
        errors=list(faults.items()),
    )
    return html, 422 if faults else 200
