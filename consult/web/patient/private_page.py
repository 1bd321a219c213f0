"""The private page of one booking, behind its secret address."""

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import commands
from consult.booking.handouts import find_patient_handout
from consult.booking.models import Booking
from consult.booking.money.mode import mode_paid_in
from consult.booking.pack_use import find_card
from consult.booking.pages import private_page as load_page
from consult.booking.standing import Standing, VisitOver, find_standing, newest_appointment
from consult.calendaring.service import download
from consult.core.errors import NotFound
from consult.deps import deps

from .visit import patient, visit_token


def booking_of(token: str) -> Booking:
    """The confirmed booking behind a secret address. Raises NotFound, the same for every other token."""
    booking = commands.find_booking(deps().session, token)
    if booking is None or booking.confirmed_at is None:
        raise NotFound
    return booking


def standing_of(token: str, *, also_cancelled: bool = False) -> Standing:
    """Where a booking with a visit stands. Raises NotFound, and VisitOver for a cancelled one unless that is
    asked for, too.
    """
    booking = booking_of(token)
    if booking.cancelled_at is not None and not also_cancelled:
        raise VisitOver
    return find_standing(deps().session, booking, deps().now(), deps().ports)


@patient.errorhandler(VisitOver)
def _over(_error: VisitOver) -> ResponseReturnValue:
    """An old link or form of a visit that is cancelled or over: the private page says what is true now."""
    token = (request.view_args or {}).get("token") or visit_token()
    return redirect(url_for("patient.private_page", token=token), code=303)


@patient.get("/b/<token>")
def private_page(token: str) -> str:
    d = deps()
    standing = find_standing(d.session, booking_of(token), d.now(), d.ports)
    pack = find_card(d.session, standing.booking, d.now(), d.ports)
    return render_template(
        "patient/private_page.html",
        page=load_page(d.session, standing, d.now(), d.ports),
        pack=pack,
        pack_rule=pack.rule if pack else None,
        texts_offered=d.ports.texter is not None,
        paid_in=mode_paid_in(d.session, standing.booking),
        advice=standing.screening.advice,
        tips_ready=find_patient_handout(d.session, standing, d.ports) is not None,
        token=token,
    )


@patient.get("/b/<token>/tips")
def tips(token: str) -> ResponseReturnValue:
    """General tips before the visit, once they are released. While it is on hold that comes first."""
    d = deps()
    standing = standing_of(token)
    if standing.booking.on_safety_hold:
        return redirect(url_for("patient.private_page", token=token), code=303)
    handout = find_patient_handout(d.session, standing, d.ports)
    if handout is None:
        raise NotFound
    rules = standing.catalogue.handout
    return render_template("patient/tips.html", handout=handout, rules=rules, token=token)


@patient.get("/b/<token>/appointment.ics")
def calendar_file(token: str) -> Response:
    appointment = newest_appointment(deps().session, booking_of(token))
    if appointment is None:
        raise NotFound
    body = download(deps().session, appointment.id, sealer=deps().ports.sealer)
    return Response(
        body,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": "attachment; filename=appointment.ics"},
    )
