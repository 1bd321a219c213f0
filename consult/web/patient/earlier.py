"""The list for earlier times, on the private page's address."""

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking.earlier import commands as earlier
from consult.booking.outside.looks import look_before_booking
from consult.deps import counter, deps
from consult.scheduling.errors import SlotNotOffered, SlotTaken

from .private_page import standing_of
from .visit import patient


@patient.get("/b/<token>/earlier")
def earlier_times(token: str) -> str:
    d = deps()
    standing = standing_of(token)
    return render_template(
        "patient/earlier.html",
        earlier=earlier.find_earlier_times(d.session, standing.booking, d.now()),
        appointment=standing.appointment,
        zone=standing.booking.zone,
        token=token,
    )


@patient.post("/b/<token>/earlier")
def answer_earlier(token: str) -> ResponseReturnValue:
    """One button each: ask, stop, accept or decline; anything else changes nothing."""
    d = deps()
    booking = standing_of(token).booking
    if request.form.get("answer") == "accept":
        look_before_booking(counter())
    try:
        with d.transaction():
            match request.form.get("answer"):
                case "ask":
                    earlier.ask_for_earlier(d.session, booking, d.now())
                case "stop":
                    earlier.stop_asking(d.session, booking, d.now())
                case "decline":
                    earlier.decline_offer(d.session, booking, d.now())
                case "accept":
                    earlier.accept_offer(d.session, booking, _offer_id(), d.now(), d.ports)
                    flash("moved")
                    return redirect(url_for("patient.private_page", token=token), code=303)
    except (earlier.NothingOffered, SlotTaken, SlotNotOffered):
        flash("offer_over")
    return redirect(url_for("patient.earlier_times", token=token), code=303)


def _offer_id() -> uuid.UUID:
    """Which offer the page showed: by now it may be another. Raises NothingOffered for none."""
    try:
        return uuid.UUID(request.form.get("offer", ""))
    except ValueError:
        raise earlier.NothingOffered from None
