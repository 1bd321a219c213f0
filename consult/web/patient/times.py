"""Choosing a kind of visit and a time, in the patient's own zone."""

import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from consult.booking import commands
from consult.booking.changes.money import find_money
from consult.booking.commands import SessionTypeRetired
from consult.booking.holds import EmailNotConfirmed, HeldTooLong, refuse_if_gone
from consult.booking.journey import Step
from consult.booking.models import Booking
from consult.booking.on_offer import lost_page, time_page
from consult.booking.standing import Standing
from consult.deps import deps
from consult.scheduling.errors import NotOffered, SlotNotOffered, SlotTaken
from consult.scheduling.models import Appointment
from consult.scheduling.zones import UnknownZone, zone_choices
from consult.web.fields import PlainField
from consult.web.form_values import day_from, instant_from
from consult.web.limits import FREE_HOLDS, HOLDS, UNPAID_MINUTES, is_spent, spend
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .visit import at, current_standing, onward, patient, posted, progress

_DAYS = 7
_WANTED = "wanted"

_WHY_NOT = {
    NotOffered.PAST: "It has passed.",
    NotOffered.NOTICE: "It is too soon to be booked.",
    NotOffered.HORIZON: "It is too far ahead to be booked yet.",
    NotOffered.CLOSED: "There are no visits at that time.",
    NotOffered.GRID: "No visit starts at that minute.",
    NotOffered.CAP: "No more visits are taken in those days.",
}


@patient.route("/book/time", methods=["GET", "POST"])
@redisplays
@at(Step.TIME)
def choose_time(standing: Standing) -> ResponseReturnValue:
    if not posted():
        return _time_page(standing)
    if csrf_stale():
        return _time_page(standing, errors=[("main", STALE)])
    start_at = instant_from(request.form.get("start", ""), deps().now())
    if "use_zone" in request.form:
        return change_zone(standing.booking, start_at, "patient.choose_time")
    if start_at is None:
        return _time_page(standing, errors=[("start", "Choose a time.")])
    return hold(standing, start_at)


@patient.post("/book/type")
@at(Step.TIME)
def change_type(standing: Standing) -> ResponseReturnValue:
    d = deps()
    try:
        with d.transaction():
            if commands.choose_session_type(
                d.session, standing.booking, _session_type_id(), d.now(), d.ports
            ):
                flash("voucher_dropped")
    except SessionTypeRetired:
        flash("type_retired")
    return redirect(url_for("patient.choose_time"), code=303)


def hold(standing: Standing, start_at: datetime) -> ResponseReturnValue:
    """Hold this time and go on; or the page again, saying why not; or the way to a confirmed address, after
    which `wanted_time` knows the start.
    """
    spend(HOLDS)
    d, booking = deps(), standing.booking
    session.pop(_WANTED, None)
    try:
        refuse_if_gone(d.session, booking, start_at, d.now())
        crowded = booking.first_held_at is None and (is_spent(FREE_HOLDS) or is_spent(UNPAID_MINUTES))
        with d.transaction():
            dropped = commands.choose_time(
                d.session, booking, start_at, d.now(), d.ports, confirmed_only=crowded
            )
    except EmailNotConfirmed:
        session[_WANTED] = start_at.isoformat()
        return redirect(url_for("patient.email"), code=303)
    except HeldTooLong:
        return _time_page(standing, held_too_long=True)
    except SessionTypeRetired:
        return _time_page(standing)
    except (SlotTaken, SlotNotOffered) as refusal:
        return _lost_page(standing, start_at, why_not(refusal))
    if dropped:
        flash("voucher_dropped")
    return onward(current_standing())


def why_not(refusal: SlotTaken | SlotNotOffered) -> str:
    """Why a time cannot be had, to a patient."""
    return _WHY_NOT[refusal.reason] if isinstance(refusal, SlotNotOffered) else "Somebody else just took it."


def gone_meanwhile(standing: Standing, start_at: datetime) -> ResponseReturnValue:
    """The page for a time that was held and can be no longer."""
    return _lost_page(standing, start_at, "It was just taken.")


def wanted_time() -> datetime | None:
    """What was chosen before an address had to be confirmed."""
    return instant_from(str(session.get(_WANTED, "")), deps().now())


def change_zone(
    booking: Booking, start_at: datetime | None, endpoint: str, **where: Any
) -> ResponseReturnValue:
    """The same page in the zone asked for. A time chosen stays chosen, and the days shown stay shown."""
    try:
        with deps().transaction():
            commands.change_zone(booking, request.form.get("zone", ""))
    except UnknownZone:
        flash("unknown_zone")
    shown: dict[str, Any] = {}
    if start_at is not None:
        first_on = start_at.astimezone(ZoneInfo(booking.zone)).date()
        shown = {"from": first_on.isoformat(), "start": start_at.isoformat()}
    elif first := day_from(request.form.get("from", "")):
        shown = {"from": first.isoformat()}
    return redirect(url_for(endpoint, **where, **shown), code=303)


def _lost_page(standing: Standing, start_at: datetime, why: str) -> ResponseReturnValue:
    """`why` it could not be held, in words."""
    d = deps()
    page = lost_page(d.session, standing, start_at, d.now())
    if page is None:
        return _time_page(standing)
    html = render_template(
        "patient/time_lost.html",
        page=page,
        slot_field=PlainField("start", _ticked(page.held)),
        lost=start_at,
        why=why,
        step=progress(Step.TIME),
    )
    return html, 409


def _time_page(
    standing: Standing,
    *,
    held_too_long: bool = False,
    errors: list[tuple[str, str]] | None = None,
) -> ResponseReturnValue:
    d, errors = deps(), errors or []
    page = time_page(
        d.session,
        standing,
        d.now(),
        first_on=day_from(request.values.get("from", "")),
        days=_DAYS,
    )
    html = render_template(
        "patient/time.html",
        page=page,
        money=find_money(d.session, standing.booking),
        zones=zone_choices(),
        zone_field=PlainField("zone", request.form.get("zone", page.zone)),
        slot_field=PlainField(
            "start", _ticked(page.held), [text for name, text in errors if name == "start"]
        ),
        errors=errors,
        held_too_long=held_too_long,
        step=progress(Step.TIME),
        previous_on=page.first_on - timedelta(days=_DAYS),
        next_on=page.first_on + timedelta(days=_DAYS),
    )
    if errors:
        return html, 422
    return (html, 409) if posted() else html


def _ticked(held: Appointment | None) -> str | None:
    """What was chosen and not held yet, or else what is held, or was wanted."""
    chosen = request.form.get("start") if csrf_stale() else request.args.get("start")
    wanted = held.start_at if held else wanted_time()
    return chosen or (wanted.isoformat() if wanted else None)


def _session_type_id() -> uuid.UUID:
    """Raises SessionTypeRetired for what is no id at all."""
    try:
        return uuid.UUID(request.form.get("type", ""))
    except ValueError:
        raise SessionTypeRetired from None
