"""The kinds of session a therapist offers: added, changed, put in order, retired and offered again.

Bookings keep the price and length they were made with, so a change is for new ones only, and no kind is ever
deleted.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError, NotFound

from ..models import SessionType
from ..rulebook import bump_rules
from .rules_checks import GivenSession, SessionFacts, check_session, check_session_name


@dataclass(eq=False)
class LastSessionType(ConsultError):
    """Nothing could be booked without it."""

    name: str


def all_session_types(session: Session, schedule_id: uuid.UUID) -> list[SessionType]:
    """In the therapist's order, retired ones last."""
    query = select(SessionType).where(SessionType.schedule_id == schedule_id)
    return list(
        session.scalars(query.order_by(SessionType.active.desc(), SessionType.position, SessionType.name))
    )


def get_session_type(session: Session, session_type_id: uuid.UUID) -> SessionType:
    """Offered or retired. Raises NotFound."""
    row = session.get(SessionType, session_type_id)
    if row is None:
        raise NotFound
    return row


def add_session_type(session: Session, schedule_id: uuid.UUID, given: GivenSession) -> SessionType:
    """Last in order, in the currency of the others. Raises NotSaved, NotFound."""
    bump_rules(session, schedule_id)
    others = all_session_types(session, schedule_id)
    if not others:
        raise NotFound
    facts = check_session(given, [other.name for other in others if other.active], others[0].currency)
    row = SessionType(schedule_id=schedule_id, position=_after(others), active=True, **_columns(facts))
    session.add(row)
    session.flush()
    return row


def change_session_type(session: Session, session_type_id: uuid.UUID, given: GivenSession) -> None:
    """Raises NotSaved, NotFound."""
    row = _locked(session, session_type_id)
    facts = check_session(given, [other.name for other in _others_offered(session, row)], row.currency)
    for name, value in _columns(facts).items():
        setattr(row, name, value)
    session.flush()


def retire_session_type(session: Session, session_type_id: uuid.UUID) -> None:
    """No longer on offer; appointments of this kind stay. Raises LastSessionType, NotFound."""
    row = _locked(session, session_type_id)
    if not _others_offered(session, row):
        raise LastSessionType(row.name)
    row.active = False
    session.flush()


def offer_session_type(session: Session, session_type_id: uuid.UUID) -> None:
    """On offer again, last in order. Raises NotSaved when another has its name by now; NotFound."""
    row = _locked(session, session_type_id)
    others = _others_offered(session, row)
    check_session_name(row.name, [other.name for other in others])
    row.active, row.position = True, _after(others)
    session.flush()


def move_session_type_up(session: Session, session_type_id: uuid.UUID) -> None:
    """One place nearer to the top of what patients see. Raises NotFound."""
    row = _locked(session, session_type_id)
    order = [other for other in all_session_types(session, row.schedule_id) if other.active]
    if row in order[1:]:
        place = order.index(row)
        order[place - 1 : place + 1] = [row, order[place - 1]]
    for position, each in enumerate(order):
        each.position = position
    session.flush()


def _locked(session: Session, session_type_id: uuid.UUID) -> SessionType:
    row = get_session_type(session, session_type_id)
    bump_rules(session, row.schedule_id)
    session.refresh(row)
    return row


def _others_offered(session: Session, row: SessionType) -> list[SessionType]:
    return [
        other for other in all_session_types(session, row.schedule_id) if other.active and other is not row
    ]


def _after(others: Sequence[SessionType]) -> int:
    return max((other.position for other in others), default=-1) + 1


def _columns(facts: SessionFacts) -> dict[str, object]:
    return {
        "name": facts.name,
        "minutes": facts.minutes,
        "price_minor": facts.price.minor,
        "currency": facts.price.currency,
        "buffer_before_minutes": facts.buffer_before_minutes,
        "buffer_after_minutes": facts.buffer_after_minutes,
    }
