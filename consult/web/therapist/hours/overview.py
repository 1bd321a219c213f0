"""When the therapist can be booked: the page that shows all of it and leads to every edit."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import render_template

from consult.booking import desk
from consult.core.money import Money
from consult.deps import deps
from consult.scheduling.editor import ahead
from consult.scheduling.editor.region_names import region_name
from consult.scheduling.editor.session_types import all_session_types
from consult.scheduling.editor.usual_week import Weeks, weeks_of
from consult.scheduling.editor.week_plan import plan_of
from consult.scheduling.models import Schedule
from consult.scheduling.queries import get_schedule
from consult.scheduling.rulebook import get_rules
from consult.web.auth import therapist_only

from ..agenda import therapist
from . import words

HOLIDAYS_SHOWN = 6


@dataclass(frozen=True)
class Stranded:
    """An appointment that stands although her hours no longer hold it."""

    booking_id: uuid.UUID
    start_at: datetime
    patient_name: str


@therapist.get("/hours")
@therapist_only
def hours() -> str:
    d = deps()
    schedule, now = get_schedule(d.session), d.now()
    today = today_of(schedule)
    known = weeks(schedule)
    return render_template(
        "therapist/hours.html",
        schedule=schedule,
        weeks=[
            (name, words.period_words(period, today), words.week_words(period), period)
            for name, periods in (("Usual hours", known.usual), ("Special hours", known.special))
            for period in periods
            if period.until_on is None or period.until_on >= today
        ],
        extra=[words.extra_words(row, today) for row in ahead.coming_extra_hours(d.session, schedule, now)],
        off=[
            (words.off_words(row, today), row.note) for row in ahead.coming_time_off(d.session, schedule, now)
        ],
        own=ahead.coming_own_entries(d.session, schedule.id, now),
        region_lost=ahead.region_lost(schedule),
        region=region_name(schedule.holiday_region) if schedule.holiday_region else None,
        holidays=[
            (words.day_of(day, today), name)
            for day, name in ahead.coming_holidays(schedule, now, HOLIDAYS_SHOWN)
        ],
        notice=words.count_words(*words.notice_parts(schedule.notice_minutes)),
        session_types=[
            (row, Money(row.price_minor, row.currency))
            for row in all_session_types(d.session, schedule.id)
            if row.active
        ],
        stranded=stranded(schedule),
    )


def today_of(schedule: Schedule) -> date:
    return deps().now().astimezone(ZoneInfo(schedule.zone)).date()


def weeks(schedule: Schedule) -> Weeks:
    return weeks_of(plan_of(get_rules(deps().session, schedule.id).hours.weekly))


def stranded(schedule: Schedule) -> Sequence[Stranded]:
    d = deps()
    rows = ahead.booked_outside_hours(d.session, schedule.id, d.now())
    return [
        Stranded(row.booking_id, row.start_at, patient_name(row.booking_id)) for row in rows if row.booking_id
    ]


def patient_name(booking_id: uuid.UUID) -> str:
    d = deps()
    return desk.contact_of(d.session, desk.get_booking(d.session, booking_id), d.ports).name
