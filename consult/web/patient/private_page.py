"""The private page of one booking, behind its secret address."""

from flask import Response, render_template

from consult.booking import commands
from consult.booking.handouts import find_patient_handout
from consult.booking.pages import private_page as load_page
from consult.booking.standing import Standing, find_standing
from consult.calendaring.service import download
from consult.core.errors import NotFound
from consult.deps import deps

from .visit import patient


def standing_of(token: str) -> Standing:
    """The confirmed booking behind a secret address. Raises NotFound, the same for every other token."""
    d = deps()
    booking = commands.find_booking(d.session, token)
    if booking is None or booking.confirmed_at is None:
        raise NotFound
    return find_standing(d.session, booking, d.now(), d.ports)


@patient.get("/b/<token>")
def private_page(token: str) -> str:
    d = deps()
    standing = standing_of(token)
    return render_template(
        "patient/private_page.html",
        page=load_page(d.session, standing, d.now(), d.ports),
        advice=standing.screening.advice,
        tips_ready=find_patient_handout(d.session, standing, d.ports) is not None,
        token=token,
    )


@patient.get("/b/<token>/tips")
def tips(token: str) -> str:
    """General tips before the visit, once they are released."""
    d = deps()
    handout = find_patient_handout(d.session, standing_of(token), d.ports)
    if handout is None:
        raise NotFound
    return render_template("patient/tips.html", handout=handout, rules=d.ports.catalogue.handout, token=token)


@patient.get("/b/<token>/appointment.ics")
def calendar_file(token: str) -> Response:
    standing = standing_of(token)
    if standing.appointment is None:
        raise NotFound
    body = download(deps().session, standing.appointment.id, sealer=deps().ports.sealer)
    return Response(
        body,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": "attachment; filename=appointment.ics"},
    )
