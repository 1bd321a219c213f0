"""Releasing a safety hold: only by the therapist, and only for the signs she has read."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consult.core.errors import ConsultError

from .commands import release_safety_hold
from .models import Booking
from .ports import Ports
from .standing import find_standing, lock_visit


@dataclass(eq=False)
class SignsChanged(ConsultError):
    """The patient has told of an emergency that was not on the page."""

    new: frozenset[str]


def release_as_seen(
    session: Session, booking: Booking, seen: Collection[str], now: datetime, ports: Ports
) -> None:
    """Release the hold; `seen` are the ids of the emergencies on the page. Signs known at a release never
    hold the visit again, so none may slip in unread. Raises SignsChanged, VisitOver.
    """
    booking = lock_visit(session, booking)
    emergencies = find_standing(session, booking, now, ports).screening.emergencies
    new = frozenset(flag.id for flag in emergencies) - set(seen)
    if new:
        raise SignsChanged(new)
    release_safety_hold(session, booking, now, ports)
