"""How much of each appointment the therapist's calendar feed shows."""

from datetime import datetime

from sqlalchemy.orm import Session

from consult.calendaring import feed
from consult.calendaring import service as calendaring
from consult.calendaring.service import Detail
from consult.practice.service import get_therapist
from consult.scheduling.queries import agenda, get_schedule

from .models import Booking
from .ports import Ports
from .reactions import calendar_texts


def choose_detail(session: Session, detail: Detail, now: datetime, ports: Ports) -> None:
    """Show all that a feed shows now in this way. Older events keep theirs; no feed shows them again.

    Raises NotFound before the practice is set up.
    """
    therapist = get_therapist(session)
    if therapist.feed_detail == detail.value:
        return
    therapist.feed_detail = detail.value
    shown = feed.window(now)
    for row in agenda(session, get_schedule(session).id, shown.start_at, shown.end_at):
        if row.booking_id is not None:
            texts = calendar_texts(session, session.get_one(Booking, row.booking_id), ports)
            calendaring.redraw(session, appointment_id=row.appointment_id, texts=texts, now=now)
    calendaring.feeds_changed(session, therapist.id, now)
