"""What calendars know of the visits; invitations to the therapist; replies of patients' calendars."""

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking.calendar_replies import take_reply
from consult.booking.calendar_truth import calendar_truth
from consult.booking.desk import get_booking
from consult.booking.invite_again import SheIsTheSender, choose_invitations, send_again
from consult.booking.letters.invitations import Reader
from consult.calendaring.replies import ReplyRefused, Why
from consult.core.errors import NotFound
from consult.core.given import Fault, read_number
from consult.deps import deps
from consult.web.auth import therapist_only
from consult.web.fields import PlainField
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .agenda import known_id, therapist

WHY_NOT = {
    Why.TOO_LONG: "That is longer than any reply. Paste only the part that begins with BEGIN:VCALENDAR.",
    Why.NO_CALENDAR: (
        "There is no calendar part in it that can be read. Paste the whole mail as text, or the .ics file."
    ),
    Why.NO_REPLY: "That is not an answer to an invitation. An answer has the line METHOD:REPLY.",
    Why.NO_ANSWER: "It does not say that one person accepted, declined or is not sure.",
    Why.UNKNOWN: "It is about no visit booked here.",
    Why.CANCELLED: "That visit is cancelled already. Nothing was noted.",
    Why.OLD_INVITATION: "It answers an older invitation: the visit has changed since. Nothing was noted.",
    Why.NOT_INVITED_SO: "It answers an invitation that was never sent. Nothing was noted.",
    Why.FOREIGN: "It comes from another address than the patient’s. Nothing was noted; ask the patient.",
    Why.OLD_ANSWER: "A later answer to this invitation is known already. Nothing was noted.",
}


@therapist.get("/calendar/invitations")
@therapist_only
def invitations() -> ResponseReturnValue:
    return _page()


@therapist.post("/calendar/invitations/choice")
@therapist_only
@redisplays
def choose_own_invitations() -> ResponseReturnValue:
    if csrf_stale():
        return _page([Fault("main", STALE)]), 422
    wanted = request.form.get("wanted")
    if wanted not in ("yes", "no"):
        return _page([Fault("wanted", "Choose yes or no.")]), 422
    d = deps()
    try:
        with d.transaction():
            choose_invitations(d.session, wanted == "yes", d.ports)
    except SheIsTheSender as refusal:
        return _page([Fault("wanted", _sender_words(refusal.email))]), 422
    flash("chosen", "invitations")
    return redirect(url_for("therapist.invitations"), code=303)


@therapist.post("/calendar/invitations/<booking_id>/<reader>")
@therapist_only
def invite_again(booking_id: str, reader: str) -> ResponseReturnValue:
    """An old page's button, or a second click, sends nothing more."""
    if reader not in list(Reader):
        raise NotFound
    d = deps()
    booking = get_booking(d.session, known_id(booking_id))
    with d.transaction():
        sent = send_again(d.session, booking, Reader(reader), d.now(), d.ports)
    flash("again" if sent else "not_needed", "invitations")
    return redirect(url_for("therapist.invitations"), code=303)


@therapist.post("/calendar/invitations/reply")
@therapist_only
@redisplays
def note_reply() -> ResponseReturnValue:
    if csrf_stale():
        return _page([Fault("main", STALE)]), 422
    d = deps()
    try:
        with d.transaction():
            taken = take_reply(d.session, request.form.get("reply", ""), d.now(), d.ports)
    except ReplyRefused as refusal:
        return _page([Fault("reply", WHY_NOT[refusal.why])]), 422
    flash(f"{taken.partstat.lower()} {taken.booking_id}", "replies")
    return redirect(url_for("therapist.invitations"), code=303)


def _page(faults: Sequence[Fault] = ()) -> str:
    d = deps()
    page = read_number(request.args.get("page", "1"))
    page = page if isinstance(page, int) and page > 0 else 1
    truth = calendar_truth(d.session, d.now(), d.ports, page)
    return render_template(
        "therapist/invitations.html",
        truth=truth,
        page=page,
        zone=truth.zone,
        wanted=_field("wanted", request.form.get("wanted", "yes" if truth.wants else "no"), faults),
        reply=_field("reply", request.form.get("reply", ""), faults),
        sender_words=_sender_words(truth.email) if truth.wants and truth.is_sender else None,
        errors=faults,
    )


def _field(name: str, typed: str, faults: Sequence[Fault]) -> PlainField:
    return PlainField(name, typed, [message for where, message in faults if where == name])


def _sender_words(email: str) -> str:
    return (
        f"Invitations are sent from {email}, your own address, and calendars do not let an organizer answer "
        "her own invitation. Ask whoever runs this site to send from another address first."
    )
