"""What the therapist should know before she moves a visit to a time that is not on offer."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from consult.core.timespan import TimeSpan

from ..models import Appointment
from ..offers import offer_to_move
from ..queries import claims_between
from ..reasons import Claim, InBuffer, InTimeOff, OnHoliday, OutsideHours
from ..rulebook import get_rules

_DAY = timedelta(days=1)


def off_hours(
    session: Session, appointment: Appointment, start_at: datetime
) -> Sequence[OutsideHours | OnHoliday | InTimeOff]:
    """Why the session would lie outside her hours at `start_at`; nothing where they hold. Raises NotFound."""
    rules = get_rules(session, appointment.schedule_id)
    hours, span = rules.hours, _span(appointment, start_at)
    if rules.is_open(span):
        return []
    day = rules.day_of(start_at)
    reasons: list[OutsideHours | OnHoliday | InTimeOff] = [
        InTimeOff(absence) for absence, off in hours.absent_on(day) if off.overlaps(span)
    ]
    name = hours.holiday(day)
    if name is not None and any(opened.overlaps(span) for _, opened in hours.weekly_on(day)):
        reasons.insert(0, OnHoliday(name))
    return reasons or [OutsideHours()]


def too_close(
    session: Session, appointment: Appointment, start_at: datetime, now: datetime
) -> list[InBuffer]:
    """What the session would not meet at `start_at`, but come closer to than the quiet time between them.

    Raises NotFound.
    """
    rules = get_rules(session, appointment.schedule_id)
    offer = offer_to_move(
        rules, appointment.session_type_id, appointment.id, appointment.start_at, appointment.end_at
    )
    quiet = offer.busy_span(offer.slot_from(start_at))
    claims = claims_between(session, appointment.schedule_id, quiet.start_at - _DAY, quiet.end_at + _DAY, now)
    return [InBuffer(claim) for claim in claims if _is_close(claim, appointment, quiet, start_at)]


def _is_close(claim: Claim, appointment: Appointment, quiet: TimeSpan, start_at: datetime) -> bool:
    return (
        claim.appointment_id != appointment.id
        and claim.busy.overlaps(quiet)
        and not claim.span.overlaps(_span(appointment, start_at))
    )


def _span(appointment: Appointment, start_at: datetime) -> TimeSpan:
    return TimeSpan(start_at, start_at + (appointment.end_at - appointment.start_at))
