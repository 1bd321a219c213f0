"""Emergencies told on a page that was opened before something was finished in another window."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from consult.intake import service as intake
from consult.intake.answers import AnswerValue

from .answers.screening import Screening, screening
from .models import Booking
from .ports import Ports
from .reactions import put_on_safety_hold
from .standing import VisitOver


def keep_late_emergency(
    session: Session,
    booking: Booking,
    section_id: str,
    stage: str,
    answers: Mapping[str, AnswerValue | None],
    now: datetime,
    ports: Ports,
) -> Screening:
    """Keep such answers of a locked booking that was confirmed meanwhile, or whose form was sent: the visit
    goes on hold as if they had come in time. When they tell of no new emergency, nothing is kept, since what
    was decided with the former ones stands. Raises VisitOver.
    """
    if booking.cancelled_at is not None:
        raise VisitOver
    response = intake.read_response(session, booking.id, ports.sealer)
    catalogue = ports.library.find(session, response.version)
    told = intake.merged(response.answers, answers)
    before, judged = (screening(catalogue, known, now.date()) for known in (response.answers, told))
    if {flag.id for flag in judged.emergencies} <= {flag.id for flag in before.emergencies}:
        return before
    intake.save_section(session, booking.id, section_id, answers, now, ports.sealer)
    put_on_safety_hold(session, booking, judged.emergencies, now, ports)
    # Of one the therapist has released there is nothing new to record: that would count as asked again.
    if booking.on_safety_hold:
        intake.record_outcome(session, booking.id, stage, judged.assessment, now, ports.sealer)
    return judged
