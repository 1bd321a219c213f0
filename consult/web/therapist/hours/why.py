"""Why this time is on offer, or why not: any day, every start, every reason."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

from flask import render_template, request

from consult.booking.outside.calendars import calendar_names
from consult.core.given import read_day
from consult.deps import deps
from consult.scheduling.explanation import Stretch
from consult.scheduling.models import Schedule
from consult.scheduling.queries import claims_between, explain_day, get_schedule, list_session_types
from consult.scheduling.reasons import Claim
from consult.web.auth import therapist_only
from consult.web.fields import PlainField

from ..agenda import therapist
from .overview import patient_name, today_of
from .reasons import Teller
from .words import day_of

_DAY = timedelta(days=1)


@therapist.get("/hours/why")
@therapist_only
def hours_why() -> str:
    d = deps()
    schedule = get_schedule(d.session)
    types = list_session_types(d.session, schedule.id)
    chosen = next((row for row in types if str(row.id) == request.args.get("type")), types[0])
    asked = read_day(request.args.get("on", ""))
    day = asked if isinstance(asked, date) else today_of(schedule)
    explained = explain_day(d.session, chosen.id, day, d.now())
    teller = Teller(schedule, chosen.minutes, patient_name, calendar_names(d.session, d.now()))
    lines = teller.lines(explained.stretches, _claims_of(schedule, explained.stretches))
    return render_template(
        "therapist/hours_why.html",
        schedule=schedule,
        day=day,
        heading=day_of(day, today_of(schedule)),
        holiday=explained.holiday,
        groups=[(heading, list(group)) for heading, group in groupby(lines, lambda line: line.opened_by)],
        offered=sum(line.offered for line in lines),
        chosen=chosen,
        types=types,
        on_field=PlainField("on", day.isoformat()),
        previous_on=day - _DAY,
        next_on=day + _DAY,
    )


def _claims_of(schedule: Schedule, stretches: Sequence[Stretch]) -> list[Claim]:
    """All that takes time on the day that the stretches make up."""
    if not stretches:
        return []
    d, first_at, last_at = deps(), stretches[0].span.start_at, stretches[-1].span.end_at
    return claims_between(d.session, schedule.id, first_at, last_at, d.now())
