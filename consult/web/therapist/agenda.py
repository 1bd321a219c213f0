"""Today and what comes; one patient's summary."""

import uuid

from flask import Blueprint, render_template
from flask_login import current_user

from consult.booking import desk
from consult.booking.changes.pages import desk_actions, recent_changes
from consult.booking.letters.troubles import find_mail_troubles
from consult.booking.outside.notices import find_notices
from consult.core.errors import NotFound
from consult.deps import deps
from consult.web.auth import therapist_only

therapist = Blueprint("therapist", __name__, url_prefix="/therapist")


@therapist.get("")
@therapist_only
def today() -> str:
    d = deps()
    return render_template(
        "therapist/today.html",
        agenda=desk.agenda(d.session, d.now(), d.ports),
        recent=recent_changes(d.session, d.now(), d.ports),
        mails=find_mail_troubles(d.session, d.now(), d.ports),
        notices=find_notices(d.session, current_user.signed_in.therapist_id, d.now()),
    )


@therapist.get("/bookings/<booking_id>")
@therapist_only
def summary(booking_id: str) -> str:
    d = deps()
    page = desk.summary_page(d.session, known_id(booking_id), d.now(), d.ports)
    actions = desk_actions(d.session, page.booking, page.appointment, page.therapist_zone, d.now())
    return render_template("therapist/summary.html", page=page, summary=page.summary, actions=actions)


def known_id(text: str) -> uuid.UUID:
    """An id out of an address. Raises NotFound for anything else."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound from None
