"""Choosing a time, in the patient's own zone."""

from datetime import date, datetime, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import commands
from consult.booking.journey import Step
from consult.booking.money import find_money
from consult.booking.pages import time_page
from consult.booking.standing import Standing
from consult.core.clock import as_utc
from consult.deps import deps
from consult.scheduling.errors import SlotNotOffered, SlotTaken
from consult.scheduling.zones import UnknownZone, zone_choices
from consult.web.fields import PlainField
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .visit import at, current_standing, onward, patient, posted, progress

_DAYS = 7
_REACH = timedelta(days=3650)


@patient.route("/book/time", methods=["GET", "POST"])
@redisplays
@at(Step.TIME)
def choose_time(standing: Standing) -> ResponseReturnValue:
    if not posted() or csrf_stale():
        return _time_page(standing, stale=posted())
    start_at = _instant(request.form.get("start", ""))
    if start_at is None:
        return _time_page(standing, missing=True)
    d = deps()
    try:
        with d.transaction():
            commands.choose_time(d.session, standing.booking, start_at, d.now(), d.ports)
    except (SlotTaken, SlotNotOffered) as refusal:
        return _time_page(standing, lost=start_at, taken=isinstance(refusal, SlotTaken))
    return onward(current_standing())


@patient.post("/book/zone")
@at(Step.TIME)
def change_zone(standing: Standing) -> ResponseReturnValue:
    d = deps()
    try:
        with d.transaction():
            commands.change_zone(standing.booking, request.form.get("zone", ""))
    except UnknownZone:
        flash("unknown_zone")
    return redirect(url_for("patient.choose_time"), code=303)


def _time_page(
    standing: Standing,
    *,
    lost: datetime | None = None,
    taken: bool = False,
    missing: bool = False,
    stale: bool = False,
) -> ResponseReturnValue:
    d = deps()
    page = time_page(
        d.session, standing, d.now(), first_on=_day(request.args.get("from", "")), days=_DAYS, lost=lost
    )
    chosen = page.held.start_at.isoformat() if page.held else None
    if stale:
        chosen = request.form.get("start")
    errors = [("start", "Choose a time.")] if missing else []
    if stale:
        errors = [("main", STALE)]
    html = render_template(
        "patient/time.html",
        page=page,
        money=find_money(d.session, standing.booking),
        zones=zone_choices(),
        zone_field=PlainField("zone", page.zone),
        slot_field=PlainField("start", chosen, [text for name, text in errors if name == "start"]),
        errors=errors,
        lost=lost,
        taken=taken,
        step=progress(Step.TIME),
        previous_on=page.first_on - timedelta(days=_DAYS),
        next_on=page.first_on + timedelta(days=_DAYS),
    )
    return (html, 409) if lost else (html, 422) if errors else html


def _instant(text: str) -> datetime | None:
    try:
        instant = as_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None
    # Near the ends of the calendar a time can no longer be shown in every zone.
    return instant if abs(instant - deps().now()) < _REACH else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
