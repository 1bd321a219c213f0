"""What became of the money of one booking, and what would. Reads only."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from consult.core.money import Money
from consult.payments.ledger import net_of
from consult.payments.lifecycle import RefundState
from consult.payments.models import LedgerEntry, LedgerKind, Payment, Refund
from consult.payments.refund_service import left_to_refund
from consult.payments.refunds import Cause, RefundDecision, RefundTerms, refund_due
from consult.scheduling.models import Appointment

from ..models import Booking
from ..pack_use import refund_with_pack
from .cancellation import grace_end, patients_refund
from .taking_back import Actor

_POSTED = net_of(bindparam("booking_id"), bindparam("currency"))
_DISPUTED = (LedgerKind.DISPUTE, LedgerKind.DISPUTE_WON)
_MONEY = (
    select(
        _POSTED.scalar_subquery(),
        _POSTED.where(LedgerEntry.kind == LedgerKind.CHARGE).scalar_subquery(),
        _POSTED.where(LedgerEntry.kind.in_(_DISPUTED)).scalar_subquery(),
        Refund,
    )
    .select_from(Booking)
    .outerjoin(Payment, Payment.booking_id == Booking.id)
    .outerjoin(Refund, Refund.payment_id == Payment.id)
    .where(Booking.id == bindparam("booking_id"))
    .order_by(Refund.created_at)
)


@dataclass(frozen=True)
class BookingMoney:
    """`charged` is all that ever came, `kept` what the practice holds now. `requested` is about to be sent
    back, `pending` on its way, `returned` at the bank, be it by a refund that was made in the gateway's
    dashboard; `failed` could not be sent, is still here and needs a person. `outside` was paid back in
    another way. `disputed` was taken by the payer's own bank. `cause` is why the newest of our refunds goes
    back.
    """

    charged: Money
    kept: Money
    requested: Money
    pending: Money
    returned: Money
    failed: Money
    outside: Money
    disputed: Money
    cause: Cause | None

    @property
    def returning(self) -> Money:
        """Not yet at the bank."""
        return self.requested + self.pending

    @property
    def going_back(self) -> bool:
        moves = (self.returning, self.returned, self.failed, self.outside)
        return any(amount.minor > 0 for amount in moves)


def find_money(session: Session, booking: Booking) -> BookingMoney:
    """Everything that moved for this booking."""
    this = {"booking_id": booking.id, "currency": booking.currency}
    rows = session.execute(_MONEY, this).all()
    refunds = [row[-1] for row in rows if row[-1] is not None]
    posted, charged, disputed = (Money(int(sum_of), booking.currency) for sum_of in rows[0][:3])

    def total(state: RefundState) -> Money:
        return Money(
            sum(refund.amount_minor for refund in refunds if refund.state is state), booking.currency
        )

    pending, outside = total(RefundState.PENDING), total(RefundState.CANCELED)
    kept = posted - outside
    return BookingMoney(
        charged=charged,
        kept=kept,
        requested=total(RefundState.REQUESTED),
        pending=pending,
        # By the ledger, which also knows of refunds that were never asked for here.
        returned=charged + disputed - posted - pending,
        # What is here no longer has gone back since, by the dashboard or the payer's bank.
        failed=Money(max(0, min(total(RefundState.FAILED).minor, kept.minor)), booking.currency),
        outside=outside,
        disputed=-disputed,
        cause=Cause(refunds[-1].reason) if refunds else None,
    )


def grace_of(booking: Booking) -> datetime | None:
    """Until when a slip with this booking costs nothing; None before it is booked.

    `therapist_moved_at` is her last move that is not the last change any more: it is written when something
    follows it, since until then it may be taken back.
    """
    if booking.confirmed_at is None:
        return None
    return grace_end(
        RefundTerms.from_json(booking.refund_terms),
        booking.confirmed_at,
        moved_at=booking.moved_at,
        moved_by=booking.moved_by,
        moved_from_at=booking.moved_from_at,
        therapist_moved_at=booking.therapist_moved_at,
    )


def counted_moves(booking: Booking) -> int:
    """How many of the patient's own moves count now. One that answers a therapist's move never does."""
    return 0 if booking.moved_by == Actor.THERAPIST else booking.patient_moves


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
    decision = refund_with_pack(session, booking, decision, now)
    left = left_to_refund(session, booking.id, booking.currency)
    return replace(decision, amount=min(decision.amount, left, key=lambda amount: amount.minor))
