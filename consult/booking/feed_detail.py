"""How much of each appointment the therapist's calendar feed shows."""

from datetime import datetime

from sqlalchemy.orm import Session

from consult.calendaring import feed
from consult.calendaring import service as calendaring
from consult.calendaring.service import Detail, Texts
from consult.calendaring.subscriptions import feeds_changed, of_therapists
from consult.practice.service import get_therapist
from consult.scheduling.gate import lock_schedule
from consult.scheduling.queries import agenda, claims_between, get_schedule

from .models import Booking
from .ports import Ports
from .reactions import calendar_texts


def choose_detail(session: Session, detail: Detail, now: datetime, ports: Ports) -> None:
    """Show all that a feed shows now in this way. Older events keep theirs; no feed shows them again.

    Raises NotFound before the practice is set up.
    """
    schedule = get_schedule(session)
    # Nothing is entered meanwhile that was drawn by the former choice.
    lock_schedule(session, schedule.id)
    therapist = get_therapist(session)
    if therapist.feed_detail == detail.value:
        return
    therapist.feed_detail = detail.value
    shown = feed.window(now)
    for row in agenda(session, schedule.id, shown.start_at, shown.end_at):
        if row.booking_id is not None:
            texts = calendar_texts(session, session.get_one(Booking, row.booking_id), ports)
            calendaring.redraw(session, appointment_id=row.appointment_id, texts=texts, now=now)
    for claim in claims_between(session, schedule.id, shown.start_at, shown.end_at, now):
        if claim.booking_id is None:
            texts = Texts(claim.name, detail=detail)
            calendaring.redraw(session, appointment_id=claim.appointment_id, texts=texts, now=now)
    feeds_changed(session, of_therapists({therapist.id}), now)
