"""Moving, cancelling and marking a visit, and taking that back."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import desk
from consult.booking.changes import commands as changes
from consult.booking.changes import undoing
from consult.booking.changes.pages import cancel_page, get_visit, move_page
from consult.booking.changes.taking_back import Actor
from consult.booking.models import Booking
from consult.booking.outside.calendars import calendar_names
from consult.booking.pack_use import find_card
from consult.booking.standing import VisitOver
from consult.core.given import read_clock
from consult.deps import deps
from consult.scheduling.editor import move_checks
from consult.scheduling.errors import NotOffered, SlotNotOffered, SlotTaken, TakenElsewhere
from consult.scheduling.lifecycle import Status
from consult.scheduling.queries import get_schedule
from consult.scheduling.wall_clock import instant
from consult.web.auth import therapist_only
from consult.web.fields import PlainField
from consult.web.form_values import day_from, instant_from
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays
from consult.web.seen import cancel_as_seen, move_as_seen

from .agenda import known_id, therapist
from .hours.overview import patient_name
from .hours.reasons import Teller, Told

_DAYS = 7
_OUTCOMES = {"done": Status.DONE, "no_show": Status.NO_SHOW, "open": Status.BOOKED}
_FAR = timedelta(days=731)
_CHANGED = "This visit has changed since you opened the page. This is how it stands now."
_TAKEN = "You have something else at that time."
_PAST = "That time is past. Choose one still to come."


@therapist.errorhandler(VisitOver)
def _over(_error: VisitOver) -> ResponseReturnValue:
    """An old page's button: the summary says what is true now."""
    return _to_summary((request.view_args or {})["booking_id"])


@therapist.route("/bookings/<booking_id>/move", methods=["GET", "POST"])
@redisplays
@therapist_only
def move(booking_id: str) -> ResponseReturnValue:
    booking = _with_visit(booking_id)
    if request.method == "GET":
        return _move_page(booking, {})
    if csrf_stale():
        return _move_page(booking, {"main": STALE})
    start_at, faults = _chosen()
    if start_at is None:
        return _move_page(booking, faults)
    field = "at" if "at" in request.form else "start"
    if request.form.get("sure") != start_at.isoformat() and (unusual := _off_hours(booking, start_at)):
        return _move_page(booking, {}, 409, unusual=unusual, unusual_at=start_at)
    try:
        move_as_seen(booking, start_at, Actor.THERAPIST)
    except SlotTaken as refusal:
        return _move_page(booking, {field: _taken_words(booking, refusal)}, 409)
    except SlotNotOffered as refusal:
        return _move_page(booking, {field: _PAST if refusal.reason is NotOffered.PAST else _TAKEN})
    except changes.VisitChanged:
        return _move_page(booking, {"main": _CHANGED}, 409)
    return _to_summary(booking_id)


@therapist.route("/bookings/<booking_id>/cancel", methods=["GET", "POST"])
@redisplays
@therapist_only
def cancel(booking_id: str) -> ResponseReturnValue:
    booking = _with_visit(booking_id)
    if request.method == "GET":
        return _cancel_page(booking)
    if csrf_stale():
        return _cancel_page(booking, STALE, 422)
    try:
        cancel_as_seen(booking, Actor.THERAPIST)
    except changes.VisitChanged:
        return _cancel_page(booking, _CHANGED, 409)
    return _to_summary(booking_id)


@therapist.post("/bookings/<booking_id>/undo")
@therapist_only
def undo(booking_id: str) -> ResponseReturnValue:
    """`change` says which change the button was for, so that an old page takes back no later one."""
    d = deps()
    booking = desk.get_booking(d.session, known_id(booking_id))
    changed_at = instant_from(request.form.get("change", ""), d.now())
    try:
        with d.transaction():
            if changed_at is not None:
                undoing.undo(d.session, booking, changed_at, d.now(), d.ports)
    except undoing.UndoTooLate:
        flash("undo_too_late")
    except (SlotTaken, SlotNotOffered):
        flash("undo_taken")
    return _to_summary(booking_id)


