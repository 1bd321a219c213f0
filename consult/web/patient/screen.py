"""The safety screen, and the two pages it may lead to."""

from collections.abc import Mapping

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import TooManyRequests

from consult.booking import commands
from consult.booking.answers.screening import SCREEN, Screening, stopping_item
from consult.booking.answers.screening import screening as judge
from consult.booking.changes.money import find_money
from consult.booking.journey import Step, may_enter
from consult.booking.models import Booking
from consult.booking.on_offer import booking_is_closed
from consult.booking.standing import Standing, VisitOver
from consult.booking.tokens import read_token
from consult.deps import deps
from consult.intake.answers import AnswerValue
from consult.intake.content import Catalogue
from consult.web.fields import PlainField
from consult.web.limits import SCREENS_SENT, SCREENS_STARTED, spend, wait_words
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .about_pages import page_of
from .question_page import QuestionPage, receive_page, show_page
from .visit import (
    at,
    before_change,
    current_standing,
    onward,
    patient,
    posted,
    progress,
    remember,
    visit_token,
)


@patient.route("/book/safety", methods=["GET", "POST"])
@redisplays
def safety() -> ResponseReturnValue:
    d = deps()
    standing = current_standing()
    standing = before_change(standing) if standing else None
    late = standing is not None and standing.facts.confirmed
    if standing and not may_enter(Step.SCREEN, standing.facts) and not (late and posted()):
        return onward(standing)
    catalogue, today = standing.catalogue if standing else d.ports.catalogue, d.now().date()
    questionnaire = catalogue.questionnaire
    items = questionnaire.section(SCREEN).items
    saved = standing.answers if standing else {}
    if not posted():
        return _screen_page(catalogue, show_page(questionnaire, items, saved, today))
    page = receive_page(questionnaire, items, saved, today)
    emergency = emergency_in(catalogue, page, saved)
    if late and not emergency:
        return onward(standing)
    if page.errors and not emergency:
        return _screen_page(catalogue, page), 422
    refused = None if csrf_stale() or late else _refused(catalogue, page, first=standing is None)
    if emergency and (refused or cannot_keep(standing)):
        return stop_page_unsaved(catalogue, page, saved, standing)
    return refused or _taken(standing, page)


def _refused(catalogue: Catalogue, page: QuestionPage, *, first: bool) -> ResponseReturnValue | None:
    """What is shown where nothing can be kept: too many were sent from here, or nothing is on offer."""
    try:
        spend(SCREENS_SENT)
        if first:
            spend(SCREENS_STARTED)
    except TooManyRequests as refusal:
        message = (
            "Many safety checks were sent from your internet connection. What you ticked is still here: "
        )
        page.errors.insert(0, ("main", f"{message}please send it again {wait_words(refusal)}, or call us."))
        return _screen_page(catalogue, page), 429, {"Retry-After": str(refusal.retry_after)}
    if first and booking_is_closed(deps().session):
        return redirect(url_for("patient.book"), code=303)
    return None


def _taken(standing: Standing | None, page: QuestionPage) -> ResponseReturnValue:
    d = deps()
    with d.transaction():
        booking, token = commands.find_or_start(
            d.session, standing.booking if standing else None, request.form.get("zone"), d.now(), d.ports
        )
        screening = commands.answer_screen(d.session, booking, page.answers, d.now(), d.ports)
    if token:
        remember(token)
    if booking.confirmed_at is not None:
        return redirect(url_for("patient.intake_done", token=visit_token()), code=303)
    if page.fresh and not screening.stopped:
        return redirect(url_for("patient.safety", _anchor=page.fresh[0].id, more=1), code=303)
    return onward(current_standing())


def cannot_keep(standing: Standing | None) -> bool:
    """Whether what was sent is only answered, not saved: the page is too old, or the visit cancelled."""
    return csrf_stale() or (standing is not None and standing.booking.cancelled_at is not None)


def emergency_in(catalogue: Catalogue, page: QuestionPage, saved: Mapping[str, AnswerValue]) -> bool:
    """Whether what was answered settles an emergency: that is not kept waiting for a missing answer."""
    return bool(_judged(catalogue, page, saved).emergencies)


