"""The safety screen, and the two pages it may lead to."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import commands
from consult.booking.journey import Step, may_enter
from consult.booking.screening import SCREEN
from consult.booking.standing import Standing
from consult.deps import deps
from consult.web.fields import PlainField
from consult.web.security import csrf_stale, redisplays

from .question_page import receive_page, show_page
from .visit import address, at, current_standing, onward, patient, posted, progress, remember


@patient.route("/book/safety", methods=["GET", "POST"])
@redisplays
def safety() -> ResponseReturnValue:
    d = deps()
    standing = current_standing()
    if standing and not may_enter(Step.SCREEN, standing.facts):
        return onward(standing)
    questionnaire = d.ports.catalogue.questionnaire
    items = questionnaire.section(SCREEN).items
    saved = standing.answers if standing else {}
    today = d.now().date()
    if not posted():
        page = show_page(questionnaire, items, saved, today)
        return _screen_page(page)
    page = receive_page(questionnaire, items, saved, today)
    if page.errors:
        return _screen_page(page), 422
    with d.transaction():
        booking, token = commands.find_or_start(
            d.session, standing.booking if standing else None, request.form.get("zone"), d.now(), d.ports
        )
        screening = commands.answer_screen(d.session, booking, page.answers, d.now(), d.ports)
    if token:
        remember(token)
    if page.fresh and not screening.stopped:
        return redirect(url_for("patient.safety", _anchor=page.fresh[0].id, more=1), code=303)
    return onward(current_standing())


def _screen_page(page: object) -> str:
    section = deps().ports.catalogue.questionnaire.section(SCREEN)
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
    mend_url = address(standing.facts.stopped_in or Step.SCREEN)
    return render_template("patient/stop.html", screening=standing.screening, mend_url=mend_url)


@patient.route("/book/advice", methods=["GET", "POST"])
@redisplays
@at(Step.ADVICE)
def advice(standing: Standing) -> ResponseReturnValue:
    d = deps()
    errors = []
    if posted():
        if csrf_stale() or request.form.get("read") != "yes":
            errors = [("read", "Tick the box to say that you have read this and will get checked.")]
        else:
            with d.transaction():
                commands.read_advice(d.session, standing.booking, d.now())
            return onward(current_standing())
    read = "yes" if standing.booking.advice_read_at else None
    field = PlainField("read", read, [message for _, message in errors])
    page = render_template("patient/advice.html", screening=standing.screening, errors=errors, field=field)
    return (page, 422) if errors else page
