"""A visit changed as its page knew it: what the page said is sent along, and if that is not so any more,
nothing happens.
"""

from datetime import datetime

from flask import request

from consult.booking.changes import commands as changes
from consult.booking.changes.taking_back import Actor
from consult.booking.models import Booking
from consult.booking.outside.looks import look_before_booking
from consult.deps import counter, deps

from .form_values import instant_from, seen_refund

_FULL = {"yes": True, "no": False}


def move_as_seen(booking: Booking, start_at: datetime, by: Actor) -> None:
    """In a transaction of its own, after a look into her other calendars. Raises what `changes.reschedule`
    does.
    """
    look_before_booking(counter())
    d = deps()
    with d.transaction():
        changes.reschedule(d.session, booking, start_at, d.now(), d.ports, by=by, seen_start_at=_seen_start())


def cancel_as_seen(booking: Booking, by: Actor) -> None:
    """In a transaction of its own. Raises what `changes.cancel` does."""
    d = deps()
    with d.transaction():
        changes.cancel(
            d.session,
            booking,
            d.now(),
            d.ports,
            by=by,
            seen_start_at=_seen_start(),
            seen_refund=seen_refund(request.form.get("refund", ""), booking.currency),
            seen_full=_FULL.get(request.form.get("full", "")),
        )


def _seen_start() -> datetime:
    """When the visit was, as the page knew it; a form that does not say knows nothing."""
    now = deps().now()
    return instant_from(request.form.get("visit", ""), now) or now
