"""A patient's calendar addresses: asked for on a private page, mailed, and shown to whoever has the mail."""

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from consult.booking import patient_feed
from consult.booking.email_confirmation import mailbox_digests
from consult.booking.models import Booking
from consult.deps import deps
from consult.practice.service import read_contact
from consult.web.limits import CODES, CODES_TO_EMAIL, CODES_TO_MAILBOX, spend
from consult.web.limits import address as network

from .private_page import booking_of
from .visit import patient


@patient.post("/b/<token>/calendar")
def mail_calendar_address(token: str) -> ResponseReturnValue:
    """What it answers is the same whether or not other bookings have this mailbox, or it has an address."""
    d = deps()
    booking = booking_of(token)
    if not patient_feed.was_just_sent(d.session, booking, d.now(), d.ports):
        _spend_a_mail(booking)
        with d.transaction():
            patient_feed.mail_address(d.session, booking_of(token), d.now(), d.ports)
    flash("calendar_sent", "calendar")
    return redirect(url_for("patient.private_page", token=token, _anchor="calendar"), code=303)


@patient.get("/calendar/<token>")
def calendar_address(token: str) -> ResponseReturnValue:
    d = deps()
    others = patient_feed.count_addresses(d.session, token, d.ports) - 1
    url = d.ports.links.feed(token)
    page = make_response(
        render_template("patient/calendar_address.html", token=token, url=url, others=others)
    )
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


@patient.post("/calendar/<token>")
def new_patient_address(token: str) -> ResponseReturnValue:
    d = deps()
    with d.transaction():
        new = patient_feed.replace_address(d.session, token, d.now(), d.ports)
    flash("calendar_new", "calendar")
    return redirect(url_for("patient.calendar_address", token=new), code=303)


@patient.post("/calendar/<token>/stop")
def stop_patient_addresses(token: str) -> ResponseReturnValue:
    d = deps()
    with d.transaction():
        patient_feed.stop_addresses(d.session, token, d.now(), d.ports)
    return redirect(url_for("patient.calendar_stopped"), code=303)


@patient.get("/calendar/stopped")
def calendar_stopped() -> str:
    return render_template("patient/calendar_stopped.html")


def _spend_a_mail(booking: Booking) -> None:
    """As a code to the same mailbox, counted apart from those. Raises TooManyRequests."""
    d = deps()
    contact = read_contact(d.session, booking.known_patient_id, d.ports.sealer)
    mailbox = f"calendar {mailbox_digests(contact.email, d.ports.sealer)[0]}"
    spend(CODES)
    spend(CODES_TO_EMAIL, f"{mailbox} {network()}")
    spend(CODES_TO_MAILBOX, mailbox)
