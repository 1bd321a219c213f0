"""What the therapist changes about when she can be booked: hours, single days, rules.

Every command takes the schedule's lock, checks all it was given, changes all of it or nothing, and raises
`rules_version`. Appointments already made stay at their instant, whatever changes around them.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.given import Fault, NotSaved

from ..models import AvailabilityRule, ExtraHours, Schedule, TimeOff
from ..rulebook import bump_rules, get_rules
from . import usual_week, week_plan
from .days_checks import GivenDay, GivenOff, check_extra, check_time_off
from .hours_checks import GivenHours, check_period, check_week
from .region_names import is_known
from .rules_checks import GivenRules, check_rules
from .usual_week import Weeks
from .week_plan import Period


def save_weekly_hours(
    session: Session, schedule_id: uuid.UUID, from_on: date | None, lines: Sequence[GivenHours]
) -> None:
    """Other hours where those that begin on `from_on` hold, the usual ones or special ones.

    Raises NotSaved, NotFound.
    """
    schedule = _locked(session, schedule_id)
    hours = check_week(lines)
    with _known_period():
        _replace_weeks(session, schedule, usual_week.changed(_weeks(session, schedule_id), from_on, hours))


def add_weekly_hours(
    session: Session,
    schedule_id: uuid.UUID,
    from_on: date | str,
    until_on: date | str,
    lines: Sequence[GivenHours],
    now: datetime,
) -> None:
    """Special hours from today or a later day until another, over the usual ones; or, with "" as the last,
    other usual hours for good. Neither cuts special hours there are. Raises NotSaved, NotFound.
    """
    schedule = _locked(session, schedule_id)
    first_on, last_on, hours = check_period(from_on, until_on, lines, _today(schedule, now))
    weeks = _weeks(session, schedule_id)
    if last_on is None:
        weeks = usual_week.with_usual_from(weeks, first_on, hours)
    else:
        weeks = usual_week.with_special(weeks, Period(first_on, last_on, tuple(sorted(hours))))
    _replace_weeks(session, schedule, weeks)


def remove_weekly_hours(session: Session, schedule_id: uuid.UUID, from_on: date) -> None:
    """The usual hours hold in place of special ones; in place of a change of them, those before go on.

    Raises NotFound.
    """
    schedule = _locked(session, schedule_id)
    with _known_period():
        _replace_weeks(session, schedule, usual_week.removed(_weeks(session, schedule_id), from_on))


def add_extra_hours(session: Session, schedule_id: uuid.UUID, given: GivenDay, now: datetime) -> None:
    """Raises NotSaved, NotFound."""
    schedule = _locked(session, schedule_id)
    there = get_rules(session, schedule_id).hours.extra
    extra = check_extra(given, there, _today(schedule, now))
    session.add(ExtraHours(schedule_id=schedule_id, **asdict(extra)))
    session.flush()


def remove_extra_hours(session: Session, extra_id: uuid.UUID) -> None:
    """Raises NotFound."""
    _remove(session, ExtraHours, extra_id)


def add_time_off(session: Session, schedule_id: uuid.UUID, given: GivenOff, now: datetime) -> None:
    """Raises NotSaved, NotFound."""
    schedule = _locked(session, schedule_id)
    there = get_rules(session, schedule_id).hours.absences
    absence = check_time_off(given, there, ZoneInfo(schedule.zone), now)
    session.add(TimeOff(schedule_id=schedule_id, **asdict(absence)))
    session.flush()


def remove_time_off(session: Session, time_off_id: uuid.UUID) -> None:
    """Raises NotFound."""
    _remove(session, TimeOff, time_off_id)


def save_rules(session: Session, schedule_id: uuid.UUID, given: GivenRules) -> None:
    """With another zone the same wall-clock hours are read there from now on. Raises NotSaved, NotFound."""
    schedule = _locked(session, schedule_id)
    rules = check_rules(given)
    for name, value in asdict(rules).items():
        setattr(schedule, name, value)
    session.flush()


def save_holiday_region(session: Session, schedule_id: uuid.UUID, region: str) -> None:
    """Public holidays of this region are days off; of none when it is "". Raises NotSaved, NotFound."""
    schedule = _locked(session, schedule_id)
    if region and not is_known(region):
        raise NotSaved([Fault("holiday_region", "Choose a country from the list.")])
    schedule.holiday_region = region or None
    session.flush()


def _locked(session: Session, schedule_id: uuid.UUID) -> Schedule:
    """The schedule under its lock, its version raised already; a refusal undoes that with the transaction."""
    bump_rules(session, schedule_id)
    return session.get_one(Schedule, schedule_id)


def _today(schedule: Schedule, now: datetime) -> date:
    return now.astimezone(ZoneInfo(schedule.zone)).date()


def _weeks(session: Session, schedule_id: uuid.UUID) -> Weeks:
    return usual_week.weeks_of(week_plan.plan_of(get_rules(session, schedule_id).hours.weekly))


@contextmanager
def _known_period() -> Iterator[None]:
    try:
        yield
    except KeyError:
        raise NotFound from None


def _replace_weeks(session: Session, schedule: Schedule, weeks: Weeks) -> None:
    session.execute(delete(AvailabilityRule).where(AvailabilityRule.schedule_id == schedule.id))
    rules = week_plan.rules_of(weeks.plan)
    session.add_all(AvailabilityRule(schedule_id=schedule.id, **asdict(rule)) for rule in rules)
    session.flush()


def _remove(session: Session, table: type[ExtraHours | TimeOff], row_id: uuid.UUID) -> None:
    schedule_id = session.scalar(select(table.schedule_id).where(table.id == row_id))
    if schedule_id is None:
        raise NotFound
    bump_rules(session, schedule_id)
    session.execute(delete(table).where(table.id == row_id))
