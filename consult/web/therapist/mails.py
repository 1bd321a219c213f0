"""What the therapist does about a mail that could not be delivered."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from consult.deps import deps
from consult.notifications.undelivered import NotUndelivered, send_again, settle
from consult.web.auth import therapist_only

from .agenda import known_id, therapist


@therapist.post("/mails/<mail_id>/again")
@therapist_only
def mail_again(mail_id: str) -> ResponseReturnValue:
    """An old page's button for a mail that goes by now, or is forgotten, changes nothing."""
    d = deps()
    try:
        with d.transaction():
            send_again(d.session, known_id(mail_id), d.now())
    except NotUndelivered:
        return _to_agenda()
    flash("mail_again", "mails")
    return _to_agenda()


@therapist.post("/mails/<mail_id>/settled")
@therapist_only
def mail_settled(mail_id: str) -> ResponseReturnValue:
    d = deps()
    try:
        with d.transaction():
            settle(d.session, known_id(mail_id))
    except NotUndelivered:
        return _to_agenda()
    flash("mail_settled", "mails")
    return _to_agenda()


def _to_agenda() -> ResponseReturnValue:
    return redirect(url_for("therapist.today", _anchor="mails"), code=303)
