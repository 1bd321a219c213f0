"""Entries of the therapist's own in her schedule, which her feed shows as she wrote them."""

import uuid
from contextlib import suppress
from datetime import datetime

from sqlalchemy.orm import Session

from consult.calendaring import service as calendaring
from consult.calendaring.service import Detail, Texts
from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan
from consult.practice.service import get_therapist
from consult.scheduling import service as scheduling
from consult.scheduling.models import Schedule

from .ports import Ports


def block_time(
    session: Session, schedule: Schedule, span: TimeSpan, title: str, now: datetime, ports: Ports
) -> None:
    """Raises SlotTaken, NotFound."""
    entry = scheduling.block_time(session, schedule_id=schedule.id, span=span, title=title, now=now)
    therapist = get_therapist(session, schedule.therapist_id)
    calendaring.publish(
        session,
        appointment_id=entry.id,
        therapist_id=therapist.id,
        span=span,
        booking_ids=(),
        texts=Texts(title, detail=Detail(therapist.feed_detail)),
        domain=ports.links.domain,
        sealer=ports.sealer,
        now=now,
    )


def unblock_time(session: Session, appointment_id: uuid.UUID, now: datetime) -> None:
    """Raises TransitionRefused; NotFound, also for a patient's appointment."""
    entry = scheduling.unblock_time(session, appointment_id, now)
    # One made before feeds showed such entries is in no calendar.
    with suppress(NotFound):
        calendaring.withdraw(session, appointment_id=entry.id, booking_ids=(), now=now)
