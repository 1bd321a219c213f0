"""The outbox: every mail goes out at least once, whatever dies in between, and knows itself if it goes twice.

A worker leases a message before it works on it and counts the try, so that a message which kills its worker
ends as dead and not in a loop. Only the holder of the lease may say how it ended.

Tries can change the order of messages, so one that waited until a newer one made it untrue is dropped; only
a CANCEL is waited for.

A text message does not know itself: one of which nobody can say whether it went is hardly tried again.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.db.sealing import Place, Sealer

from .message import Message
from .models import OutboxMessage
from .overtaking import REMINDERS, follows_a_cancel, overtaken
from .status import Channel, Status
from .text_message import TextMessage

MOST_ATTEMPTS = 10
MOST_IN_DOUBT = 2
"""How often a text message goes at most, when it is not known whether it went."""

LEASE = timedelta(minutes=5)
"""Longer than one mail can take: a dozen answers from the server, ten seconds each."""

_LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """A message a worker may try now; `lease_token` is its right to say how that ended."""

    id: uuid.UUID
    lease_token: uuid.UUID
    payload_sealed: bytes | None
    created_at: datetime
    kind: str
    attempts: int

    @property
    def may_repeat(self) -> bool:
        """Whether a text message goes once more when this try's end stays unknown."""
        return self.kind not in REMINDERS and self.attempts < MOST_IN_DOUBT


def enqueue(
    session: Session,
    *,
    kind: str,
    message: Message | TextMessage,
    sealer: Sealer,
    now: datetime,
    due_at: datetime | None = None,
    useless_at: datetime | None = None,
    booking_id: uuid.UUID | None = None,
) -> bool:
    """Put a message into the outbox, to go at `due_at` or at once, and not at all from `useless_at` on; False
    when its dedupe key is there already.

    Never refuses a bad address: a booking must not fail over its mail, which ends as dead instead.
    """
    row = OutboxMessage(
        channel=Channel.SMS if isinstance(message, TextMessage) else Channel.EMAIL,
        kind=kind,
        dedupe_key=message.dedupe_key,
        booking_id=booking_id,
        status=Status.READY,
        attempts=0,
        due_at=due_at or now,
        useless_at=useless_at,
        created_at=now,
    )
    row.payload_sealed = sealer.seal(message.to_json(), place(row.id))
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        known = select(OutboxMessage.id).where(OutboxMessage.dedupe_key == message.dedupe_key)
        if session.scalar(known) is None:
            raise
        return False
    return True


def withdraw(session: Session, booking_id: uuid.UUID, kinds: Collection[str]) -> set[str]:
    """Take back what waits of these kinds for a booking, since something overtook it; the kinds of those that
    certainly never left. One that a worker has in hand now goes.
    """
    waiting = select(OutboxMessage).where(
        OutboxMessage.booking_id == booking_id,
        OutboxMessage.kind.in_(kinds),
        OutboxMessage.status == Status.READY,
    )
    rows = list(session.scalars(waiting.with_for_update()))
    for row in rows:
        session.delete(row)
    session.flush()
    return {row.kind for row in rows if row.attempts == 0}


def withdraw_untried(session: Session, dedupe_key: str, *also: str) -> bool:
    """Take back this one mail, and `also` what says the same by text message, if certainly none of it ever
    left; whether it was. One that was tried stays, and what says the same with it.
    """
    keys = (dedupe_key, *also)
    rows = list(
        session.scalars(select(OutboxMessage).where(OutboxMessage.dedupe_key.in_(keys)).with_for_update())
    )
    waits = all(row.status == Status.READY and row.attempts == 0 for row in rows)
    if not waits or dedupe_key not in {row.dedupe_key for row in rows}:
        return False
    for row in rows:
        session.delete(row)
    session.flush()
    return True


def has_written(session: Session, booking_id: uuid.UUID, kinds: Collection[str], since: datetime) -> bool:
    """Whether a mail of these kinds for a booking, of `since` or later, waits or has gone."""
    written = select(OutboxMessage.id).where(
        OutboxMessage.booking_id == booking_id,
        OutboxMessage.kind.in_(kinds),
        OutboxMessage.created_at >= since,
    )
    return session.scalar(written.limit(1)) is not None


