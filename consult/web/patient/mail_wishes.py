"""Which reminders a patient gets, behind the link that stands in each of them."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.deps import deps
from consult.notifications.preferences import NOTHING, Wishes, find_wishes, save_wishes
from consult.web.fields import PlainField
from consult.web.security import csrf_free, csrf_stale, redisplays

from .visit import patient, posted


@patient.route("/reminders/<token>", methods=["GET", "POST"])
@redisplays
def mail_wishes(token: str) -> ResponseReturnValue:
    wishes = find_wishes(deps().session, token)
    if not posted():
        return _page(token, wishes)
    given = Wishes(*(request.form.get(name) == "yes" for name in Wishes.__dataclass_fields__))
    if csrf_stale():
        return _page(token, given, stale=True), 422
    _save(token, given)
    flash("wishes_saved")
    return redirect(url_for("patient.mail_wishes", token=token), code=303)


@patient.get("/reminders/<token>/off")
def mail_off_page(token: str) -> ResponseReturnValue:
    """What a person who follows the mail program's link gets; looking changes nothing."""
    find_wishes(deps().session, token)
    return redirect(url_for("patient.mail_wishes", token=token), code=303)


@patient.post("/reminders/<token>/off")
@csrf_free
def mail_off(token: str) -> ResponseReturnValue:
    """One click in the mail program (RFC 8058): it posts by itself, without cookie or form of ours."""
    _save(token, NOTHING)
    return "", 204


def _save(token: str, wishes: Wishes) -> None:
    d = deps()
    with d.transaction():
        save_wishes(d.session, token, wishes, d.now())


def _page(token: str, wishes: Wishes, stale: bool = False) -> str:
    fields = {
        name: PlainField(name, "yes" if getattr(wishes, name) else None)
        for name in Wishes.__dataclass_fields__
    }
    return render_template("patient/mail_wishes.html", fields=fields, token=token, stale=stale)
