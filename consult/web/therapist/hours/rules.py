"""Rules of booking, and the terms for moving and cancelling."""

from collections.abc import Sequence

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.core.given import Fault, read_number
from consult.deps import deps
from consult.practice.service import get_practice
from consult.practice.terms import GivenTerms, save_terms
from consult.scheduling.editor import editing
from consult.scheduling.editor.rules_checks import STEPS, GivenRules
from consult.scheduling.queries import get_schedule
from consult.scheduling.zones import zone_choices
from consult.web.auth import therapist_only
from consult.web.security import redisplays

from ..agenda import therapist
from . import words
from .form import HoursForm, save, typed

_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}


@therapist.route("/hours/rules", methods=["GET", "POST"])
@therapist_only
@redisplays
def hours_rules() -> ResponseReturnValue:
    if request.method == "GET":
        return _rules_page(_standing_rules(), ())
    d = deps()
    schedule_id = get_schedule(d.session).id
    given = _given_rules()
    faults = save(lambda: editing.save_rules(d.session, schedule_id, given), "rules_saved")
    if faults:
        return _rules_page(typed(), faults), 422
    return redirect(url_for("therapist.hours"), code=303)


@therapist.route("/hours/terms", methods=["GET", "POST"])
@therapist_only
@redisplays
def hours_terms() -> ResponseReturnValue:
    if request.method == "GET":
        practice = get_practice(deps().session)
        standing = {name: str(getattr(practice, name)) for name in GivenTerms.__dataclass_fields__}
        return render_template("therapist/hours_terms.html", form=HoursForm(standing))
    given = GivenTerms(*(read_number(request.form.get(name, "")) for name in GivenTerms.__dataclass_fields__))
    faults = save(lambda: save_terms(deps().session, given), "terms_saved")
    if faults:
        return render_template("therapist/hours_terms.html", form=HoursForm(typed(), faults)), 422
    return redirect(url_for("therapist.hours"), code=303)


def _given_rules() -> GivenRules:
    sent = request.form.get
    notice = read_number(sent("notice_minutes", ""))
    size = _MINUTES.get(sent("notice_unit", ""), 1)
    return GivenRules(
        zone=sent("zone", ""),
        slot_step_minutes=read_number(sent("slot_step_minutes", "")),
        notice_minutes=notice if isinstance(notice, str) else notice * size,
        horizon_days=read_number(sent("horizon_days", "")),
        max_per_day=read_number(sent("max_per_day", "")),
        max_per_week=read_number(sent("max_per_week", "")),
    )


def _standing_rules() -> dict[str, str]:
    schedule = get_schedule(deps().session)
    notice, unit = words.notice_parts(schedule.notice_minutes)
    return {
        "zone": schedule.zone,
        "slot_step_minutes": str(schedule.slot_step_minutes),
        "notice_minutes": str(notice),
        "notice_unit": unit,
        "horizon_days": str(schedule.horizon_days),
        "max_per_day": str(schedule.max_per_day or ""),
        "max_per_week": str(schedule.max_per_week or ""),
    }


def _rules_page(values: dict[str, str], faults: Sequence[Fault]) -> str:
    return render_template(
        "therapist/hours_rules.html",
        form=HoursForm(values, faults),
        zones=zone_choices(),
        steps=STEPS,
        units=list(_MINUTES),
    )
