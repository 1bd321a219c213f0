"""Messages that did not arrive, mails that wait too long, and forgetting what messages said."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError, NotFound
from consult.db.sealing import SealBroken, Sealer, UnknownKey

from .letters import Cancelled, EmailCode, Moved, Reinstated
from .message import Message
from .models import OutboxMessage
from .service import place
from .status import Channel, Status
from .text_message import TextMessage

SENT_KEPT = timedelta(days=7)
DEAD_KEPT = timedelta(days=90)
"""How long what a mail said is kept: to look into complaints, and to send it again."""

LONG_WAIT = timedelta(minutes=15)

_LIST_LIMIT = 20
_BATCH = 100

_ASKED_AT_ONCE = (EmailCode.kind,)
"""Whoever waits for one of these sees that it does not come, and has typed another address by now."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """`message` is None once it was forgotten, or cannot be opened: then it cannot be sent again."""

    id: uuid.UUID
    kind: str
    booking_id: uuid.UUID | None
    refused: bool
    created_at: datetime
    message: Message | TextMessage | None


@dataclass(eq=False)
class NotUndelivered(ConsultError):
    """This mail is not dead any more, or what it said is forgotten."""


def count_undelivered(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(OutboxMessage).where(_loud())) or 0


def list_undelivered(session: Session, sealer: Sealer) -> list[Undelivered]:
    """The latest twenty."""
    rows = session.scalars(
        select(OutboxMessage).where(_loud()).order_by(OutboxMessage.created_at.desc()).limit(_LIST_LIMIT)
    )
    return [
        Undelivered(
            row.id,
            row.kind,
            row.booking_id,
            row.last_error in _REFUSALS,
            row.created_at,
            _opened(row, sealer),
        )
        for row in rows
    ]


def send_again(session: Session, message_id: uuid.UUID, now: datetime) -> None:
    """Ten more tries from now on. Raises NotUndelivered, NotFound."""
    row = _locked(session, message_id)
    if row.status != Status.DEAD or row.payload_sealed is None:
        raise NotUndelivered
    row.status, row.attempts, row.due_at = Status.READY, 0, now
    session.flush()


def settle(session: Session, message_id: uuid.UUID) -> None:
    """Whoever it was for knows in another way; what it said is forgotten. Raises NotUndelivered, NotFound."""
    row = _locked(session, message_id)
    if row.status != Status.DEAD:
        raise NotUndelivered
    row.status, row.payload_sealed = Status.SETTLED, None
    session.flush()


def waiting_since(session: Session, now: datetime) -> datetime | None:
    """Since when the mail has waited that waits longest; None when none waits longer than `LONG_WAIT`."""
    # A try puts `due_at` off, so from the first one on the wait is counted from when it was written.
    since = case((OutboxMessage.attempts == 0, OutboxMessage.due_at), else_=OutboxMessage.created_at)
    waiting = OutboxMessage.status.in_((Status.READY, Status.LEASED))
    of_mail = OutboxMessage.channel == Channel.EMAIL
    oldest = session.scalar(select(since).where(waiting, of_mail).order_by(since).limit(1))
    return oldest if oldest is not None and oldest <= now - LONG_WAIT else None


def forget_payloads(session: Session, now: datetime) -> int:
    """What some mails said of those past their time; how many. There may be more."""
    past = or_(
        and_(OutboxMessage.status == Status.SENT, OutboxMessage.sent_at <= now - SENT_KEPT),
        and_(OutboxMessage.status == Status.DEAD, OutboxMessage.due_at <= now - DEAD_KEPT),
    )
    batch = list(
        session.scalars(
            select(OutboxMessage.id).where(past, OutboxMessage.payload_sealed.is_not(None)).limit(_BATCH)
        )
    )
    if batch:
        session.execute(
            update(OutboxMessage).where(OutboxMessage.id.in_(batch)).values(payload_sealed=None),
            execution_options={"synchronize_session": False},
        )
    return len(batch)


_REFUSALS = ("MailRefused", "InvalidAddress")
_TEXTS_THAT_MATTER = (Moved.kind, Cancelled.kind, Reinstated.kind)
"""A reminder lost is not worth a call."""


def _loud() -> ColumnElement[bool]:
    return and_(
        OutboxMessage.status == Status.DEAD,
        OutboxMessage.kind.not_in(_ASKED_AT_ONCE),
        or_(OutboxMessage.channel == Channel.EMAIL, OutboxMessage.kind.in_(_TEXTS_THAT_MATTER)),
    )


def _opened(row: OutboxMessage, sealer: Sealer) -> Message | TextMessage | None:
    if row.payload_sealed is None:
        return None
    of_channel: type[Message] | type[TextMessage] = TextMessage if row.channel == Channel.SMS else Message
    try:
        return of_channel.from_json(sealer.open(row.payload_sealed, place(row.id)))
    except (SealBroken, UnknownKey, ValueError):
        return None


def _locked(session: Session, message_id: uuid.UUID) -> OutboxMessage:
    row = session.scalar(select(OutboxMessage).where(OutboxMessage.id == message_id).with_for_update())
    if row is None:
        raise NotFound
    return row
