"""What became of the money of one booking, and what would. Reads only."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.money import Money
from consult.payments.ledger import net
from consult.payments.lifecycle import RefundState
from consult.payments.models import Payment, Refund
from consult.payments.refund_service import left_to_refund
from consult.payments.refunds import Cause, RefundDecision, RefundTerms, refund_due
from consult.scheduling.models import Appointment

from ..models import Booking
from .cancellation import grace_end, patients_refund
from .taking_back import Actor


@dataclass(frozen=True)
class BookingMoney:
    """`kept` is what the practice holds now. `requested` is about to be sent back, `pending` on its way,
    `returned` at the bank; `failed` could not be sent and needs a person. `cause` is why the newest of these
    goes back.
    """

    kept: Money
    requested: Money
    pending: Money
    returned: Money
    failed: Money
    cause: Cause | None

    @property
    def returning(self) -> Money:
        """Not yet at the bank."""
        return self.requested + self.pending

    @property
    def going_back(self) -> bool:
        return any(amount.minor > 0 for amount in (self.returning, self.returned, self.failed))


def find_money(session: Session, booking: Booking) -> BookingMoney:
    """Everything that moved for this booking."""
    refunds = list(
        session.scalars(
            select(Refund)
            .join(Payment, Payment.id == Refund.payment_id)
            .where(Payment.booking_id == booking.id)
            .order_by(Refund.created_at)
        )
    )

    def total(state: RefundState) -> Money:
        return Money(
            sum(refund.amount_minor for refund in refunds if refund.state is state), booking.currency
        )

    return BookingMoney(
        kept=net(session, booking.id, booking.currency),
        requested=total(RefundState.REQUESTED),
        pending=total(RefundState.PENDING),
        returned=total(RefundState.SUCCEEDED),
        failed=total(RefundState.FAILED),
        cause=Cause(refunds[-1].reason) if refunds else None,
    )


def grace_of(booking: Booking) -> datetime | None:
    """Until when a slip with this booking costs nothing; None before it is booked."""
    if booking.confirmed_at is None:
        return None
    return grace_end(
        RefundTerms.from_json(booking.refund_terms),
        booking.confirmed_at,
        moved_at=booking.moved_at,
        moved_by=booking.moved_by,
        moved_from_at=booking.moved_from_at,
    )


def refund_now(
    session: Session, booking: Booking, appointment: Appointment, by: Actor, now: datetime
) -> RefundDecision | None:
    """What goes back if the visit is cancelled now; None when its patient can no longer cancel it.

    Never more than is left of what was paid. The page that shows it and the command that does it both ask
    here.
    """
    terms, price = RefundTerms.from_json(booking.refund_terms), Money(booking.price_minor, booking.currency)
    start_at = appointment.start_at
    if by is Actor.THERAPIST:
        decision: RefundDecision | None = refund_due(terms, price, start_at, now, Cause.THERAPIST)
    else:
        decision = patients_refund(
            terms,
            price,
            start_at=start_at,
            grace_until=grace_of(booking) or now,
            on_safety_hold=booking.on_safety_hold,
            now=now,
        )
    if decision is None:
        return None
    left = left_to_refund(session, booking.id, booking.currency)
    return replace(decision, amount=min(decision.amount, left, key=lambda amount: amount.minor))
