"""Releasing a safety hold: only by the therapist, and only for the signs she has read."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consult.core.errors import ConsultError
from consult.intake.service import record_outcome

from .letters import mails
from .models import Booking
from .ports import Ports
from .reactions import RELEASE
from .standing import find_standing, lock_visit


@dataclass(eq=False)
class SignsChanged(ConsultError):
    """The patient has told of an emergency that was not on the page."""

    new: frozenset[str]


def release_as_seen(
    session: Session, booking: Booking, seen: Collection[str], now: datetime, ports: Ports
) -> None:
    """The visit takes place after all, and the patient is told; `seen` are the ids of the emergencies on the
    page. Signs released never hold the visit again, so none may slip in unread. Released already, nothing
    happens. Raises SignsChanged, VisitOver.
    """
    booking = lock_visit(session, booking)
    if booking.safety_hold_at is None or not booking.on_safety_hold:
        return
    judged = find_standing(session, booking, now, ports).screening
    new = frozenset(flag.id for flag in judged.emergencies) - set(seen)
    if new:
        raise SignsChanged(new)
    # Who waited for the lock has an older clock than who put it on hold.
    booking.safety_released_at = max(now, booking.safety_hold_at)
    record_outcome(session, booking.id, RELEASE, judged.assessment, now, ports.sealer)
    mails.send_safety_release(session, booking, now, ports)
