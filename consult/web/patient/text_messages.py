"""Whether a patient gets text messages, on the private page's address."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking.letters.text_messages import Texts, ask_for_texts, end_texts, find_texts
from consult.booking.models import Booking
from consult.core.errors import NotFound
from consult.deps import deps
from consult.notifications.numbers import NotMobile, mobile_number
from consult.notifications.text_consent import StoppedByReply
from consult.practice.service import read_contact
from consult.web.fields import PlainField
from consult.web.limits import TEXTS_ASKED, TEXTS_TO_NUMBER, spend
from consult.web.security import csrf_stale, redisplays

from .private_page import booking_of
from .visit import patient, posted

_STALE = "This page was open for a long time, so nothing was saved yet. Please look it over and save again."
_UNTICKED = "Tick the box if you want text messages. To book without them, there is nothing to do."


@patient.route("/b/<token>/text-messages", methods=["GET", "POST"])
@redisplays
def text_messages(token: str) -> ResponseReturnValue:
    """Ticked and saved, they are on; the button to end them works at any time, also after the visit."""
    if deps().ports.texter is None:
        raise NotFound
    booking = booking_of(token)
    if not posted():
        return _page(token)
    if csrf_stale():
        return _page(token, _STALE), 422
    d = deps()
    agreed = request.form.get("agreed") == "yes"
    try:
        if agreed and request.form.get("answer") != "end":
            _spend_a_text(booking)
        with d.transaction():
            if request.form.get("answer") == "end":
                end_texts(d.session, booking, d.now(), d.ports)
            elif agreed:
                ask_for_texts(d.session, booking, d.now(), d.ports)
            else:
                return _page(token, _UNTICKED), 422
    except (NotMobile, StoppedByReply):
        # The page says which of the two, and what helps.
        return _page(token), 422
    flash("texts_saved")
    return redirect(url_for("patient.text_messages", token=token), code=303)


def _spend_a_text(booking: Booking) -> None:
    """The number may be a stranger's, however many bookings name it. Raises NotMobile, TooManyRequests."""
    d = deps()
    number = mobile_number(read_contact(d.session, booking.known_patient_id, d.ports.sealer).phone)
    spend(TEXTS_ASKED)
    spend(TEXTS_TO_NUMBER, d.ports.sealer.digest(number, "texts asked"))


def _page(token: str, fault: str = "") -> str:
    d = deps()
    field = PlainField("agreed", request.form.get("agreed"), [fault] if fault else [])
    page = find_texts(d.session, booking_of(token), d.ports)
    return render_template("patient/text_messages.html", page=page, Texts=Texts, field=field, token=token)