def tells_emergency(catalogue: Catalogue, page: QuestionPage, saved: Mapping[str, AnswerValue]) -> bool:
    """Whether what was answered settles an emergency that the answers kept so far do not tell of."""
    before = judge(catalogue, saved, deps().now().date()).emergencies
    told = _judged(catalogue, page, saved).emergencies
    return not {flag.id for flag in told} <= {flag.id for flag in before}


def emergency_unkept(standing: Standing, page: QuestionPage) -> ResponseReturnValue | None:
    """The advice of an emergency told on a page of a booked visit that can keep nothing; None where there is
    none. Raises VisitOver for any other page of a cancelled visit.
    """
    if cannot_keep(standing) and tells_emergency(standing.catalogue, page, standing.answers):
        return stop_page_unsaved(standing.catalogue, page, standing.answers, standing)
    if standing.booking.cancelled_at is not None:
        raise VisitOver
    return None


def stop_page_unsaved(
    catalogue: Catalogue,
    page: QuestionPage,
    saved: Mapping[str, AnswerValue],
    standing: Standing | None,
    asked_in: Step = Step.SCREEN,
) -> ResponseReturnValue:
    """The advice of an emergency whose answers cannot be kept: it is read all the same."""
    visit = standing.booking if standing and standing.facts.confirmed else None
    return _stop_page(_judged(catalogue, page, saved), asked_in, visit=visit), 422


def _judged(catalogue: Catalogue, page: QuestionPage, saved: Mapping[str, AnswerValue]) -> Screening:
    answers = {**saved, **{name: value for name, value in page.answers.items() if value is not None}}
    return judge(catalogue, answers, deps().now().date())


def _screen_page(catalogue: Catalogue, page: object) -> str:
    section = catalogue.questionnaire.section(SCREEN)
    return render_template(
        "patient/safety.html",
        page=page,
        section=section,
        step=progress(Step.SCREEN),
        more="more" in request.args,
    )


@patient.get("/book/stop")
@at(Step.STOP)
def stop(standing: Standing) -> ResponseReturnValue:
    return _stop_page(standing.screening, standing.facts.stopped_in or Step.SCREEN, standing)


def _stop_page(
    screening: Screening, stopped_in: Step, standing: Standing | None = None, visit: Booking | None = None
) -> str:
    """With the way back to the very answers that led here. `visit` is one that was booked, of which nothing
    could be kept now.
    """
    mend_url = url_for("patient.safety")
    if stopped_in is Step.ABOUT:
        mend_url = url_for("patient.about_page", name=page_of(stopping_item(screening)), change=1)
    money = find_money(deps().session, standing.booking) if standing else None
    recheck_url = url_for("patient.recheck", token=read_token(visit, deps().ports.sealer)) if visit else None
    return render_template(
        "patient/stop.html",
        screening=screening,
        mend_url=mend_url,
        money=money,
        visit=visit,
        recheck_url=recheck_url,
    )


@patient.route("/book/advice", methods=["GET", "POST"])
@redisplays
@at(Step.ADVICE)
def advice(standing: Standing) -> ResponseReturnValue:
    d = deps()
    ticked = request.form.get("read") == "yes"
    errors = []
    if posted() and not ticked:
        errors = [("read", "Tick the box to say that you have read this and will get checked.")]
    if csrf_stale():
        errors.insert(0, ("main", STALE))
    if posted() and not errors:
        try:
            with d.transaction():
                commands.read_advice(
                    d.session, standing.booking, request.form.getlist("sign"), d.now(), d.ports
                )
            return onward(current_standing())
        except commands.AdviceChanged:
            errors = [("main", "Your answers were changed in another window. Please read this again.")]
            ticked = False
    read = "yes" if ticked or standing.booking.advice_read_at else None
    field = PlainField("read", read, [message for name, message in errors if name == "read"])
    page = render_template("patient/advice.html", screening=standing.screening, errors=errors, field=field)
    return (page, 422) if errors else page
