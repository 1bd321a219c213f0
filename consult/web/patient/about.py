"""About the patient: who, how to reach them, where they will be, what they need."""

from dataclasses import replace

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import commands
from consult.booking.answers.contact import contact_faults
from consult.booking.journey import Step, may_enter
from consult.booking.standing import Standing
from consult.deps import deps
from consult.intake.questionnaire import Item, Questionnaire
from consult.practice.service import get_practice
from consult.web.security import redisplays

from .about_pages import ELSEWHERE, NAMES, PAGES
from .question_page import QuestionPage, add_errors, receive_page, show_page
from .screen import cannot_keep, emergency_in, stop_page_unsaved, tells_emergency
from .visit import (
    at,
    before_change,
    current_standing,
    onward,
    patient,
    posted,
    progress,
    turned_away,
    visit_token,
)


@patient.get("/book/about")
@at(Step.ABOUT)
def about(standing: Standing) -> ResponseReturnValue:
    return redirect(url_for("patient.about_page", name=_first_open(standing)), code=303)


@patient.route("/book/about/<name>", methods=["GET", "POST"])
@redisplays
def about_page(name: str) -> ResponseReturnValue:
    if name not in PAGES:
        abort(404)
    standing = current_standing()
    standing = before_change(standing) if standing else None
    late = standing is not None and standing.facts.confirmed and posted()
    if standing is None or not (late or _may_answer(standing)):
        return _emergency_told(name, standing) or turned_away(Step.ABOUT, standing)
    d = deps()
    questionnaire, today = standing.catalogue.questionnaire, d.now().date()
    items = _asked(questionnaire, name)
    if not posted():
        return _page(standing, name, show_page(questionnaire, items, standing.answers, today))
    page = receive_page(questionnaire, items, standing.answers, today)
    emergency = emergency_in(standing.catalogue, page, standing.answers)
    if late and not emergency:
        return onward(standing)
    if emergency and cannot_keep(standing):
        return stop_page_unsaved(standing.catalogue, page, standing.answers, standing, Step.ABOUT)
    add_errors(page, contact_faults(page.answers, today))
    if page.errors and not emergency:
        return _page(standing, name, page), 422
    with d.transaction():
        commands.save_about(d.session, standing.booking, page.answers, d.now(), d.ports)
    if standing.booking.confirmed_at is not None:
        return redirect(url_for("patient.intake_done", token=visit_token()), code=303)
    return _after(name, page)


def _may_answer(standing: Standing) -> bool:
    """What was typed is taken also when the held time ran out meanwhile; the time is then chosen anew."""
    facts = standing.facts if not posted() else replace(standing.facts, hold_live=True)
    return may_enter(Step.ABOUT, facts)


def _emergency_told(name: str, standing: Standing | None) -> ResponseReturnValue | None:
    """The advice of an emergency that was told where nothing can be kept any more, or not yet."""
    if not posted():
        return None
    catalogue = standing.catalogue if standing else deps().ports.catalogue
    saved = standing.answers if standing else {}
    items = _asked(catalogue.questionnaire, name)
    page = receive_page(catalogue.questionnaire, items, saved, deps().now().date())
    if not tells_emergency(catalogue, page, saved):
        return None
    return stop_page_unsaved(catalogue, page, saved, standing, Step.ABOUT)


def _asked(questionnaire: Questionnaire, name: str) -> list[Item]:
    """An older version of the form may not have every question of the page."""
    items = questionnaire.items
    return [_offered(items[item_id]) for item_id in PAGES[name][1] if item_id in items]


def _offered(item: Item) -> Item:
    """The question as this practice asks it: only the states it may treat in, and "somewhere else"."""
    if item.id != "pt_state":
        return item
    served = {*get_practice(deps().session).licensed_states, ELSEWHERE}
    return replace(item, options=tuple(option for option in item.options if option.id in served))


def _after(name: str, page: QuestionPage) -> ResponseReturnValue:
    standing = current_standing()
    if standing is None or not may_enter(Step.ABOUT, standing.facts) or standing.screening.stopped:
        return turned_away(Step.ABOUT, standing)
    if page.fresh:
        return redirect(url_for("patient.about_page", name=name, more=1, _anchor=page.fresh[0].id), code=303)
    if "change" in request.args or name == NAMES[-1]:
        return onward(standing)
    return redirect(url_for("patient.about_page", name=NAMES[NAMES.index(name) + 1]), code=303)


def _first_open(standing: Standing) -> str:
    missing = {item.id for item in standing.about_missing}
    return next((name for name, (_, ids) in PAGES.items() if missing & set(ids)), NAMES[0])


def _page(standing: Standing, name: str, page: QuestionPage) -> str:
    position = NAMES.index(name)
    back = url_for("patient.choose_time")
    if position > 0:
        back = url_for("patient.about_page", name=NAMES[position - 1])
    return render_template(
        "patient/about.html",
        page=page,
        heading=PAGES[name][0],
        step=progress(Step.ABOUT),
        back=back,
        more="more" in request.args,
        held=standing.appointment if standing.facts.hold_live else None,
        zone=standing.booking.zone,
    )
