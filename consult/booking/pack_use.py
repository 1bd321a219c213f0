"""What becomes of packs of sessions as a booking goes on: bought, used, given back, ended."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from consult.core.money import Money
from consult.payments.ledger import refundable
from consult.payments.lifecycle import LIVE
from consult.payments.models import LedgerEntry, Payment
from consult.payments.refunds import RefundDecision
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.vouchers import packs
from consult.vouchers.models import PackPurchase, PackRedemption
from consult.vouchers.packs import Balance
from consult.vouchers.service import Alive

from .models import Booking
from .ports import Ports

_THERAPIST = "therapist"


@dataclass(frozen=True)
class PackShare:
    """A booking's session of a pack; `bought_here` when the pack was bought with this booking."""

    redemption: PackRedemption
    balance: Balance
    bought_here: bool

    @property
    def returned(self) -> bool:
        return self.redemption.returned_at is not None

    def is_whole(self, booking: Booking) -> bool:
        """Whether the pack was bought with the booking, and nobody else has a session of it."""
        return self.bought_here and not self.balance.used_by_others(booking.id)

    @property
    def ended(self) -> bool:
        return self.balance.purchase.ended_at is not None


class Fate(StrEnum):
    """What became of a session of a pack when its visit was cancelled."""

    RETURNED = "returned"
    USED = "used"
    PAID_BACK = "paid_back"
    """Its whole pack was, now or before."""


@dataclass(frozen=True)
class SessionFate:
    """`left` and `sessions` are those of the pack, once that has become of it."""

    fate: Fate
    left: int
    sessions: int


@dataclass(frozen=True)
class PackCard:
    """What a patient sees of the pack their booking belongs to. `whole_back`: cancelled in time now, the
    price of all of it goes back rather than one session.
    """

    code: str
    sessions: int
    left: int
    returned: bool
    ended: bool
    whole_back: bool

    @property
    def rule(self) -> str:
        """Which words about cancelling hold, as `patient/_cancellation.html` knows them."""
        return "whole" if self.whole_back else "session"


def alive_among(session: Session, now: datetime) -> Alive:
    """Bookings whose codes and sessions count as used: confirmed, and not cancelled by the therapist; or with
    a time held, or a payment page open.
    """
    held = exists().where(
        Appointment.booking_id == Booking.id,
        Appointment.status == Status.HELD,
        Appointment.hold_expires_at > now,
    )
    paying = exists().where(Payment.booking_id == Booking.id, Payment.state.in_(LIVE))
    by_patient = or_(Booking.cancelled_by.is_(None), Booking.cancelled_by != _THERAPIST)
    counts = or_(and_(Booking.confirmed_at.is_not(None), by_patient), held, paying)

    def alive(booking_ids: Collection[uuid.UUID]) -> Sequence[uuid.UUID]:
        return session.scalars(select(Booking.id).where(Booking.id.in_(booking_ids), counts)).all()

    return alive


def open_pack(
    session: Session, booking: Booking, payment_id: uuid.UUID, paid: Money, now: datetime, ports: Ports
) -> None:
    """The visit is confirmed: if a whole pack was paid for, it can be used from now on."""
    if booking.session_pack_id is not None:
        packs.open_purchase(
            session,
            booking.session_pack_id,
            payment_id=payment_id,
            booking_id=booking.id,
            paid=paid,
            now=now,
            sealer=ports.sealer,
        )


def end_pack_if_over(session: Session, payment_id: uuid.UUID, now: datetime, ports: Ports) -> None:
    """A pack whose money went back, by a refund or a dispute, has no more sessions; nor has one of play money
    once real money is taken.
    """
    purchase = packs.find_purchase_paid_by(session, payment_id)
    if purchase is None or purchase.ended_at is not None:
        return
    payment = session.get_one(Payment, payment_id)
    if refundable(session, payment).minor <= 0 or payment.livemode < ports.gateway.livemode:
        packs.end_purchase(session, purchase.id, now)


