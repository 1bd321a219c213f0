"""How long an address keeps times that nobody has paid for, counted whenever an answer keeps one longer."""

from datetime import datetime, timedelta
from math import ceil

from flask import g, request
from werkzeug.wrappers import Response

from consult.booking.standing import Standing
from consult.deps import deps
from consult.scheduling.lifecycle import Status
from consult.scheduling.queries import find_live_appointment
from consult.web.limits import UNPAID_MINUTES, is_spent

_BEFORE = "consult_kept_before"
_MINUTE = timedelta(minutes=1)


def note_kept(standing: Standing) -> None:
    """Remember until when a time was kept as this request came in; what it changes later is not noted."""
    if request.method == "POST" and _BEFORE not in g:
        setattr(g, _BEFORE, (standing.booking.id, _kept_until(standing)))


def count_kept(response: Response) -> Response:
    """After the answer. Beyond the limit nobody is refused: the next first hold takes a confirmed address."""
    booking_id, before = g.pop(_BEFORE, (None, None))
    if booking_id is None or response.status_code >= 400:
        return response
    held, now = find_live_appointment(deps().session, booking_id), deps().now()
    if held is not None and held.status is Status.HELD and held.hold_expires_at is not None:
        minutes = ceil((held.hold_expires_at - max(before or now, now)) / _MINUTE)
        # What does not fit in whole is counted as far as it does.
        while minutes > 0 and is_spent(UNPAID_MINUTES, cost=minutes):
            minutes //= 2
    return response


def _kept_until(standing: Standing) -> datetime | None:
    held = standing.appointment
    return held.hold_expires_at if held is not None and standing.facts.hold_live else None
