"""The outbox: every mail goes out at least once, whatever dies in between, and knows itself if it goes twice.

A worker leases a message before it works on it and counts the try, so that a message which kills its worker
ends as dead and not in a loop. Only the holder of the lease may say how it ended.

Tries can change the order of mails, so one that waited until a newer mail made it untrue is dropped.
"""

import uuid
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from consult.core.clock import Clock
from consult.db.sealing import Place, SealBroken, Sealer

from .compose import (
    Cancelled,
    Confirmation,
    DayReminder,
    HourReminder,
    IntakeReminder,
    Moved,
    Reinstated,
    SafetyRelease,
)
from .mailer import Mailer, MailRefused
from .message import InvalidAddress, Message
from .mime import mime
from .models import OutboxMessage

MOST_ATTEMPTS = 10
LEASE = timedelta(minutes=5)
"""Longer than one mail can take: a dozen answers from the server, ten seconds each."""

_LONGEST_WAIT = timedelta(hours=1)
_STANDING = frozenset({Confirmation.kind, Moved.kind, Cancelled.kind, Reinstated.kind})
"""What says when a visit is, or that it is off: only the newest is true."""
_REMINDERS = frozenset({DayReminder.kind, HourReminder.kind, IntakeReminder.kind})


class PayloadForgotten(Exception):
    """What this mail said is not kept any more."""


_POISON = (MailRefused, InvalidAddress, PayloadForgotten, SealBroken, ValueError)
"""What another try cannot change: a refusal, or a message that cannot be opened or written."""


class Status(StrEnum):
    READY = "ready"
    LEASED = "leased"
    SENT = "sent"
    DEAD = "dead"
    SETTLED = "settled"
    """It was dead, and somebody has seen to it in another way."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A message a worker may try now. `lease_token` is its right to say how that ended."""

    id: uuid.UUID
    lease_token: uuid.UUID
    payload_sealed: bytes | None
    created_at: datetime


def enqueue(
    session: Session,
    *,
    kind: str,
    message: Message,
    sealer: Sealer,
    now: datetime,
    due_at: datetime | None = None,
    useless_at: datetime | None = None,
    booking_id: uuid.UUID | None = None,
) -> bool:
    """Put a mail into the outbox, to go at `due_at` or at once, and not at all from `useless_at` on; False
    when its dedupe key is there already.

    Never refuses a bad address: a booking must not fail over its mail, which ends as dead instead.
    """
    row = OutboxMessage(
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


def withdraw_untried(session: Session, dedupe_key: str) -> bool:
    """Take back this one mail if it certainly never left; whether it was. One that was tried stays."""
    row = session.scalar(
        select(OutboxMessage)
        .where(
            OutboxMessage.dedupe_key == dedupe_key,
            OutboxMessage.status == Status.READY,
            OutboxMessage.attempts == 0,
        )
        .with_for_update()
    )
    if row is None:
        return False
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


def claim_due(session: Session, now: datetime, limit: int, lease: timedelta) -> list[Claim]:
    """Lease up to `limit` messages that are due, or whose lease ran out; commit before any work on them."""
    lease_ran_out = and_(OutboxMessage.status == Status.LEASED, OutboxMessage.leased_until <= now)
    hopeless = select(OutboxMessage).where(lease_ran_out, OutboxMessage.attempts >= MOST_ATTEMPTS)
    for row in session.scalars(hopeless.with_for_update(skip_locked=True)):
        _bury(row, "LeaseRanOut")
    due = or_(and_(OutboxMessage.status == Status.READY, OutboxMessage.due_at <= now), lease_ran_out)
    for row in session.scalars(
        select(OutboxMessage)
        .where(due, or_(OutboxMessage.useless_at <= now, _overtaken()))
        .with_for_update(skip_locked=True)
    ):
        session.delete(row)
    session.flush()
    query = (
        select(OutboxMessage)
        .where(due)
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
        claims.append(Claim(row.id, row.lease_token, row.payload_sealed, row.created_at))
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


def send_due(
    session: Session,
    transaction: Callable[[], AbstractContextManager[object]],
    mailer: Mailer,
    sealer: Sealer,
    mail_from: str,
    clock: Clock,
    limit: int = 50,
) -> int:
    """Try up to `limit` messages that are due, each leased only when its turn comes; how many were tried.

    `transaction()` opens one on `session` and commits it. None is open while the mailer talks.
    """
    for tried in range(limit):
        with transaction():
            claims = claim_due(session, clock(), 1, LEASE)
        if not claims:
            return tried
        (claim,) = claims
        failure = _failure_of(claim, mailer, sealer, mail_from)
        with transaction():
            if failure is None:
                finish(session, claim.id, claim.lease_token, clock())
            else:
                poisoned, name = isinstance(failure, _POISON), type(failure).__name__
                fail(session, claim.id, claim.lease_token, clock(), permanent=poisoned, error_class=name)
    return limit


def _failure_of(claim: Claim, mailer: Mailer, sealer: Sealer, mail_from: str) -> Exception | None:
    try:
        if claim.payload_sealed is None:
            raise PayloadForgotten
        message = Message.from_json(sealer.open(claim.payload_sealed, place(claim.id)))
        mailer.send(mime(message, mail_from=mail_from, created_at=claim.created_at))
    except Exception as error:  # Whatever is wrong with one mail, it must not hold up those behind it.
        return error
    return None


def _overtaken() -> ColumnElement[bool]:
    """A newer mail has gone after which this one would say what is no longer so. A reminder gives way to one
    that only waits, too.
    """
    newer = aliased(OutboxMessage)
    return exists().where(
        newer.booking_id == OutboxMessage.booking_id,
        newer.created_at > OutboxMessage.created_at,
        or_(newer.status == Status.SENT, OutboxMessage.kind.in_(_REMINDERS)),
        or_(
            and_(newer.kind.in_((Moved.kind, Cancelled.kind)), OutboxMessage.kind.in_(_REMINDERS)),
            and_(newer.kind.in_(_STANDING), OutboxMessage.kind.in_(_STANDING)),
            and_(newer.kind == Cancelled.kind, OutboxMessage.kind == SafetyRelease.kind),
        ),
    )


def _leased(session: Session, message_id: uuid.UUID, lease_token: uuid.UUID) -> OutboxMessage | None:
    return session.scalar(
        select(OutboxMessage)
        .where(OutboxMessage.id == message_id, OutboxMessage.lease_token == lease_token)
        .with_for_update()
    )


def _bury(row: OutboxMessage, error_class: str) -> None:
    row.status = Status.DEAD
    row.lease_token = row.leased_until = None
    row.last_error = error_class


def place(message_id: uuid.UUID) -> Place:
    return Place("outbox_message", "payload", message_id)
