"""The week's hours: the usual ones, or those of a special period, one at a time.

Lines are d<weekday>-<number>. Every button but the one that saves shows the page again with a line more or
less, so that nothing needs a script.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.core.errors import NotFound
from consult.core.given import Fault, read_clock, read_day
from consult.deps import deps
from consult.scheduling.editor import editing
from consult.scheduling.editor.hours_checks import MOST_A_DAY, WEEKDAYS, GivenHours
from consult.scheduling.editor.week_plan import Period
from consult.scheduling.models import Schedule
from consult.scheduling.queries import get_schedule
from consult.web.auth import therapist_only
from consult.web.security import redisplays

from ..agenda import therapist
from . import words
from .form import HoursForm, save, typed
from .overview import today_of, weeks

FROM_THE_START = "start"
_MOST_TYPED = 10
_BUTTON = re.compile(r"(more|less|copy)-([0-6])-([0-9])")
_Lines = list[list[tuple[str, str]]]
"""For each weekday start and end of every line, as typed."""


@therapist.route("/hours/week", methods=["GET", "POST"])
@therapist_only
@redisplays
def hours_week() -> ResponseReturnValue:
    """The hours that begin on `from`, else the usual ones of today."""
    schedule = get_schedule(deps().session)
    schedule_id = schedule.id
    period = _asked_for(schedule)
    if request.method == "GET":
        return _page(schedule, period, _lines_of(period))
    return _answer(
        schedule,
        period,
        lambda given: editing.save_weekly_hours(deps().session, schedule_id, period.from_on, given),
        period.from_on,
    )


@therapist.route("/hours/week/new", methods=["GET", "POST"])
@therapist_only
@redisplays
def hours_week_new() -> ResponseReturnValue:
    """Other hours for a while or for good, to begin with the usual ones of today."""
    d = deps()
    schedule = get_schedule(d.session)
    schedule_id = schedule.id
    if request.method == "GET":
        return _page(schedule, None, _lines_of(weeks(schedule).usual_on(today_of(schedule))))
    from_on, until_on = (read_day(request.form.get(name, "")) for name in ("week-from", "week-until"))
    return _answer(
        schedule,
        None,
        lambda given: editing.add_weekly_hours(d.session, schedule_id, from_on, until_on, given, d.now()),
        from_on,
    )


@therapist.post("/hours/week/remove")
@therapist_only
def hours_week_remove() -> ResponseReturnValue:
    d = deps()
    from_on = read_day(request.form.get("from", ""))
    if isinstance(from_on, date):
        with suppress(NotFound):
            schedule_id = get_schedule(d.session).id
            save(lambda: editing.remove_weekly_hours(d.session, schedule_id, from_on), "hours_removed")
    return redirect(url_for("therapist.hours"), code=303)


def _asked_for(schedule: Schedule) -> Period:
    """Raises NotFound for a day on which no period begins."""
    begins, known = request.args.get("from"), weeks(schedule)
    if begins is None:
        return known.usual_on(today_of(schedule))
    from_on = None if begins == FROM_THE_START else read_day(begins)
    if isinstance(from_on, str):
        raise NotFound
    try:
        return known.period(from_on)
    except KeyError:
        raise NotFound from None


def _answer(
    schedule: Schedule,
    period: Period | None,
    command: Callable[[Sequence[GivenHours]], None],
    from_on: date | str | None,
) -> ResponseReturnValue:
    lines = _typed_lines(request.form)
    button = _BUTTON.fullmatch(request.form.get("then", ""))
    if button:
        return _page(schedule, period, _pressed(lines, button[1], int(button[2]), int(button[3])))
    given = [
        GivenHours(f"d{weekday}-{number}", weekday, read_clock(start), read_clock(end))
        for weekday, of_day in enumerate(lines)
        for number, (start, end) in enumerate(of_day)
    ]
    ahead = isinstance(from_on, date) and from_on > today_of(schedule)
    faults = save(lambda: command(given), "hours_saved_ahead" if ahead else "hours_saved")
    if faults:
        return _page(schedule, period, lines, faults), 422
    return redirect(url_for("therapist.hours"), code=303)


def _page(schedule: Schedule, period: Period | None, lines: _Lines, faults: Sequence[Fault] = ()) -> str:
    today = today_of(schedule)
    values = typed() | {
        f"d{weekday}-{number}-{name}": text
        for weekday, of_day in enumerate(lines)
        for number, line in enumerate(of_day)
        for name, text in zip(("start", "end"), line, strict=True)
    }
    return render_template(
        "therapist/hours_week.html",
        schedule=schedule,
        period=period,
        valid=words.period_words(period, today) if period else None,
        special=period is not None and period in weeks(schedule).special,
        removable=period is not None and period.from_on is not None,
        form=HoursForm(values, faults),
        days=[(name, max(1, len(of_day))) for name, of_day in zip(WEEKDAYS, lines, strict=True)],
        most=MOST_A_DAY,
    )


def _lines_of(period: Period) -> _Lines:
    return [
        [(f"{hours.start_time:%H:%M}", f"{hours.end_time:%H:%M}") for hours in period.on(weekday)]
        for weekday in range(7)
    ]


def _typed_lines(form: Mapping[str, str]) -> _Lines:
    return [
        [
            (form.get(f"d{weekday}-{number}-start", ""), form.get(f"d{weekday}-{number}-end", ""))
            for number in range(_MOST_TYPED)
            if f"d{weekday}-{number}-start" in form or f"d{weekday}-{number}-end" in form
        ]
        for weekday in range(7)
    ]


def _pressed(lines: _Lines, button: str, weekday: int, number: int) -> _Lines:
    """The lines after a button that adds one, takes one away, or copies a day to the workdays after it."""
    of_day = lines[weekday]
    if button == "more":
        of_day = [*of_day, ("", "")][:MOST_A_DAY]
    elif button == "less":
        of_day = [*of_day[:number], *of_day[number + 1 :]]
    copies = range(weekday, 5) if button == "copy" else [weekday]
    return [of_day if day in copies else line for day, line in enumerate(lines)]