def written_keys(session: Session, dedupe_keys: Collection[str]) -> set[str]:
    """Those of these keys under which a mail waits or has gone."""
    known = select(OutboxMessage.dedupe_key).where(OutboxMessage.dedupe_key.in_(dedupe_keys))
    return set(session.scalars(known)) if dedupe_keys else set()


def claim_due(
    session: Session, now: datetime, limit: int, lease: timedelta, channel: Channel = Channel.EMAIL
) -> list[Claim]:
    """Lease up to `limit` messages that are due, or whose lease ran out; commit before any work on them."""
    of_channel = OutboxMessage.channel == channel
    lease_ran_out = and_(of_channel, OutboxMessage.status == Status.LEASED, OutboxMessage.leased_until <= now)
    hopeless = select(OutboxMessage).where(lease_ran_out, _is_hopeless(channel))
    for row in session.scalars(hopeless.with_for_update(skip_locked=True)):
        _bury(row, "LeaseRanOut")
    waits = and_(of_channel, OutboxMessage.status == Status.READY, OutboxMessage.due_at <= now)
    due = or_(waits, lease_ran_out)
    for row in session.scalars(
        select(OutboxMessage)
        .where(due, or_(OutboxMessage.useless_at <= now, overtaken()))
        .with_for_update(skip_locked=True)
    ):
        session.delete(row)
    session.flush()
    query = (
        select(OutboxMessage)
        .where(due, ~follows_a_cancel())
        .order_by(OutboxMessage.due_at, OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claims = []
    for row in session.scalars(query):
        row.attempts += 1
        row.status = Status.LEASED
        row.lease_token = uuid.uuid4()
        row.leased_until = now + lease
        claims.append(
            Claim(row.id, row.lease_token, row.payload_sealed, row.created_at, row.kind, row.attempts)
        )
    session.flush()
    return claims


def finish(session: Session, message_id: uuid.UUID, lease_token: uuid.UUID, now: datetime) -> bool:
    """It is sent. False, and nothing changes, when the lease has passed to another worker."""
    row = _leased(session, message_id, lease_token)
    if row is None:
        return False
    row.status = Status.SENT
    row.sent_at = now
    row.lease_token = row.leased_until = row.last_error = None
    session.flush()
    return True


def fail(
    session: Session,
    message_id: uuid.UUID,
    lease_token: uuid.UUID,
    now: datetime,
    *,
    permanent: bool,
    error_class: str,
) -> bool:
    """It did not go: tried again later, or dead. False, and nothing changes, when the lease has passed on."""
    row = _leased(session, message_id, lease_token)
    if row is None:
        return False
    if permanent or row.attempts >= MOST_ATTEMPTS:
        _bury(row, error_class)
    else:
        row.status = Status.READY
        row.due_at = now + wait_after(row.attempts)
        row.lease_token = row.leased_until = None
        row.last_error = error_class
    session.flush()
    return True


def wait_after(attempts: int) -> timedelta:
    """4 s, 16 s, 64 s … one hour: ten tries span four hours. Powers of two would give up after 17 minutes."""
    return min(_LONGEST_WAIT, timedelta(seconds=4**attempts))


def _is_hopeless(channel: Channel) -> ColumnElement[bool]:
    """Of messages whose worker died over them: tried often enough."""
    if channel is Channel.EMAIL:
        return OutboxMessage.attempts >= MOST_ATTEMPTS
    return or_(OutboxMessage.attempts >= MOST_IN_DOUBT, OutboxMessage.kind.in_(REMINDERS))


def _leased(session: Session, message_id: uuid.UUID, lease_token: uuid.UUID) -> OutboxMessage | None:
    return session.scalar(
        select(OutboxMessage)
        .where(OutboxMessage.id == message_id, OutboxMessage.lease_token == lease_token)
        .with_for_update()
    )


def drop(session: Session, message_id: uuid.UUID, lease_token: uuid.UUID) -> None:
    """Whoever it was for does not want it any more."""
    row = _leased(session, message_id, lease_token)
    if row is not None:
        session.delete(row)
        session.flush()


def _bury(row: OutboxMessage, error_class: str) -> None:
    row.status = Status.DEAD
    row.lease_token = row.leased_until = None
    row.last_error = error_class


def place(message_id: uuid.UUID) -> Place:
    return Place("outbox_message", "payload", message_id)
