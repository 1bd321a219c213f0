"""What the therapist pastes into her own site, and which sites may show her free times."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.deps import deps
from consult.practice.embedding import FIELD, save_embed_sites
from consult.practice.service import get_practice
from consult.web.auth import therapist_only
from consult.web.security import redisplays

from .agenda import therapist
from .hours.form import HoursForm, save, typed


@therapist.route("/website", methods=["GET", "POST"])
@therapist_only
@redisplays
def website() -> ResponseReturnValue:
    if request.method == "GET":
        return _page(HoursForm({FIELD: "\n".join(get_practice(deps().session).embed_sites)}))
    faults = save(lambda: save_embed_sites(deps().session, request.form.get(FIELD, "")), "sites_saved")
    if faults:
        return _page(HoursForm(typed(), faults)), 422
    return redirect(url_for("therapist.website"), code=303)


def _page(form: HoursForm) -> str:
    links = deps().ports.links
    return render_template(
        "therapist/website.html", form=form, book_url=links.book(), times_url=links.embedded_times()
    )
