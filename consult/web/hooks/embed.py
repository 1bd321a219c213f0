"""The next free times, to be shown inside the practice's own site."""

from itertools import groupby, islice
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template

from consult.core.errors import NotFound
from consult.deps import deps
from consult.practice.service import get_practice
from consult.scheduling.offers import get_offer
from consult.scheduling.queries import find_slots, get_schedule, list_session_types

from .feeds import hooks

_LOOK_AHEAD_DAYS = 28
_DAYS, _A_DAY = 3, 6


@hooks.get("/embed/times")
def embedded_times() -> Response:
    """A page without script, cookie or form, which only the sites the therapist listed may frame."""
    response = make_response(render_template("embed/times.html", **_find()))
    sites = " ".join(get_practice(deps().session).embed_sites) or "'none'"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {sites}"
    )
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _find() -> dict[str, object]:
    """The first days with free times of the first session type, by the therapist's clock: without a script
    nobody can know the visitor's. Raises NotFound before the practice is set up.
    """
    session, now = deps().session, deps().now()
    kinds = list_session_types(session, get_schedule(session).id)
    if not kinds:
        raise NotFound
    zone = get_offer(session, kinds[0].id).window.zone.key
    local = ZoneInfo(zone)
    slots = find_slots(session, kinds[0].id, now.astimezone(local).date(), _LOOK_AHEAD_DAYS, now, zone)
    days = groupby(slots, key=lambda slot: slot.start_at.astimezone(local).date())
    shown = [(day, list(starts)) for day, starts in islice(days, _DAYS)]
    return {
        "days": [(day, starts[:_A_DAY], len(starts) > _A_DAY) for day, starts in shown],
        "zone": zone,
        "minutes": kinds[0].minutes,
    }