@therapist.post("/bookings/<booking_id>/outcome")
@therapist_only
def mark(booking_id: str) -> ResponseReturnValue:
    d = deps()
    booking = desk.get_booking(d.session, known_id(booking_id))
    outcome = _OUTCOMES.get(request.form.get("outcome", ""))
    if outcome is not None:
        with suppress(undoing.NotToldInTime), d.transaction():
            undoing.mark(d.session, booking, outcome, d.now())
    return _to_summary(booking_id)


def _with_visit(booking_id: str) -> Booking:
    d = deps()
    booking = desk.get_booking(d.session, known_id(booking_id))
    if get_visit(d.session, booking).status is not Status.BOOKED:
        raise VisitOver
    return booking


def _chosen() -> tuple[datetime | None, dict[str, str]]:
    """The start that one of the two forms asks for, or what is wrong with it by field."""
    if "at" not in request.form:
        start_at = instant_from(request.form.get("start", ""), deps().now())
        return start_at, {} if start_at else {"start": "Choose a time."}
    day, at = day_from(request.form.get("on", "")), read_clock(request.form["at"])
    faults = {} if day else {"on": "Choose a day."}
    if isinstance(at, str):
        return None, faults | {"at": "Write the time as hours and minutes, such as 14:30."}
    zone = ZoneInfo(_zone())
    start_at = instant(day, at, zone) if day else None
    if start_at is not None and start_at.astimezone(zone).time() != at:
        return None, {"at": "The clocks skip that time on that day. Choose another."}
    if start_at is not None and start_at > deps().now() + _FAR:
        return None, {"on": "That is more than two years ahead. Is the year right?"}
    return start_at, faults


def _zone() -> str:
    return get_schedule(deps().session).zone


def _off_hours(booking: Booking, start_at: datetime) -> list[Told]:
    """Why this time lies outside her hours, to be confirmed; a time past is refused by the command."""
    d = deps()
    if start_at < d.now():
        return []
    visit = get_visit(d.session, booking)
    return [_teller().tell(reason) for reason in move_checks.off_hours(d.session, visit, start_at)]


def _taken_words(booking: Booking, refusal: SlotTaken) -> str:
    if isinstance(refusal, TakenElsewhere):
        return _elsewhere_words(refusal)
    d = deps()
    close = move_checks.too_close(d.session, get_visit(d.session, booking), refusal.start_at, d.now())
    words = [_teller().tell(reason).text for reason in close]
    return f"That is too close to what comes before or after. {'. '.join(words)}." if words else _TAKEN


def _elsewhere_words(refusal: TakenElsewhere) -> str:
    d = deps()
    name = calendar_names(d.session, d.now()).get(refusal.calendar_id, "another calendar of yours")
    return f"You are busy then in {name}. Change it there first, then read it again."


def _teller() -> Teller:
    return Teller(get_schedule(deps().session), 0, patient_name, calendar_names(deps().session, deps().now()))


def _move_page(
    booking: Booking,
    faults: dict[str, str],
    status: int = 422,
    *,
    unusual: Sequence[Told] = (),
    unusual_at: datetime | None = None,
) -> ResponseReturnValue:
    d = deps()
    first_on = day_from(request.args.get("from", ""))
    page = move_page(d.session, booking, _zone(), d.now(), first_on=first_on, days=_DAYS, lost=None)
    html = render_template(
        "therapist/move.html",
        page=page,
        contact=desk.contact_of(d.session, booking, d.ports),
        fields={
            name: PlainField(name, request.form.get(name), [faults[name]] if name in faults else [])
            for name in ("start", "on", "at")
        },
        errors=list(faults.items()),
        unusual=unusual,
        unusual_at=unusual_at,
        previous_on=page.first_on - timedelta(days=_DAYS),
        next_on=page.first_on + timedelta(days=_DAYS),
    )
    return html, status if faults or unusual else 200


def _cancel_page(booking: Booking, main: str | None = None, status: int = 200) -> ResponseReturnValue:
    d = deps()
    html = render_template(
        "therapist/cancel.html",
        page=cancel_page(d.session, booking, Actor.THERAPIST, _zone(), d.now()),
        contact=desk.contact_of(d.session, booking, d.ports),
        pack=find_card(d.session, booking, d.now(), d.ports),
        errors=[("main", main)] if main else [],
    )
    return html, status


def _to_summary(booking_id: str) -> ResponseReturnValue:
    return redirect(url_for("therapist.summary", booking_id=booking_id), code=303)
