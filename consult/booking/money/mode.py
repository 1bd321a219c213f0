"""Whether money is real: of the gateway in use, and of what was paid through it or another before."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from consult.payments.demo_gateway import DemoGateway
from consult.payments.models import LedgerEntry, LedgerKind, Payment
from consult.receipts.facts import Mode

from ..models import Booking


def mode_of(gateway: str, livemode: bool) -> Mode:
    """Of what is paid at the gateway of this name."""
    if gateway == DemoGateway.name:
        return Mode.DEMO
    return Mode.LIVE if livemode else Mode.TEST


def mode_paid_in(session: Session, booking: Booking) -> Mode:
    """Of the first payment that came for the booking, whatever gateway is in use by now; real money where
    none did.
    """
    came = exists().where(LedgerEntry.payment_id == Payment.id, LedgerEntry.kind == LedgerKind.CHARGE)
    own = select(Payment).where(Payment.booking_id == booking.id, came)
    payment = session.scalars(own.order_by(Payment.created_at).limit(1)).first()
    return mode_of(payment.gateway, payment.livemode) if payment else Mode.LIVE
