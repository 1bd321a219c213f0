"""The visitor's own booking, found by the cookie, and the guard before every step of it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import wraps
from typing import Any

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from consult.booking import checkout
from consult.booking.journey import COUNTED, Step, may_enter, next_step
from consult.booking.standing import Standing, StepNotOpen, find_standing_by_token
from consult.deps import counter, deps
from consult.intake.service import ResponseNotFound
from consult.scheduling.lifecycle import Status
from consult.web.security import csrf_stale

from .unpaid_minutes import count_kept, note_kept

patient = Blueprint("patient", __name__)
patient.after_request(count_kept)

_COOKIE = "visit"
CHANGES = (Step.SCREEN, Step.TIME, Step.ABOUT)
"""Steps whose answers decide what is paid for, and whether it may be."""

_ADDRESS = {
    Step.SCREEN: "patient.safety",
    Step.STOP: "patient.stop",
    Step.ADVICE: "patient.advice",
    Step.TIME: "patient.choose_time",
    Step.ABOUT: "patient.about",
    Step.TERMS: "patient.terms",
    Step.CHECK: "patient.check",
    Step.PAY: "patient.check",
}


def remember(token: str) -> None:
    session[_COOKIE] = token


def forget() -> None:
    session.pop(_COOKIE, None)


def visit_token() -> str | None:
    token = session.get(_COOKIE)
    return token if isinstance(token, str) else None


def current_standing() -> Standing | None:
    """Where this visitor's booking stands; None for a visitor without one."""
    token = visit_token()
    if token is None:
        return None
    try:
        standing = find_standing_by_token(deps().session, token, deps().now(), deps().ports)
    except ResponseNotFound:
        # An old draft whose answers were deleted, kept only because money had moved.
        forget()
        return None
    if standing is not None:
        note_kept(standing)
    return standing


def address(step: Step) -> str:
    """Where a step's page is."""
    if step is Step.CONFIRMED:
        return url_for("patient.private_page", token=visit_token())
    return url_for(_ADDRESS[step])


def onward(standing: Standing | None) -> Response:
    """Send the visitor to what is due next."""
    return redirect(address(next_step(standing.facts) if standing else Step.SCREEN), code=303)


def at(step: Step) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., ResponseReturnValue]]:
    """Guard a view: it gets the visitor's standing, and only when the journey opens this door."""

    def decorate(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
        @wraps(view)
        def guarded(**arguments: Any) -> ResponseReturnValue:
            standing = current_standing()
            if standing is not None and step in CHANGES:
                standing = before_change(standing)
            if standing is None or not may_enter(step, standing.facts):
                return turned_away(step, standing)
            answer = view(standing, **arguments)
            if step in CHANGES and posted():
                _after_change(standing)
            return answer

        return guarded

    return decorate


def turned_away(step: Step, standing: Standing | None) -> Response:
    """Send the visitor to what is due, saying why where it is only that no time is held any more."""
    if standing and may_enter(step, replace(standing.facts, hold_live=True)) and not standing.facts.confirmed:
        held = standing.appointment
        if held is not None:
            flash("time_given_back" if held.status is Status.RELEASED else "hold_ran_out")
    return onward(standing)


def before_change(standing: Standing) -> Standing | None:
    """Where the booking stands once nobody can pay any more for what is about to change: an open payment page
    is closed first. It may turn out to have been paid.
    """
    if standing.payment is None or not posted() or csrf_stale():
        return standing
    checkout.abandon(counter(), standing.payment.id, standing.booking.id)
    return current_standing()


def _after_change(standing: Standing) -> None:
    """Another tab may have opened a payment page between the look and the change."""
    with suppress(StepNotOpen):
        checkout.close_if_not_due(counter(), standing.booking.id)


def progress(step: Step) -> str:
    return f"Step {COUNTED.index(step) + 1} of {len(COUNTED)}"


def posted() -> bool:
    return request.method == "POST"
