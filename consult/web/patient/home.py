"""The front door and the texts behind it."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from consult.booking.commands import PRIVACY_VERSION
from consult.booking.journey import Step
from consult.booking.on_offer import booking_is_closed, front_page
from consult.deps import deps

from .visit import address, current_standing, forget, onward, patient


@patient.get("/")
def home() -> str:
    standing = current_standing()
    booking = standing.booking if standing and standing.facts.confirmed else None
    booked = address(Step.CONFIRMED) if booking and booking.cancelled_at is None else None
    page = front_page(deps().session, deps().now())
    return render_template(
        "patient/home.html",
        page=page,
        lengths=sorted({kind.minutes for kind in page.kinds}),
        from_price=min((kind.price for kind in page.kinds), key=lambda price: price.minor, default=None),
        booked=booked,
    )


@patient.get("/book")
def book() -> ResponseReturnValue:
    """Where every "Book" button leads: on with an unfinished booking, or to a new safety check."""
    standing = current_standing()
    if standing is None or standing.facts.confirmed:
        forget()
        if booking_is_closed(deps().session):
            return render_template("patient/closed.html")
        return redirect(url_for("patient.safety"), code=303)
    return onward(standing)


@patient.get("/privacy")
def privacy() -> str:
    return render_template(
        "patient/privacy.html", version=PRIVACY_VERSION, texts_offered=deps().ports.texter is not None
    )
