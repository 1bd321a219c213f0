"""What must be true of money and hours, read from the database and from what Stripe's double remembers."""

import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.booking.models import Booking
from consult.notifications.models import OutboxMessage
from consult.payments.lifecycle import LIVE, PaymentState, RefundState
from consult.payments.models import LedgerEntry, LedgerKind, Payment, Refund
from consult.payments.refund_service import MAX_ATTEMPTS
from consult.scheduling.lifecycle import CLAIMING, Status
from consult.scheduling.models import Appointment
from tests.stripe_double.account import Account


@dataclass(frozen=True)
class Truth:
    """What Stripe holds of one payment. `touched` when somebody else moved its money: by hand, or a bank."""

    charged: int = 0
    sent_back: int = 0
    disputed: int = 0
    touched: bool = False

    @property
    def net(self) -> int:
        return self.charged - self.sent_back - self.disputed


class Books:
    """`owed_back` is what the terms gave each booking at the moment it was cancelled, in minor units."""

    def __init__(self, session: Session, account: Account) -> None:
        self.session, self.account = session, account
        self.owed_back: dict[uuid.UUID, int] = {}

    def check_always(self, now: datetime) -> None:
        """True at every moment, however much is still under way."""
        self.session.rollback()
        self._no_hour_is_sold_twice()
        self._one_live_payment_a_booking()
        self._what_is_confirmed_was_paid()
        self._the_ledger_tells_of_nothing_that_did_not_happen()
        self._everybody_is_told_once()

    def check_settled(self, now: datetime) -> None:
        """True once everything has come to its end."""
        self.check_always(now)
        held = self.session.scalars(select(Appointment).where(Appointment.status == Status.HELD)).all()
        assert [hold.hold_expires_at for hold in held] == [], "an hour is held for ever"
        live = [payment.state for payment in self._payments() if payment.state in LIVE]
        assert live == [], "a payment never ends"
        self._ledger_is_what_stripe_holds()
        self._no_money_without_its_reason()

    def truth(self, payment: Payment) -> Truth:
        intents = [
            session["payment_intent"]
            for session in self.account.of_kind("checkout.session", client_reference_id=str(payment.id))
            if session["payment_intent"]
        ]
        charges = [one for intent in intents for one in self._of("charge", intent)]
        refunds = [one for intent in intents for one in self._of("refund", intent)]
        disputes = [one for intent in intents for one in self._of("dispute", intent)]
        return Truth(
            charged=sum(charge["amount"] for charge in charges),
            sent_back=sum(refund["amount"] for refund in refunds if refund["status"] != "failed"),
            disputed=-sum(move["amount"] for one in disputes for move in one["balance_transactions"]),
            touched=bool(disputes) or any("refund" not in refund["metadata"] for refund in refunds),
        )

    def _of(self, kind: str, intent: str) -> list[dict]:
        return self.account.of_kind(kind, payment_intent=intent)

    def _payments(self) -> list[Payment]:
        return list(self.session.scalars(select(Payment).order_by(Payment.created_at)))

    def _no_hour_is_sold_twice(self) -> None:
        claims = self.session.scalars(select(Appointment).where(Appointment.status.in_(CLAIMING))).all()
        for one, other in combinations(claims, 2):
            apart = one.busy_until <= other.busy_from or other.busy_until <= one.busy_from
            assert apart, f"{one.start_at} is {one.status}, {other.start_at} is {other.status}"

    def _one_live_payment_a_booking(self) -> None:
        live = Counter(payment.booking_id for payment in self._payments() if payment.state in LIVE)
        assert set(live.values()) <= {1}

    def _what_is_confirmed_was_paid(self) -> None:
        charged = select(LedgerEntry.id).join(Payment).where(Payment.booking_id == Booking.id)
        unpaid = select(Booking.id).where(
            Booking.confirmed_at.is_not(None), ~charged.where(LedgerEntry.kind == LedgerKind.CHARGE).exists()
        )
        assert self.session.scalars(unpaid).all() == [], "booked and not paid for"

    def _the_ledger_tells_of_nothing_that_did_not_happen(self) -> None:
        for payment in self._payments():
            truth, ledger = self.truth(payment), self._ledger(payment)
            assert ledger[LedgerKind.CHARGE] in (0, truth.charged)
            assert truth.charged <= payment.amount_minor, "charged twice"
            assert truth.sent_back <= truth.charged

    def _everybody_is_told_once(self) -> None:
        told = (
            select(func.count())
            .where(OutboxMessage.kind == "confirmation")
            .group_by(OutboxMessage.booking_id)
        )
        assert set(self.session.scalars(told)) <= {1}

    def _ledger(self, payment: Payment) -> Counter[LedgerKind]:
        entries = self.session.execute(
            select(LedgerEntry.kind, LedgerEntry.amount_minor).where(LedgerEntry.payment_id == payment.id)
        )
        sums: Counter[LedgerKind] = Counter()
        for kind, amount in entries:
            sums[kind] += amount
        return sums

    def _ledger_is_what_stripe_holds(self) -> None:
        for payment in self._payments():
            truth, ledger = self.truth(payment), self._ledger(payment)
            assert ledger.total() == truth.net, f"{dict(ledger)} in the ledger, at Stripe {truth}"
        known = {str(payment.id) for payment in self._payments()}
        for session in self.account.of_kind("checkout.session", payment_status="paid"):
            assert session["client_reference_id"] in known, "money for a payment nobody knows of"

    def _no_money_without_its_reason(self) -> None:
        """Kept is the price of what takes place or is over, or what the terms keep of what was cancelled; and
        what could not be sent back, which a person is told of. Not more, and, where nobody else moved money,
        not less.
        """
        kept: Counter[uuid.UUID] = Counter()
        stuck: Counter[uuid.UUID] = Counter()
        touched: dict[uuid.UUID, bool] = defaultdict(bool)
        for payment in self._payments():
            truth = self.truth(payment)
            kept[payment.booking_id] += truth.net
            touched[payment.booking_id] |= truth.touched
            stuck[payment.booking_id] += self._cannot_be_sent(payment)
            if payment.state is PaymentState.REVIEW:
                stuck[payment.booking_id] += truth.net
        for booking in self.session.scalars(select(Booking)):
            at_most = self._due(booking) + stuck[booking.id]
            assert kept[booking.id] <= at_most, f"{kept[booking.id]} kept, {at_most} due"
            if not touched[booking.id]:
                assert kept[booking.id] == at_most, f"{kept[booking.id]} kept, {at_most} due"

    def _due(self, booking: Booking) -> int:
        if booking.confirmed_at is None:
            return 0
        status = select(Appointment.status).where(Appointment.booking_id == booking.id)
        statuses = set(self.session.scalars(status))
        if booking.cancelled_at is not None:
            assert not statuses & {Status.BOOKED, Status.DONE, Status.NO_SHOW}
            return booking.price_minor - self.owed_back[booking.id]
        assert statuses & {Status.BOOKED, Status.DONE, Status.NO_SHOW}, "paid for, and no hour kept"
        return booking.price_minor

    def _cannot_be_sent(self, payment: Payment) -> int:
        refunds = self.session.scalars(select(Refund).where(Refund.payment_id == payment.id))
        return sum(
            refund.amount_minor
            for refund in refunds
            if refund.state is RefundState.FAILED
            or (refund.state is RefundState.REQUESTED and refund.attempts >= MAX_ATTEMPTS)
        )
