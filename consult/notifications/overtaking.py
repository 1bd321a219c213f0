"""Which message a newer one makes untrue, and which waits for an older one. Kinds are those of `compose`,
whichever the channel.
"""

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import aliased

from .letters import (
    Cancelled,
    Confirmation,
    DayReminder,
    HourReminder,
    IntakeReminder,
    Moved,
    PaymentRefused,
    Reinstated,
    SafetyRelease,
    TherapistCancelled,
    TherapistMoved,
    TherapistNewBooking,
)
from .models import OutboxMessage
from .status import Channel, Status

_STANDING = frozenset({Confirmation.kind, Moved.kind, Cancelled.kind, Reinstated.kind})
"""What says when a visit is, or that it is off: only the newest is true."""
_STANDING_FOR_THERAPIST = frozenset({TherapistNewBooking.kind, TherapistMoved.kind, TherapistCancelled.kind})
_CANCELS = ((Cancelled.kind, _STANDING), (TherapistCancelled.kind, _STANDING_FOR_THERAPIST))
REMINDERS = frozenset({DayReminder.kind, HourReminder.kind, IntakeReminder.kind})


def overtaken() -> ColumnElement[bool]:
    """A newer message has gone after which this one would say what is no longer so. A reminder gives way to
    one that only waits, too; a mail that says when a visit is never gives way to a text, which says less.
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
                or_(newer.channel == OutboxMessage.channel, OutboxMessage.channel == Channel.SMS),
            ),
            and_(newer.kind.in_(_STANDING_FOR_THERAPIST), OutboxMessage.kind.in_(_STANDING_FOR_THERAPIST)),
            and_(newer.kind == Cancelled.kind, OutboxMessage.kind == SafetyRelease.kind),
            and_(newer.kind == Confirmation.kind, OutboxMessage.kind == PaymentRefused.kind),
        ),
    )


def follows_a_cancel() -> ColumnElement[bool]:
    """The CANCEL of this visit still waits. The visit has come back as another entry by now (`reinstate`), so
    without the CANCEL the calendar would keep both; nor may the mail that tells of it come last.
    """
    older = aliased(OutboxMessage)
    return exists().where(
        older.booking_id == OutboxMessage.booking_id,
        older.created_at < OutboxMessage.created_at,
        older.status.in_((Status.READY, Status.LEASED)),
        older.channel == Channel.EMAIL,
        OutboxMessage.channel == Channel.EMAIL,
        or_(*(and_(older.kind == kind, OutboxMessage.kind.in_(after)) for kind, after in _CANCELS)),
    )
