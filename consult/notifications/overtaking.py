"""Which message a newer one makes untrue. Kinds are those of `compose`, whichever the channel."""

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import aliased

from .compose import (
    Cancelled,
    Confirmation,
    DayReminder,
    HourReminder,
    IntakeReminder,
    Moved,
    Reinstated,
    SafetyRelease,
    TherapistCancelled,
    TherapistMoved,
    TherapistNewBooking,
)
from .models import OutboxMessage
from .status import Status

_STANDING = frozenset({Confirmation.kind, Moved.kind, Cancelled.kind, Reinstated.kind})
"""What says when a visit is, or that it is off: only the newest is true."""
_STANDING_FOR_THERAPIST = frozenset({TherapistNewBooking.kind, TherapistMoved.kind, TherapistCancelled.kind})
REMINDERS = frozenset({DayReminder.kind, HourReminder.kind, IntakeReminder.kind})


def overtaken() -> ColumnElement[bool]:
    """A newer message has gone after which this one would say what is no longer so. A reminder gives way to
    one that only waits, too; what says when a visit is, only to its own channel, or no mail would say it.
    """
    newer = aliased(OutboxMessage)
    return exists().where(
        newer.booking_id == OutboxMessage.booking_id,
        newer.created_at > OutboxMessage.created_at,
        or_(newer.status == Status.SENT, OutboxMessage.kind.in_(REMINDERS)),
        or_(
            and_(newer.kind.in_((Moved.kind, Cancelled.kind)), OutboxMessage.kind.in_(REMINDERS)),
            and_(
                newer.kind.in_(_STANDING),
                OutboxMessage.kind.in_(_STANDING),
                newer.channel == OutboxMessage.channel,
            ),
            and_(newer.kind.in_(_STANDING_FOR_THERAPIST), OutboxMessage.kind.in_(_STANDING_FOR_THERAPIST)),
            and_(newer.kind == Cancelled.kind, OutboxMessage.kind == SafetyRelease.kind),
        ),
    )
