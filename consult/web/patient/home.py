"""The front door and the texts behind it."""

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from consult.booking.journey import Step
from consult.booking.pages import front_page
from consult.deps import deps

from .visit import address, current_standing, forget, onward, patient


@patient.get("/")
def home() -> str:
    standing = current_standing()
    booked = address(Step.CONFIRMED) if standing and standing.facts.confirmed else None
    return render_template("patient/home.html", page=front_page(deps().session, deps().now()), booked=booked)


@patient.get("/book")
def book() -> Response:
    """Where every "Book" button leads: on with an unfinished booking, or to a new safety check."""
    standing = current_standing()
    if standing is None or standing.facts.confirmed:
        forget()
        return redirect(url_for("patient.safety"), code=303)
    return onward(standing)


@patient.get("/privacy")
def privacy() -> str:
    return render_template("patient/privacy.html")
