"""Which invitation to a visit was sent to whom, and whose calendar shows something else than there is."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import Session

from consult.calendaring.event import Status as EventStatus
from consult.calendaring.models import CalendarObject
from consult.notifications.letters import (
    Cancelled,
    Confirmation,
    Moved,
    Reinstated,
    TherapistCancelled,
    TherapistMoved,
    TherapistNewBooking,
)
from consult.notifications.models import OutboxMessage
from consult.notifications.status import Channel, Status

from .revisions import Revision, read_revision

PATIENCE = timedelta(minutes=10)
"""An invitation takes so long on a good day, and a server that asks to come again longer."""

_TO_PATIENT = frozenset({Confirmation.kind, Moved.kind, Cancelled.kind, Reinstated.kind})
_TO_THERAPIST = frozenset({TherapistNewBooking.kind, TherapistMoved.kind, TherapistCancelled.kind})
_CANCELS = frozenset({Cancelled.kind, TherapistCancelled.kind})
CARRYING = _TO_PATIENT | _TO_THERAPIST
"""The kinds of mail that carry an invitation."""

_COLUMNS = (
    OutboxMessage.id,
    OutboxMessage.kind,
    OutboxMessage.dedupe_key,
    OutboxMessage.booking_id,
    OutboxMessage.status,
    OutboxMessage.attempts,
    OutboxMessage.created_at,
    OutboxMessage.due_at,
    OutboxMessage.sent_at,
)


class Reader(StrEnum):
    PATIENT = "patient"
    THERAPIST = "therapist"


@dataclass(frozen=True, slots=True)
class Mailed:
    """A mail with an invitation, sent or not. `revision` is None for one from before keys told it."""

    id: uuid.UUID
    reader: Reader
    revision: Revision | None
    is_cancel: bool
    status: Status
    attempts: int
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None

    @property
    def waits(self) -> bool:
        return self.status in (Status.READY, Status.LEASED)


@dataclass(frozen=True, slots=True)
class Told:
    """What one reader's calendar knows. `sent` is the newest revision that has left; `uncounted`: something
    has of which nobody knows what it said. `waiting` and `dead` are mails that would put right what it lacks.
    `late`: for too long it has shown something else than there is. `uninvited`: the therapist was never told.
    """

    sent: Mailed | None
    uncounted: bool
    waiting: Mailed | None
    dead: Mailed | None
    late: bool
    uninvited: bool

    @property
    def may_send(self) -> bool:
        """Whether sending the present invitation would help."""
        return self.uninvited or (self.late and self.waiting is None)


@dataclass(frozen=True, slots=True)
class Present:
    """A visit as it stands, since `revised_at`. Of one that is `over` nothing is late."""

    revision: Revision
    cancelled: bool
    over: bool
    revised_at: datetime

    @classmethod
    def of(cls, event: CalendarObject | Row[Any], now: datetime) -> "Present":
        revision = Revision(event.id, event.sequence, event.start_at)
        return cls(revision, event.status == EventStatus.CANCELLED, event.end_at <= now, event.revised_at)

    def is_said_by(self, mail: Mailed) -> bool:
        starts_then = mail.revision is not None and mail.revision.start_at == self.revision.start_at
        return starts_then and mail.is_cancel == self.cancelled


def reckon(mails: Iterable[Mailed], reader: Reader, present: Present, now: datetime) -> Told:
    """Out of the `mails` about one visit. Pure.

    A calendar is right when the newest it was sent says the same start and state, whatever its SEQUENCE. One
    that was never told of the visit is right about its end.
    """
    to_reader = [mail for mail in mails if mail.reader is reader]
    of_entry = [
        (mail.revision.sequence, mail)
        for mail in to_reader
        if mail.revision is not None and mail.revision.entry_id == present.revision.entry_id
    ]
    reached = max((pair for pair in of_entry if pair[1].sent_at), key=lambda pair: pair[0], default=None)
    missing = [
        mail
        for sequence, mail in of_entry
        if present.is_said_by(mail) and (reached is None or sequence > reached[0])
    ]
    waiting = next((mail for mail in reversed(missing) if mail.waits), None)
    uncounted = any(mail.revision is None and mail.sent_at for mail in to_reader)
    stands = not (present.over or present.cancelled)
    uninvited = stands and not to_reader and reader is Reader.THERAPIST
    sent = reached[1] if reached else None
    is_right = present.is_said_by(sent) if sent else present.cancelled or uncounted or uninvited
    settled = any(mail.status is Status.SETTLED for mail in missing)
    since = waiting.due_at if waiting is not None and waiting.attempts == 0 else present.revised_at
    overdue = now - max(since, present.revised_at) > PATIENCE
    return Told(
        sent=sent,
        uncounted=uncounted,
        waiting=waiting,
        dead=next((mail for mail in reversed(missing) if mail.status is Status.DEAD), None),
        late=overdue and not (present.over or is_right or settled),
        uninvited=uninvited,
    )


def mailed(session: Session, which: ColumnElement[bool]) -> dict[uuid.UUID, list[Mailed]]:
    """By booking, in the order they were written. What they said is left where it is."""
    query = (
        select(*_COLUMNS)
        .where(which, OutboxMessage.kind.in_(CARRYING), OutboxMessage.channel == Channel.EMAIL)
        .order_by(OutboxMessage.created_at, OutboxMessage.id)
    )
    found: dict[uuid.UUID, list[Mailed]] = defaultdict(list)
    for row in session.execute(query):
        revision = read_revision(row.dedupe_key)
        # Hers tells whether it carried an invitation; a patient's always does.
        if row.booking_id is not None and (revision is not None or row.kind in _TO_PATIENT):
            found[row.booking_id].append(_mailed(row, revision))
    return found


def _mailed(row: Any, revision: Revision | None) -> Mailed:
    return Mailed(
        id=row.id,
        reader=Reader.PATIENT if row.kind in _TO_PATIENT else Reader.THERAPIST,
        revision=revision,
        is_cancel=row.kind in _CANCELS,
        status=Status(row.status),
        attempts=row.attempts,
        created_at=row.created_at,
        due_at=row.due_at,
        sent_at=row.sent_at,
    )
