"""The kinds of session patients can book."""

from collections.abc import Callable, Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.core.given import Fault, read_number
from consult.core.money import EXPONENTS, Money
from consult.deps import deps
from consult.scheduling.editor import session_types as types
from consult.scheduling.editor.rules_checks import GivenSession, read_price
from consult.scheduling.models import SessionType
from consult.scheduling.queries import get_schedule
from consult.web.auth import therapist_only
from consult.web.security import redisplays

from ..agenda import known_id, therapist
from .form import HoursForm, save, typed

_NEW = {"minutes": "45", "buffer_before_minutes": "0", "buffer_after_minutes": "15"}


@therapist.get("/hours/sessions")
@therapist_only
def hours_sessions() -> str:
    rows = _all()
    return render_template(
        "therapist/hours_sessions.html",
        offered=[(row, Money(row.price_minor, row.currency)) for row in rows if row.active],
        retired=[(row, Money(row.price_minor, row.currency)) for row in rows if not row.active],
    )


@therapist.route("/hours/sessions/new", methods=["GET", "POST"])
@therapist_only
@redisplays
def hours_session_new() -> ResponseReturnValue:
    currency = _all()[0].currency
    if request.method == "GET":
        return _page(None, currency, _NEW)
    d = deps()
    schedule_id, given = get_schedule(d.session).id, _given(currency)
    faults = save(lambda: types.add_session_type(d.session, schedule_id, given), "session_saved")
    return (_page(None, currency, typed(), faults), 422) if faults else _to_list()


@therapist.route("/hours/sessions/<type_id>", methods=["GET", "POST"])
@therapist_only
@redisplays
def hours_session(type_id: str) -> ResponseReturnValue:
    d = deps()
    row = types.get_session_type(d.session, known_id(type_id))
    row_id, currency = row.id, row.currency
    if request.method == "GET":
        return _page(row, currency, _standing(row))
    given = _given(currency)
    faults = save(lambda: types.change_session_type(d.session, row_id, given), "session_saved")
    return (_page(row, currency, typed(), faults), 422) if faults else _to_list()


@therapist.post("/hours/sessions/<type_id>/up")
@therapist_only
def hours_session_up(type_id: str) -> ResponseReturnValue:
    return _done(lambda: types.move_session_type_up(deps().session, known_id(type_id)), "order_saved")


@therapist.post("/hours/sessions/<type_id>/retire")
@therapist_only
def hours_session_retire(type_id: str) -> ResponseReturnValue:
    try:
        return _done(lambda: types.retire_session_type(deps().session, known_id(type_id)), "session_retired")
    except types.LastSessionType:
        flash("last_session", "top")
        return _to_list()


@therapist.post("/hours/sessions/<type_id>/offer")
@therapist_only
def hours_session_offer(type_id: str) -> ResponseReturnValue:
    return _done(lambda: types.offer_session_type(deps().session, known_id(type_id)), "session_offered")


def _done(command: Callable[[], None], saved: str) -> ResponseReturnValue:
    faults = save(command, saved)
    if faults:
        flash("same_name", "top")
    return _to_list()


def _to_list() -> ResponseReturnValue:
    return redirect(url_for("therapist.hours_sessions"), code=303)


def _all() -> list[SessionType]:
    session = deps().session
    return types.all_session_types(session, get_schedule(session).id)


def _given(currency: str) -> GivenSession:
    sent = request.form.get
    return GivenSession(
        name=sent("name", ""),
        minutes=read_number(sent("minutes", "")),
        price=read_price(sent("price", ""), currency),
        buffer_before_minutes=read_number(sent("buffer_before_minutes", "")),
        buffer_after_minutes=read_number(sent("buffer_after_minutes", "")),
    )


def _standing(row: SessionType) -> dict[str, str]:
    exponent = EXPONENTS[row.currency]
    whole, rest = divmod(row.price_minor, 10**exponent)
    return {
        "name": row.name,
        "minutes": str(row.minutes),
        "price": f"{whole}.{rest:0{exponent}d}" if rest else str(whole),
        "buffer_before_minutes": str(row.buffer_before_minutes),
        "buffer_after_minutes": str(row.buffer_after_minutes),
    }


def _page(
    row: SessionType | None, currency: str, values: dict[str, str], faults: Sequence[Fault] = ()
) -> str:
    return render_template(
        "therapist/hours_session.html", row=row, currency=currency.upper(), form=HoursForm(values, faults)
    )
