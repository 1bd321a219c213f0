"""Which reminders a patient gets, behind the link that stands in each of them. Text messages end here too."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking.letters.text_messages import end_texts_to_address, numbers_of_address
from consult.deps import deps
from consult.notifications.numbers import masked
from consult.notifications.preferences import NOTHING, Wishes, find_wishes, save_wishes, whose_link
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
    # A page from before they were asked for must not end them.
    unticked = "texts_shown" in request.form and request.form.get("texts") != "yes"
    _save(token, given, end_texts=unticked)
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
    _save(token, NOTHING, end_texts=True)
    return "", 204


def _save(token: str, wishes: Wishes, *, end_texts: bool) -> None:
    """Text messages can only be ended here: agreeing to them takes the page that says to what."""
    d = deps()
    with d.transaction():
        save_wishes(d.session, token, wishes, d.now())
        if end_texts:
            end_texts_to_address(d.session, whose_link(d.session, token), d.now(), d.ports)


def _page(token: str, wishes: Wishes, stale: bool = False) -> str:
    fields = {
        name: PlainField(name, "yes" if getattr(wishes, name) else None)
        for name in Wishes.__dataclass_fields__
    }
    d = deps()
    numbers = [
        masked(number) for number in numbers_of_address(d.session, whose_link(d.session, token), d.ports)
    ]
    return render_template(
        "patient/mail_wishes.html",
        fields=fields,
        texts=PlainField("texts", None if stale and request.form.get("texts") != "yes" else "yes"),
        numbers=numbers,
        token=token,
        stale=stale,
    )
