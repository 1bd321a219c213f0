"""Asking again: signs can start after booking, so the safety check is repeated within a day of the visit, and
when joining.

A sign ticked at any recheck stays ticked at the next ones: the therapist, who sees it, thinks it over.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from consult.intake import service as intake
from consult.intake.answers import AnswerValue, chosen
from consult.intake.questionnaire import Item
from consult.intake.service import RecordedOutcome

from .answers.screening import INTAKE, RECHECK, SCREEN, Screening, screening
from .models import Booking
from .ports import Ports
from .reactions import put_on_safety_hold, tell_of_new_signs
from .standing import lock_visit

WINDOW = timedelta(hours=24)
"""A recheck counts for a visit that starts within this time after it (clinical design, safety)."""

JOIN_OPENS_BEFORE = timedelta(hours=1)
"""From here on the visit can be joined, and only what was answered since counts: a day is long."""

_STAGES = (SCREEN, INTAKE, RECHECK)


def is_due(outcomes: tuple[RecordedOutcome, ...], start_at: datetime, now: datetime) -> bool:
    """Whether the visit is near and the safety check was not answered again for it."""
    if now < start_at - WINDOW:
        return False
    counts_from = start_at - (WINDOW if now < start_at - JOIN_OPENS_BEFORE else JOIN_OPENS_BEFORE)
    return not any(outcome.stage in _STAGES and outcome.at >= counts_from for outcome in outcomes)


def save_recheck(
    session: Session,
    booking: Booking,
    answers: Mapping[str, AnswerValue | None],
    done: bool,
    now: datetime,
    ports: Ports,
) -> Screening:
    """Keep what was ticked now, judge everything said so far. An emergency puts the visit on hold at once,
    before its follow-up questions; the rest counts as rechecked once it is `done`. Raises VisitOver.
    """
    booking = lock_visit(session, booking.id)
    response = intake.read_response(session, booking.id, ports.sealer)
    catalogue = ports.library.find(session, response.version)
    item = catalogue.questionnaire.items["rc_same"]
    former = response.answers.get(item.id)
    kept = dict(answers) | {item.id: _with_former(item, answers.get(item.id), former)}
    intake.save_section(session, booking.id, RECHECK, kept, now, ports.sealer, done=done)
    judged = screening(catalogue, intake.get_answers(session, booking.id, ports.sealer), now.date())
    if judged.emergencies:
        put_on_safety_hold(session, booking, judged.emergencies, now, ports)
    if done:
        flags = judged.assessment.outcome.flags
        tell_of_new_signs(session, booking, flags, response.outcomes, now, ports)
    if done or booking.on_safety_hold:
        intake.record_outcome(session, booking.id, RECHECK, judged.assessment, now, ports.sealer)
    return judged


def _with_former(item: Item, new: AnswerValue | None, former: AnswerValue | None) -> AnswerValue | None:
    signs = {option.id for option in item.options if not option.exclusive}
    ticked = chosen(new) | (chosen(former) & signs)
    return [option.id for option in item.options_in(ticked & signs or ticked)] or None
