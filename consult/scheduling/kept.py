"""Hours kept for an undo: held for nobody, through the gate and the guard that every claim passes.

The therapist has freed such an hour and may still take that back, so it is not on sale meanwhile: a hold
like any other, free once its time is over, whether or not anything has marked it.
"""

import uuid
from contextlib import suppress
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.timespan import TimeSpan, subtracted

from .errors import SlotTaken
from .gate import apply, claiming, expire_stale, get_locked, new_claim
from .lifecycle import Command, Status, undo_title
from .models import Appointment
from .offers import offer_for

_KEPT = (
    Appointment.status == Status.HELD,
    Appointment.booking_id.is_(None),
    Appointment.session_type_id.is_(None),
)


def keep_for_undo(
    session: Session, appointment_id: uuid.UUID, start_at: datetime, until: datetime, now: datetime
) -> None:
    """Keep what the session would take from `start_at`, less what it takes itself, until `until`.

    What somebody else has of it already cannot be kept. Raises NotFound.
    """
    appointment = get_locked(session, appointment_id)
    expire_stale(session, appointment.schedule_id, now)
    own = TimeSpan(appointment.busy_from, appointment.busy_until)
    wanted = own
    if start_at != appointment.start_at:
        offer = offer_for(session, appointment)
        wanted = offer.busy_span(offer.slot_from(start_at))
    taken = [own] if appointment.status is Status.BOOKED else []
    for span in subtracted([wanted], taken):
        with suppress(SlotTaken), claiming(session, span.start_at):
            session.add(_kept(appointment, span, until, now))


def give_back_kept(session: Session, appointment_id: uuid.UUID, now: datetime) -> None:
    """Nobody can undo anything about this session any more: what was kept for it is free. Raises NotFound."""
    appointment = get_locked(session, appointment_id)
    if appointment.booking_id is not None:
        of_it = Appointment.title == undo_title(appointment.booking_id)
        for kept in session.scalars(select(Appointment).where(*_KEPT, of_it)).all():
            apply(kept, Command.RELEASE, now)
    session.flush()


def make_way(session: Session, schedule_id: uuid.UUID, span: TimeSpan, now: datetime) -> None:
    """What is kept for an undo never stands in the therapist's own way. Under the schedule's lock."""
    in_the_way = (
        Appointment.schedule_id == schedule_id,
        Appointment.busy_from < span.end_at,
        Appointment.busy_until > span.start_at,
    )
    for kept in session.scalars(select(Appointment).where(*_KEPT, *in_the_way)).all():
        apply(kept, Command.RELEASE, now)
    session.flush()


def _kept(appointment: Appointment, span: TimeSpan, until: datetime, now: datetime) -> Appointment:
    """Without a session type, so that caps do not count it."""
    if appointment.booking_id is None:
        raise ValueError("only a patient's session is kept for an undo")
    title = undo_title(appointment.booking_id)
    return new_claim(
        Command.HOLD, appointment.schedule_id, span, span, now, title=title, hold_expires_at=until
    )
