"""Moving and cancelling, on the private page's address. Opening a page changes nothing; its button does."""

from datetime import datetime, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking.changes import commands as changes
from consult.booking.changes.pages import cancel_page, get_visit, move_page
from consult.booking.changes.taking_back import Actor
from consult.booking.models import Booking
from consult.booking.pack_use import find_card
from consult.booking.standing import VisitOver
from consult.deps import deps
from consult.scheduling.errors import SlotNotOffered, SlotTaken
from consult.scheduling.lifecycle import Status
from consult.scheduling.zones import zone_choices
from consult.web.fields import PlainField
from consult.web.form_values import day_from, instant_from
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays
from consult.web.seen import cancel_as_seen, move_as_seen

from .private_page import booking_of
from .times import change_zone, why_not
from .visit import patient, posted

_DAYS = 7
CHANGED = "Your visit has changed since you opened this page. This is how it stands now."


@patient.route("/b/<token>/reschedule", methods=["GET", "POST"])
@redisplays
def reschedule(token: str) -> ResponseReturnValue:
    booking = _with_visit(token)
    if not posted() or csrf_stale():
        return _move_page(token, booking, main=STALE if posted() else None)
    start_at = instant_from(request.form.get("start", ""), deps().now())
    if "use_zone" in request.form:
        return change_zone(booking, start_at, "patient.reschedule", token=token)
    if start_at is None:
        return _move_page(token, booking, missing=True)
    try:
        move_as_seen(booking, start_at, Actor.PATIENT)
    except (SlotTaken, SlotNotOffered) as refusal:
        return _move_page(token, booking, lost=start_at, why=why_not(refusal))
    except changes.VisitChanged:
        return _move_page(token, booking, main=CHANGED)
    except changes.VisitImmovable:
        return _move_page(token, booking)
    flash("moved")
    return redirect(url_for("patient.private_page", token=token), code=303)


@patient.route("/b/<token>/cancel", methods=["GET", "POST"])
@redisplays
def cancel(token: str) -> ResponseReturnValue:
    """What the page said is sent along: if less, or more, is paid back by now, it is said again instead."""
    booking = _with_visit(token)
    if not posted() or csrf_stale():
        return _cancel_page(token, booking, main=STALE if posted() else None)
    try:
        cancel_as_seen(booking, Actor.PATIENT)
    except changes.VisitChanged:
        return _cancel_page(token, booking, main=CHANGED)
    except changes.VisitBegun:
        return _cancel_page(token, booking)
    return redirect(url_for("patient.private_page", token=token), code=303)


def _with_visit(token: str) -> Booking:
    booking = booking_of(token)
    if get_visit(deps().session, booking).status is not Status.BOOKED:
        raise VisitOver
    return booking


def _move_page(
    token: str,
    booking: Booking,
    *,
    lost: datetime | None = None,
    why: str | None = None,
    missing: bool = False,
    main: str | None = None,
) -> ResponseReturnValue:
    d = deps()
    page = move_page(
        d.session,
        booking,
        booking.zone,
        d.now(),
        first_on=day_from(request.values.get("from", "")),
        days=_DAYS,
        lost=lost,
    )
    errors = [("start", "Choose a time.")] if missing else []
    if main:
        errors = [("main", main)]
    html = render_template(
        "patient/reschedule.html",
        page=page,
        pack=find_card(d.session, booking, d.now(), d.ports),
        token=token,
        zones=zone_choices(),
        zone_field=PlainField("zone", page.zone),
        slot_field=_slot_field(errors),
        errors=errors,
        lost=lost,
        why=why,
        previous_on=page.first_on - timedelta(days=_DAYS),
        next_on=page.first_on + timedelta(days=_DAYS),
    )
    return html, _status(errors)


def _slot_field(errors: list[tuple[str, str]]) -> PlainField:
    chosen = (request.form if posted() else request.args).get("start")
    return PlainField("start", chosen, [message for name, message in errors if name == "start"])


def _status(errors: list[tuple[str, str]]) -> int:
    if not posted():
        return 200
    return 422 if errors and errors[0][1] != CHANGED else 409


def _cancel_page(token: str, booking: Booking, *, main: str | None = None) -> ResponseReturnValue:
    d = deps()
    page = cancel_page(d.session, booking, Actor.PATIENT, booking.zone, d.now())
    pack = find_card(d.session, booking, d.now(), d.ports)
    errors = [("main", main)] if main else []
    html = render_template("patient/cancel.html", page=page, pack=pack, token=token, errors=errors)
    return html, _status(errors)
