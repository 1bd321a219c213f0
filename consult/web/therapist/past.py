"""Visits that are over, thirty at a time."""

from flask import render_template, request

from consult.booking.past_visits import past_visits
from consult.deps import deps
from consult.scheduling.queries import get_schedule
from consult.web.auth import therapist_only
from consult.web.form_values import instant_from

from .agenda import therapist


@therapist.get("/past")
@therapist_only
def past() -> str:
    """Those over by `before`, at most by now."""
    d = deps()
    before_at = instant_from(request.args.get("before", ""), d.now()) or d.now()
    found = past_visits(d.session, get_schedule(d.session), min(before_at, d.now()), d.ports)
    return render_template("therapist/past.html", page=found, from_the_newest="before" not in request.args)
