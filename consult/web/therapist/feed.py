"""The therapist's calendar feed: its secret address, and how much it shows."""

import uuid
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from consult.booking.feed_detail import choose_detail, new_address
from consult.calendaring.service import Detail
from consult.calendaring.subscriptions import (
    end_subscriptions,
    find_last_fetch,
    of_therapists,
)
from consult.deps import deps
from consult.practice.service import get_therapist
from consult.scheduling.queries import get_schedule
from consult.web.auth import therapist_only
from consult.web.fields import PlainField
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .agenda import therapist

_NEW_FEED = "new_feed"
_SAID = "feed"


@dataclass(frozen=True)
class _DetailOption:
    id: str
    label: str
    hint: str


_DETAILS = (
    _DetailOption(
        Detail.BUSY,
        "Only that you are busy",
        "Whatever service copies the feed learns when you work, and nothing of patients.",
    ),
    _DetailOption(
        Detail.INITIALS,
        "The patient’s initials",
        "“Online appointment – R. M.”, with a link to the summary, which asks you to sign in.",
    ),
    _DetailOption(
        Detail.NAME,
        "The patient’s full name",
        "Names then stand readable in this site’s database and in whatever service copies the feed.",
    ),
)


@therapist.get("/calendar")
@therapist_only
def calendar() -> str:
    """A new address is shown this once, and not again on reload: only its digest is kept."""
    return _page(session.pop(_NEW_FEED, None))


@therapist.post("/calendar")
@therapist_only
def new_calendar_address() -> ResponseReturnValue:
    d = deps()
    with d.transaction():
        session[_NEW_FEED] = new_address(d.session, _therapist_id(), d.now())
    return redirect(url_for("therapist.calendar"), code=303)


@therapist.post("/calendar/stop")
@therapist_only
def stop_calendar_address() -> ResponseReturnValue:
    d = deps()
    with d.transaction():
        end_subscriptions(d.session, of_therapists({_therapist_id()}), d.now())
    session.pop(_NEW_FEED, None)
    flash("stopped", _SAID)
    return redirect(url_for("therapist.calendar"), code=303)


@therapist.post("/calendar/detail")
@therapist_only
@redisplays
def choose_calendar_detail() -> ResponseReturnValue:
    d = deps()
    chosen = request.form.get("detail", "")
    if csrf_stale():
        return _page(chosen=chosen, error=STALE), 422
    if chosen not in list(Detail):
        return _page(chosen=chosen, error="Choose one of the three."), 422
    with d.transaction():
        choose_detail(d.session, Detail(chosen), d.now(), d.ports)
    flash("detail_saved", _SAID)
    return redirect(url_for("therapist.calendar"), code=303)


def _page(token: str | None = None, *, chosen: str | None = None, error: str | None = None) -> str:
    d = deps()
    if chosen is None:
        chosen = get_therapist(d.session, _therapist_id()).feed_detail
    return render_template(
        "therapist/calendar.html",
        last=find_last_fetch(d.session, of_therapists({_therapist_id()})),
        url=d.ports.links.feed(token) if token else None,
        token=token,
        zone=get_schedule(d.session).zone,
        detail=PlainField("detail", chosen, [error] if error else []),
        details=_DETAILS,
    )


def _therapist_id() -> uuid.UUID:
    therapist_id: uuid.UUID = current_user.signed_in.therapist_id
    return therapist_id
