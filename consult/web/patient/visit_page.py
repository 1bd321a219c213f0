"""The page that a calendar entry links."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from consult.booking import visit_page as visits
from consult.booking.tokens import read_token
from consult.deps import deps
from consult.web.limits import PAGE_LINKS, spend

from .visit import patient, visit_token


@patient.get("/v/<token>")
def visit_page(token: str) -> ResponseReturnValue:
    """In the browser that booked, the private page itself."""
    d = deps()
    booking = visits.find_visit(d.session, token)
    private = read_token(booking, d.ports.sealer)
    if visit_token() == private:
        return redirect(url_for("patient.private_page", token=private), code=303)
    page = visits.visit_page(d.session, booking, d.now(), d.ports)
    return render_template("patient/visit_page.html", page=page, token=token)


@patient.post("/v/<token>/link")
def send_link(token: str) -> ResponseReturnValue:
    d = deps()
    booking = visits.find_visit(d.session, token)
    # Whoever sees the patient's calendar has this button.
    spend(PAGE_LINKS, str(booking.id))
    with d.transaction():
        visits.send_page_link(d.session, booking, d.now(), d.ports)
    flash("link_sent")
    return redirect(url_for("patient.visit_page", token=token), code=303)
