"""Single days: extra hours, time off, public holidays, and entries of the therapist's own."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from zoneinfo import ZoneInfo

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.booking.own_entries import block_time, unblock_time
from consult.core.errors import NotFound
from consult.core.given import Fault, read_clock, read_day
from consult.deps import deps
from consult.scheduling.editor import ahead, editing
from consult.scheduling.editor.days_checks import GivenDay, GivenOff, check_own_entry
from consult.scheduling.editor.region_names import countries, parts, region_name
from consult.scheduling.errors import SlotTaken
from consult.scheduling.lifecycle import TransitionRefused
from consult.scheduling.queries import get_schedule
from consult.web.auth import therapist_only
from consult.web.security import redisplays

from ..agenda import known_id, therapist
from . import words
from .form import HoursForm, save, typed
from .overview import stranded, today_of

_HOLIDAYS_SHOWN = 8
_TAKEN = Fault(
    "own-start",
    "In this time is a visit, somebody who is just booking, or an entry of yours. Nothing new was blocked.",
)


@therapist.get("/hours/days")
@therapist_only
def hours_days() -> str:
    return _page()


@therapist.post("/hours/days/off")
@therapist_only
@redisplays
def hours_add_off() -> ResponseReturnValue:
    d = deps()
    schedule_id = get_schedule(d.session).id
    given = GivenOff(
        read_day(_sent("off-from")),
        read_day(_sent("off-until")),
        read_clock(_sent("off-start")),
        read_clock(_sent("off-end")),
        _sent("off-note"),
    )
    return _answer(lambda: editing.add_time_off(d.session, schedule_id, given, d.now()), "off_saved", "off")


@therapist.post("/hours/days/extra")
@therapist_only
@redisplays
def hours_add_extra() -> ResponseReturnValue:
    d = deps()
    schedule_id = get_schedule(d.session).id
    given = _given_day("extra")
    return _answer(
        lambda: editing.add_extra_hours(d.session, schedule_id, given, d.now()), "extra_saved", "extra"
    )


@therapist.post("/hours/days/own")
@therapist_only
@redisplays
def hours_add_own() -> ResponseReturnValue:
    """Through the same gate as a patient's: over nobody who has booked, or is just booking."""
    d = deps()
    given = _given_day("own", _sent("own-title"))

    def block() -> None:
        schedule = get_schedule(d.session)
        title, span = check_own_entry(given, ZoneInfo(schedule.zone), d.now())
        block_time(d.session, schedule, span, title, d.now(), d.ports)

    try:
        return _answer(block, "own_saved", "own")
    except SlotTaken:
        return _page([_TAKEN]), 409


@therapist.post("/hours/days/holidays")
@therapist_only
@redisplays
def hours_save_holidays() -> ResponseReturnValue:
    """A part belongs to its country; one left over from another country counts for nothing."""
    d = deps()
    schedule_id = get_schedule(d.session).id
    country, part = _sent("holiday_region"), _sent("holiday_part")
    region = part if country and part.startswith(f"{country}-") else country
    return _answer(
        lambda: editing.save_holiday_region(d.session, schedule_id, region), "holidays_saved", "holidays"
    )


@therapist.post("/hours/days/off/<off_id>/remove")
@therapist_only
def hours_remove_off(off_id: str) -> ResponseReturnValue:
    return _removed(lambda: editing.remove_time_off(deps().session, known_id(off_id)), "off")


@therapist.post("/hours/days/extra/<extra_id>/remove")
@therapist_only
def hours_remove_extra(extra_id: str) -> ResponseReturnValue:
    return _removed(lambda: editing.remove_extra_hours(deps().session, known_id(extra_id)), "extra")


@therapist.post("/hours/days/own/<appointment_id>/remove")
@therapist_only
def hours_remove_own(appointment_id: str) -> ResponseReturnValue:
    return _removed(lambda: unblock_time(deps().session, known_id(appointment_id), deps().now()), "own")


def _removed(command: Callable[[], object], section: str) -> ResponseReturnValue:
    """What is gone already needs no second removal."""
    with suppress(NotFound, TransitionRefused):
        save(command, "removed", section)
    return redirect(url_for("therapist.hours_days", _anchor=section), code=303)


def _answer(command: Callable[[], object], saved: str, section: str) -> ResponseReturnValue:
    faults = save(command, saved, section)
    if faults:
        return _page(faults), 422
    return redirect(url_for("therapist.hours_days", _anchor=section), code=303)


def _page(faults: Sequence[Fault] = ()) -> str:
    d = deps()
    schedule = get_schedule(d.session)
    now, today = d.now(), today_of(schedule)
    country = (schedule.holiday_region or "").partition("-")[0]
    standing = {"holiday_region": country, "holiday_part": schedule.holiday_region or ""}
    return render_template(
        "therapist/hours_days.html",
        schedule=schedule,
        form=HoursForm(standing | typed(), faults),
        off=[
            (row.id, words.off_words(row, today), row.note)
            for row in ahead.coming_time_off(d.session, schedule, now)
        ],
        extra=[
            (row.id, words.extra_words(row, today))
            for row in ahead.coming_extra_hours(d.session, schedule, now)
        ],
        own=ahead.coming_own_entries(d.session, schedule.id, now),
        countries=countries(),
        parts=parts(country) if country else (),
        region_lost=ahead.region_lost(schedule),
        region=region_name(schedule.holiday_region) if schedule.holiday_region else None,
        holidays=[
            (words.day_of(day, today), name)
            for day, name in ahead.coming_holidays(schedule, now, _HOLIDAYS_SHOWN)
        ],
        stranded=stranded(schedule),
    )


def _given_day(where: str, title: str = "") -> GivenDay:
    return GivenDay(
        where,
        read_day(_sent(f"{where}-on")),
        read_clock(_sent(f"{where}-start")),
        read_clock(_sent(f"{where}-end")),
        title,
    )


def _sent(name: str) -> str:
    return request.form.get(name, "")
