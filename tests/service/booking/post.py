"""What waits in the outbox, opened."""

from dataclasses import dataclass
from datetime import datetime

import icalendar
from sqlalchemy import select

from consult.db.sealing import Place
from consult.notifications.message import Message
from consult.notifications.models import OutboxMessage

from .conftest import Desk


@dataclass(frozen=True)
class Letter:
    kind: str
    due_at: datetime
    status: str
    message: Message

    @property
    def event(self) -> icalendar.Event:
        assert self.message.calendar is not None
        return icalendar.Calendar.from_ical(self.message.calendar).walk("VEVENT")[0]

    @property
    def revision(self) -> tuple[str | None, str, int, datetime]:
        """Method, UID, SEQUENCE and start of its invitation."""
        event = self.event
        return self.message.calendar_method, str(event["UID"]), event["SEQUENCE"], event["DTSTART"].dt


def letters(desk: Desk, *kinds: str) -> list[Letter]:
    """In the order they were written; all of them, or of these kinds."""
    desk.session.expire_all()
    rows = desk.session.scalars(select(OutboxMessage).order_by(OutboxMessage.created_at, OutboxMessage.kind))
    return [
        Letter(
            row.kind,
            row.due_at,
            row.status,
            Message.from_json(
                desk.ports.sealer.open(row.payload_sealed, Place("outbox_message", "payload", row.id))
            ),
        )
        for row in rows
        if not kinds or row.kind in kinds
    ]


def kinds(desk: Desk) -> list[str]:
    return [letter.kind for letter in letters(desk)]
