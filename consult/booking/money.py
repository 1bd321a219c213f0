"""What became of the money of one booking, in words a patient can be told. Reads only."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.money import Money
from consult.payments.ledger import net
from consult.payments.lifecycle import RefundState
from consult.payments.models import Payment, Refund
from consult.payments.refunds import Cause

from .models import Booking


@dataclass(frozen=True)
class BookingMoney:
    """`kept` is what the practice holds now. `returning` is on its way back, `returned` is at the bank;
    `failed` could not be sent and needs a person. `cause` is why the newest of these goes back.
    """

    kept: Money
    returning: Money
    returned: Money
    failed: Money
    cause: Cause | None

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

    def total(*states: RefundState) -> Money:
        return Money(
            sum(refund.amount_minor for refund in refunds if refund.state in states), booking.currency
        )

    return BookingMoney(
        kept=net(session, booking.id, booking.currency),
        returning=total(RefundState.REQUESTED, RefundState.PENDING),
        returned=total(RefundState.SUCCEEDED),
        failed=total(RefundState.FAILED),
        cause=Cause(refunds[-1].reason) if refunds else None,
    )
