"""The therapist's other calendars: adding one, how reading them goes, changing and removing one."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from consult.booking.outside import calendars as outside_calendars
from consult.booking.outside.calendars import GivenCalendar
from consult.booking.outside.looks import check_calendar
from consult.booking.outside.notices import find_notices
from consult.calendaring.outside.looking import Kind
from consult.calendaring.outside.register import Outside, get_calendar
from consult.calendaring.outside.troubles import CannotRead, Trouble
from consult.core.errors import NotFound
from consult.core.given import Fault, NotSaved
from consult.deps import counter, deps
from consult.scheduling.queries import get_schedule
from consult.web.auth import therapist_only
from consult.web.fields import PlainField
from consult.web.questions import STALE
from consult.web.security import csrf_stale, redisplays

from .agenda import known_id, therapist

_FIELDS = ("name", "kind", "url", "user")
_USUAL = {"kind": Kind.ICS}


@dataclass(frozen=True)
class _KindOption:
    id: str
    label: str
    hint: str


_KINDS = (
    _KindOption(
        Kind.ICS,
        "By its secret address",
        "Google, Outlook, Apple and others give one for each calendar. It ends in .ics, or begins with webcal://",
    ),
    _KindOption(
        Kind.CALDAV,
        "By CalDAV",
        "Fastmail, Nextcloud and others: the address of one calendar, with a user name and an app password.",
    ),
)

WHAT_TO_DO = {
    Trouble.ADDRESS: (
        "Only https addresses on the public internet are read. Copy the address again from the other "
        "calendar’s settings."
    ),
    Trouble.UNREACHABLE: (
        "Nobody answered at that address. Check it for a slip of the pen; if it is right, try again in a "
        "while."
    ),
    Trouble.CERTIFICATE: (
        "The other side’s certificate is not valid, so it may not be who it says. Ask whoever runs it."
    ),
    Trouble.TIMEOUT: "The other side was too slow. It is tried again by itself.",
    Trouble.SIGN_IN: (
        "The other side did not let us in. Use the secret address, or a user name with an app password; "
        "your usual password often does not work."
    ),
    Trouble.NOT_FOUND: (
        "There is no calendar at that address any more. Make a new secret address in the other calendar."
    ),
    Trouble.SERVER: "The other side has trouble of its own. It is tried again by itself.",
    Trouble.REDIRECTS: "The address leads on and on. Copy it again from the other calendar’s settings.",
    Trouble.TOO_LARGE: (
        "That calendar is too large: more than 5 MB, or 5,000 entries. Give only the one with your "
        "appointments."
    ),
    Trouble.TOO_HEAVY: (
        "Working out its repeating entries takes too long. Look for an entry that repeats far too often."
    ),
    Trouble.NOT_A_CALENDAR: (
        "What came back is no calendar. Use the address that ends in .ics, not the page you look at."
    ),
    Trouble.SUBSCRIBED: "That calendar only shows another one. Give the address of the original.",
}


@therapist.route("/calendars", methods=["GET", "POST"])
@therapist_only
@redisplays
def calendars() -> ResponseReturnValue:
    if request.method == "GET":
        return _page()
    if csrf_stale():
        return _page([Fault("main", STALE)]), 422
    given = GivenCalendar(*(request.form.get(name, "") for name in (*_FIELDS, "password")))
    try:
        name, access = outside_calendars.check_given(given)
        outside_calendars.add_calendar(
            counter(), _therapist_id(), name, access, whole_days_busy=_whole_days_busy()
        )
    except NotSaved as refusal:
        return _page(refusal.faults), 422
    except CannotRead as refusal:
        return _page([Fault("url", f"Nothing was saved. {WHAT_TO_DO[refusal.trouble]}")]), 422
    flash("added", "calendars")
    return redirect(url_for("therapist.calendars"), code=303)


@therapist.post("/calendars/<calendar_id>/read")
@therapist_only
def read_calendar(calendar_id: str) -> ResponseReturnValue:
    d = deps()
    calendar = get_calendar(d.session, _therapist_id(), known_id(calendar_id), d.now())
    check_calendar(counter(), calendar.id)
    return redirect(url_for("therapist.calendars", _anchor=f"calendar-{calendar.id}"), code=303)


@therapist.route("/calendars/<calendar_id>/change", methods=["GET", "POST"])
@therapist_only
@redisplays
def change_calendar(calendar_id: str) -> ResponseReturnValue:
    d = deps()
    calendar = get_calendar(d.session, _therapist_id(), known_id(calendar_id), d.now())
    if request.method == "GET":
        return _change_page(calendar, calendar.name, calendar.whole_days_busy)
    name, faults = request.form.get("name", ""), [Fault("main", STALE)]
    if not csrf_stale():
        try:
            outside_calendars.change_calendar(
                counter(), _therapist_id(), calendar.id, name, whole_days_busy=_whole_days_busy()
            )
        except NotSaved as refusal:
            faults = list(refusal.faults)
        else:
            return redirect(url_for("therapist.calendars", _anchor=f"calendar-{calendar.id}"), code=303)
    return _change_page(calendar, name, _whole_days_busy(), faults), 422


@therapist.route("/calendars/<calendar_id>/remove", methods=["GET", "POST"])
@therapist_only
def remove_calendar(calendar_id: str) -> ResponseReturnValue:
    d = deps()
    if request.method == "GET":
        calendar = get_calendar(d.session, _therapist_id(), known_id(calendar_id), d.now())
        return render_template("therapist/calendars_remove.html", calendar=calendar)
    # What is gone already needs no second removal.
    with suppress(NotFound), d.transaction():
        outside_calendars.remove_calendar(d.session, _therapist_id(), known_id(calendar_id), d.now())
    flash("removed", "calendars")
    return redirect(url_for("therapist.calendars"), code=303)


def _whole_days_busy() -> bool:
    """As ticked; so it is before anything was sent."""
    return request.method == "GET" or "whole_days_busy" in request.form


def _change_page(calendar: Outside, name: str, whole_days_busy: bool, faults: Sequence[Fault] = ()) -> str:
    return render_template(
        "therapist/calendars_change.html",
        calendar=calendar,
        name_field=PlainField("name", name, [message for where, message in faults if where == "name"]),
        whole_days_field=_whole_days_field(whole_days_busy),
        errors=faults,
    )


def _whole_days_field(ticked: bool) -> PlainField:
    return PlainField("whole_days_busy", "yes" if ticked else "")


def _page(faults: Sequence[Fault] = ()) -> str:
    """What was typed is shown again, but for the password."""
    d = deps()
    schedule = get_schedule(d.session)
    rows = outside_calendars.list_calendars(d.session, _therapist_id(), d.now())
    return render_template(
        "therapist/calendars.html",
        rows=rows,
        zone=schedule.zone,
        weeks=outside_calendars.WEEKS_SHOWN,
        notices=find_notices(d.session, _therapist_id(), d.now()),
        what_to_do=WHAT_TO_DO,
        fields={
            name: PlainField(
                name,
                "" if name == "password" else request.form.get(name, _USUAL.get(name, "")),
                [message for where, message in faults if where == name],
            )
            for name in (*_FIELDS, "password")
        },
        whole_days_field=_whole_days_field(_whole_days_busy()),
        kinds=_KINDS,
        errors=faults,
    )


def _therapist_id() -> uuid.UUID:
    therapist_id: uuid.UUID = current_user.signed_in.therapist_id
    return therapist_id
