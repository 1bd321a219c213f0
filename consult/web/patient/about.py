"""About the patient: who, how to reach them, where they will be, what they need."""

from dataclasses import replace

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import commands
from consult.booking.contact import contact_faults
from consult.booking.journey import Step
from consult.booking.standing import Standing
from consult.deps import deps
from consult.intake.questionnaire import Item
from consult.practice.service import get_practice
from consult.web.security import redisplays

from .question_page import QuestionPage, add_errors, receive_page, show_page
from .visit import at, current_standing, onward, patient, posted, progress

PAGES = {
    "you": ("Who the visit is for", ("pt_name", "pt_dob", "pt_filler")),
    "contact": ("How we reach you", ("pt_email", "pt_phone")),
    "place": ("Where you will be", ("pt_state", "pt_place", "pt_ice")),
    "needs": ("What we should know first", ("pt_access", "pt_preg", "pt_preg_warn")),
}
"""One topic a page: address, heading, questions. Every question of the section stands on exactly one."""

ELSEWHERE = "OTHER"
"""The answer for a state that the practice does not serve; a policy of the form stops the booking on it."""

_NAMES = list(PAGES)


@patient.get("/book/about")
@at(Step.ABOUT)
def about(standing: Standing) -> ResponseReturnValue:
    return redirect(url_for("patient.about_page", name=_first_open(standing)), code=303)


@patient.route("/book/about/<name>", methods=["GET", "POST"])
@redisplays
@at(Step.ABOUT)
def about_page(standing: Standing, name: str) -> ResponseReturnValue:
    if name not in PAGES:
        abort(404)
    d = deps()
    questionnaire, today = d.ports.catalogue.questionnaire, d.now().date()
    items = [_offered(questionnaire.items[item_id]) for item_id in PAGES[name][1]]
    if not posted():
        return _page(standing, name, show_page(questionnaire, items, standing.answers, today))
    page = receive_page(questionnaire, items, standing.answers, today)
    add_errors(page, contact_faults(page.answers, today))
    if page.errors:
        return _page(standing, name, page), 422
    with d.transaction():
        commands.save_about(d.session, standing.booking, page.answers, d.now(), d.ports)
    return _after(name, page)


def _offered(item: Item) -> Item:
    """The question as this practice asks it: only the states it may treat in, and "somewhere else"."""
    if item.id != "pt_state":
        return item
    served = {*get_practice(deps().session).licensed_states, ELSEWHERE}
    return replace(item, options=tuple(option for option in item.options if option.id in served))


def page_of(item_id: str) -> str:
    """The page this question stands on."""
    return next(name for name, (_, ids) in PAGES.items() if item_id in ids)


def _after(name: str, page: QuestionPage) -> ResponseReturnValue:
    standing = current_standing()
    if standing is None or standing.screening.stopped:
        return onward(standing)
    if page.fresh:
        return redirect(url_for("patient.about_page", name=name, more=1, _anchor=page.fresh[0].id), code=303)
    if "change" in request.args or name == _NAMES[-1]:
        return onward(standing)
    return redirect(url_for("patient.about_page", name=_NAMES[_NAMES.index(name) + 1]), code=303)


def _first_open(standing: Standing) -> str:
    missing = {item.id for item in standing.about_missing}
    return next((name for name, (_, ids) in PAGES.items() if missing & set(ids)), _NAMES[0])


def _page(standing: Standing, name: str, page: QuestionPage) -> str:
    position = _NAMES.index(name)
    back = url_for("patient.choose_time")
    if position > 0:
        back = url_for("patient.about_page", name=_NAMES[position - 1])
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
