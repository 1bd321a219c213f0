"""The safety check once more, close to the visit; no visit is joined without it."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import recheck as booking_recheck
from consult.booking.answers.screening import RECHECK
from consult.booking.standing import Standing
from consult.deps import deps
from consult.intake.questionnaire import visible_items
from consult.web.security import csrf_stale, redisplays

from .private_page import standing_of
from .question_page import QuestionPage, receive_page, show_page
from .screen import emergency_in, emergency_unkept
from .visit import patient, posted


@patient.route("/b/<token>/safety", methods=["GET", "POST"])
@redisplays
def recheck(token: str) -> ResponseReturnValue:
    """Asked blank, so that last week's "none" is not just sent again; its follow-ups open as at first."""
    standing = standing_of(token, also_cancelled=posted())
    if standing.booking.on_safety_hold and (not posted() or csrf_stale()):
        return redirect(url_for("patient.intake_done", token=token), code=303)
    d = deps()
    questionnaire, today = standing.catalogue.questionnaire, d.now().date()
    section = questionnaire.section(RECHECK)
    more = "more" in request.args
    answers = {name: value for name, value in standing.answers.items() if more or name != section.items[0].id}
    items = list(dict.fromkeys([*section.items, *visible_items(questionnaire, answers, [RECHECK], today)]))
    if not posted():
        return _page(standing, token, show_page(questionnaire, items, answers, today), more)
    page = receive_page(questionnaire, items, answers, today)
    if told := emergency_unkept(standing, page):
        return told
    emergency = emergency_in(standing.catalogue, page, answers)
    if csrf_stale() or (page.errors and not emergency):
        return _page(standing, token, page, more), 422
    known = answers | {name: value for name, value in page.answers.items() if value is not None}
    shown = request.form.getlist("shown")
    asked = visible_items(questionnaire, known, [RECHECK], today)
    unseen = next((item.id for item in asked if item.id not in shown), None)
    done = unseen is None and not page.errors
    with d.transaction():
        booking_recheck.save_recheck(d.session, standing.booking, page.answers, done, d.now(), d.ports)
    if not standing_of(token).booking.on_safety_hold:
        if page.errors:
            return _page(standing, token, page, more), 422
        if unseen is not None:
            return redirect(url_for("patient.recheck", token=token, more=1, _anchor=unseen), code=303)
    return redirect(url_for("patient.recheck_done", token=token), code=303)


@patient.get("/b/<token>/safety/done")
def recheck_done(token: str) -> ResponseReturnValue:
    standing = standing_of(token)
    if standing.booking.on_safety_hold:
        return redirect(url_for("patient.intake_done", token=token), code=303)
    return render_template("patient/recheck_done.html", standing=standing, token=token)


def _page(standing: Standing, token: str, page: QuestionPage, more: bool) -> str:
    section = standing.catalogue.questionnaire.section(RECHECK)
    return render_template("patient/recheck.html", page=page, section=section, token=token, more=more)