def end_packs_that_are_over(session: Session, now: datetime, ports: Ports) -> None:
    """The same for all packs: what is sent back in the gateway's own dashboard, or taken back by a bank, is
    told as a sum only.
    """
    is_over = func.sum(LedgerEntry.amount_minor) <= 0
    if ports.gateway.livemode:
        is_over = or_(is_over, Payment.livemode.is_(False))
    over = (
        select(PackPurchase.payment_id)
        .join(Payment, Payment.id == PackPurchase.payment_id)
        .join(LedgerEntry, LedgerEntry.payment_id == PackPurchase.payment_id)
        .where(PackPurchase.ended_at.is_(None))
        .group_by(PackPurchase.payment_id, Payment.livemode)
        .having(is_over)
    )
    for payment_id in session.scalars(over).all():
        end_pack_if_over(session, payment_id, now, ports)


def find_share(session: Session, booking: Booking, now: datetime) -> PackShare | None:
    """The session of a pack that this booking uses, or gave back. Reads only."""
    redemption = packs.find_redemption(session, booking.id)
    if redemption is None:
        return None
    purchase = packs.get_purchase(session, redemption.pack_purchase_id)
    payment = session.get_one(Payment, purchase.payment_id)
    balance = packs.balance_of(session, purchase, alive_among(session, now))
    return PackShare(redemption, balance, payment.booking_id == booking.id)


def find_card(session: Session, booking: Booking, now: datetime, ports: Ports) -> PackCard | None:
    """None for a booking that has nothing to do with a pack. Reads only."""
    share = find_share(session, booking, now)
    if share is None:
        return None
    return PackCard(
        code=packs.read_pack_code(share.balance.purchase, ports.sealer),
        sessions=share.balance.purchase.sessions,
        left=share.balance.left,
        returned=share.returned,
        ended=share.ended,
        whole_back=share.is_whole(booking),
    )


def lock_share(session: Session, booking: Booking) -> None:
    """Lock the pack of a locked booking's session, so that what is decided on its balance holds."""
    redemption = packs.find_redemption(session, booking.id)
    if redemption is not None:
        packs.lock_purchase(session, redemption.pack_purchase_id)


def refund_with_pack(
    session: Session, booking: Booking, decision: RefundDecision, now: datetime
) -> RefundDecision:
    """What goes back in money where the visit is a session of a pack: the whole pack's price, if it was
    bought with this booking, nothing else of it is used, and the terms would give everything back. Otherwise
    no money: in time the session goes back to the pack, late it is used.
    """
    share = find_share(session, booking, now)
    if share is None:
        return decision
    whole = decision.percent == 100 and share.is_whole(booking)
    return decision if whole else replace(decision, amount=Money(0, booking.currency))


def give_session_back(
    session: Session, booking: Booking, decision: RefundDecision, now: datetime
) -> SessionFate | None:
    """The visit is cancelled: its session goes back to the pack if the terms would give everything back, and
    the pack ends if its money does. None when the booking's session was none of a pack.
    """
    share = find_share(session, booking, now)
    if share is None:
        return None
    if decision.percent == 100:
        packs.give_back(session, share.redemption, now)
        if decision.amount.minor > 0:
            packs.end_purchase(session, share.balance.purchase.id, now)
    purchase = share.balance.purchase
    left = packs.balance_of(session, purchase, alive_among(session, now)).left
    return SessionFate(_fate(share), left, purchase.sessions)


def _fate(share: PackShare) -> Fate:
    if share.ended:
        return Fate.PAID_BACK
    return Fate.RETURNED if share.returned else Fate.USED


def take_session_again(session: Session, booking: Booking, now: datetime) -> bool:
    """Undo `give_session_back`; False when the session is somebody's by now."""
    share = find_share(session, booking, now)
    if share is None:
        return True
    if share.bought_here and share.balance.purchase.ended_at == booking.cancelled_at:
        packs.reopen_purchase(session, share.balance.purchase.id)
    return packs.take_again(session, share.redemption, alive_among(session, now))
