"""The intake form behind the private page: one topic a page, saved at every step, resumed at will."""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking import answering
from consult.booking.answers.intake_checks import intake_faults
from consult.booking.answers.intake_plan import following, intake_sections, next_section
from consult.booking.changes.money import find_money
from consult.booking.standing import Standing, VisitOver
from consult.deps import deps
from consult.intake.questionnaire import Section, visible_items
from consult.summary.words import patient_words
from consult.web.security import csrf_stale, redisplays

from .private_page import standing_of
from .question_page import QuestionPage, add_errors, receive_page, show_page
from .screen import emergency_in, emergency_unkept
from .visit import patient, posted


@patient.get("/b/<token>/intake")
def intake(token: str) -> ResponseReturnValue:
    """Resume at the first topic not finished."""
    return _onward(token, standing_of(token))


@patient.route("/b/<token>/intake/<section_id>", methods=["GET", "POST"])
@redisplays
def intake_section(token: str, section_id: str) -> ResponseReturnValue:
    standing = standing_of(token, also_cancelled=posted())
    closed = standing.intake_completed or standing.booking.on_safety_hold
    if closed and not posted():
        return _onward(token, standing)
    section = _section(standing, section_id)
    questionnaire, today = standing.catalogue.questionnaire, deps().now().date()
    answers = standing.answers
    # The recheck brings the follow-up questions of the safety screen with it.
    items = list(dict.fromkeys([*section.items, *visible_items(questionnaire, answers, [section_id], today)]))
    if not posted():
        return _page(standing, token, section, show_page(questionnaire, items, answers, today))
    later = request.form.get("then") == "later"
    page = receive_page(questionnaire, items, answers, today, insist=not later)
    known = answers | {item_id: value for item_id, value in page.answers.items() if value is not None}
    faults = intake_faults(known)
    add_errors(page, {item_id: fault for item_id, fault in faults.items() if item_id in page.answers})
    page.answers = {item_id: value for item_id, value in page.answers.items() if item_id not in faults}
    if unkept := _unkept(standing, token, section, page):
        return unkept
    if closed and not emergency_in(standing.catalogue, page, answers):
        return _onward(token, standing)
    # Also what the recheck opened, where an answer of the first safety screen must be given anew.
    asked = visible_items(questionnaire, known, [section_id], today)
    shown = request.form.getlist("shown")
    unseen = next((item.id for item in asked if item.id not in shown), None)
    # What is valid is kept even beside an error: a patient who gives up here finds it again.
    _save(standing, section, page, done=page.done and unseen is None and not later)
    if closed or standing_of(token).booking.on_safety_hold:
        return redirect(url_for("patient.intake_done", token=token), code=303)
    if page.errors:
        return _page(standing, token, section, page), 422
    if later:
        return redirect(url_for("patient.private_page", token=token, saved=1), code=303)
    return _after(token, section, unseen)


@patient.route("/b/<token>/intake/check", methods=["GET", "POST"])
def intake_check(token: str) -> ResponseReturnValue:
    """A last look, then submit: the rules run again on everything."""
    standing = standing_of(token)
    if standing.intake_completed or standing.booking.on_safety_hold or _next(standing) is not None:
        return _onward(token, standing)
    if posted():
        d = deps()
        with d.transaction():
            answering.submit_intake(d.session, standing.booking, d.now(), d.ports)
        return redirect(url_for("patient.intake_done", token=token), code=303)
    return render_template("patient/intake_check.html", token=token, sections=_checked_rows(standing))


@patient.get("/b/<token>/intake/done")
def intake_done(token: str) -> ResponseReturnValue:
    standing = standing_of(token)
    if standing.booking.on_safety_hold:
        money = find_money(deps().session, standing.booking)
        return render_template("patient/stop.html", screening=standing.screening, token=token, money=money)
    if not standing.intake_completed:
        return _onward(token, standing)
    return render_template("patient/intake_done.html", standing=standing, token=token)


def _sections(standing: Standing) -> list[Section]:
    return intake_sections(standing.catalogue.questionnaire, standing.answers, deps().now().date())


def _section(standing: Standing, section_id: str) -> Section:
    section = next((known for known in _sections(standing) if known.id == section_id), None)
    if section is None and standing.booking.cancelled_at is not None:
        raise VisitOver
    return section or abort(404)


def _next(standing: Standing) -> Section | None:
    questionnaire = standing.catalogue.questionnaire
    return next_section(questionnaire, standing.answers, standing.response.sections_done, deps().now().date())


def _onward(token: str, standing: Standing) -> ResponseReturnValue:
    if standing.intake_completed or standing.booking.on_safety_hold:
        return redirect(url_for("patient.intake_done", token=token), code=303)
    section = _next(standing)
    if section is None:
        return redirect(url_for("patient.intake_check", token=token), code=303)
    return redirect(url_for("patient.intake_section", token=token, section_id=section.id), code=303)


def _unkept(
    standing: Standing, token: str, section: Section, page: QuestionPage
) -> ResponseReturnValue | None:
    if told := emergency_unkept(standing, page):
        return told
    return (_page(standing, token, section, page), 422) if csrf_stale() else None


def _save(standing: Standing, section: Section, page: QuestionPage, *, done: bool) -> None:
    d = deps()
    with d.transaction():
        answering.save_intake(d.session, standing.booking, section.id, page.answers, done, d.now(), d.ports)


def _after(token: str, section: Section, unseen: str | None) -> ResponseReturnValue:
    if unseen is not None:
        return redirect(
            url_for("patient.intake_section", token=token, section_id=section.id, more=1, _anchor=unseen),
            code=303,
        )
    standing = standing_of(token)
    after = following(_sections(standing), section.id)
    resumed = after is not None and after.id in standing.response.sections_done
    if after is None or resumed or "change" in request.args:
        return redirect(url_for("patient.intake", token=token), code=303)
    return redirect(url_for("patient.intake_section", token=token, section_id=after.id), code=303)


def _page(standing: Standing, token: str, section: Section, page: QuestionPage) -> str:
    ids = [known.id for known in _sections(standing)]
    position = ids.index(section.id)
    back = url_for("patient.private_page", token=token)
    if position > 0:
        back = url_for("patient.intake_section", token=token, section_id=ids[position - 1])
    return render_template(
        "patient/intake_section.html",
        section=section,
        page=page,
        back=back,
        step=f"Part {position + 1} of {len(ids)}",
        more="more" in request.args,
    )


def _checked_rows(standing: Standing) -> list[tuple[Section, list[tuple[str, str, None, None]]]]:
    """Each topic with what was answered, in the patient's own words."""
    questionnaire, today = standing.catalogue.questionnaire, deps().now().date()
    visible = visible_items(questionnaire, standing.answers, on=today)
    return [
        (
            section,
            [
                (item.ask, patient_words(item, standing.answers.get(item.id)), None, None)
                for item in visible
                if item.section == section.id
            ],
        )
        for section in _sections(standing)
    ]
