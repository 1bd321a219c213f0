"""The intake form of a visit: kept topic by topic, and sent."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from consult.intake import service as intake
from consult.intake.answers import AnswerValue

from .answers.screening import INTAKE, screening
from .late_emergency import keep_late_emergency
from .models import Booking
from .ports import Ports
from .reactions import put_on_safety_hold, tell_of_new_signs
from .standing import lock_visit


def save_intake(
    session: Session,
    booking: Booking,
    section_id: str,
    answers: Mapping[str, AnswerValue | None],
    done: bool,
    now: datetime,
    ports: Ports,
) -> None:
    """Keep one topic's answers; the last save of a question wins. `done` marks the topic as finished.

    An emergency is not kept waiting until the form is sent: the visit goes on hold at once. While it is on
    hold, and once the form is sent, only an emergency is kept that was not told yet. Raises VisitOver.
    """
    booking = lock_visit(session, booking)
    response = intake.read_response(session, booking.id, ports.sealer)
    # By a name, or mypy would take it that the visit cannot be on hold further down.
    closed = response.completed_at is not None or booking.on_safety_hold
    if closed:
        keep_late_emergency(session, booking, section_id, INTAKE, answers, now, ports)
        return
    intake.save_section(session, booking.id, section_id, answers, now, ports.sealer, done=done)
    catalogue = ports.library.find(session, response.version)
    judged = screening(catalogue, intake.get_answers(session, booking.id, ports.sealer), now.date())
    if judged.emergencies:
        put_on_safety_hold(session, booking, judged.emergencies, now, ports)
    # Of one the therapist has released there is nothing new to record: that would count as asked again.
    if booking.on_safety_hold:
        intake.record_outcome(session, booking.id, INTAKE, judged.assessment, now, ports.sealer)


def submit_intake(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """Send the intake form: the rules run on everything said, and their outcome is kept. Raises VisitOver."""
    booking = lock_visit(session, booking)
    response = intake.read_response(session, booking.id, ports.sealer)
    judged = screening(ports.library.find(session, response.version), response.answers, now.date())
    if judged.emergencies:
        put_on_safety_hold(session, booking, judged.emergencies, now, ports)
    tell_of_new_signs(session, booking, judged.assessment.outcome.flags, response.outcomes, now, ports)
    intake.record_outcome(session, booking.id, INTAKE, judged.assessment, now, ports.sealer)
    intake.complete(session, booking.id, now)
