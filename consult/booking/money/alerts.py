"""What the booking adds to facts about money that a person must know of: a mail, facts of its own, and how
her page shows them.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.service import therapist_email
from consult.core.money import Money
from consult.notifications.compose import Recipient, compose
from consult.notifications.letters import TherapistMoneyAlert
from consult.notifications.service import enqueue
from consult.payments.alerts import (
    INFORMATION,
    AlertKind,
    AlertRaised,
    open_alerts,
    raise_alert,
    refund_key,
)
from consult.payments.models import MoneyAlert, Payment, Refund
from consult.payments.paid_outside import CANCELABLE
from consult.practice.service import get_therapist

from ..ports import Ports

_OF_REFUNDS = (AlertKind.REFUND_STUCK, AlertKind.REFUND_FAILED)


@dataclass(frozen=True)
class Alert:
    """`amount` and `booking_id` of the payment it is about, if it is about one of ours; `amount` and
    `refund_id` of the refund, if she may pay that back in another way.
    """

    row: MoneyAlert
    kind: AlertKind
    needs_her: bool
    amount: Money | None
    booking_id: uuid.UUID | None
    refund_id: uuid.UUID | None


def tell_therapist(session: Session, raised: AlertRaised, now: datetime, ports: Ports) -> None:
    """One mail for each alert that leaves something to do. It says that there is something, not what."""
    if raised.kind in INFORMATION:
        return
    therapist = get_therapist(session)
    letter = TherapistMoneyAlert(page_url=ports.links.therapist_money())
    to = Recipient(therapist.name, therapist_email(session, therapist.id))
    message = compose(ports.mail_templates, letter, to, dedupe_key=f"money-alert-{raised.alert_id}")
    enqueue(session, kind=letter.kind, message=message, sealer=ports.sealer, now=now)


def note_late_money(session: Session, payment_id: uuid.UUID, now: datetime) -> None:
    """Money for a visit that could not be goes back by itself; she can see that it came and went."""
    raise_alert(session, f"late-{payment_id}", AlertKind.LATE_REFUNDED, now, payment_id=payment_id)


def note_bank_refusal(session: Session, payment_id: uuid.UUID, now: datetime) -> None:
    """The patient is told; of her nothing is wanted, but she may wonder where that payment went."""
    key = f"bank-refused-{payment_id}"
    raise_alert(session, key, AlertKind.BANK_REFUSED, now, payment_id=payment_id)


def count_needing_her(session: Session) -> int:
    """Open alerts that something is left to do about."""
    return sum(alert.kind not in INFORMATION for alert in open_alerts(session))


def shown_alerts(session: Session) -> list[Alert]:
    """The open ones for her page, those that need her first."""
    rows = open_alerts(session)
    payments = _payments(session, [row.payment_id for row in rows if row.payment_id])
    of_refunds = {
        refund_key(kind, it.id): it for it in _cancelable(session, payments) for kind in _OF_REFUNDS
    }
    shown = [_alert(row, payments, of_refunds.get(row.key)) for row in rows]
    return sorted(shown, key=lambda alert: not alert.needs_her)


def _alert(row: MoneyAlert, payments: Mapping[uuid.UUID, Payment], refund: Refund | None) -> Alert:
    kind, payment = AlertKind(row.kind), payments.get(row.payment_id) if row.payment_id else None
    return Alert(
        row,
        kind,
        kind not in INFORMATION,
        (refund or payment).amount if payment else None,
        payment.booking_id if payment else None,
        refund.id if refund else None,
    )


def _cancelable(session: Session, payment_ids: Collection[uuid.UUID]) -> list[Refund]:
    of = select(Refund).where(Refund.payment_id.in_(payment_ids), Refund.state.in_(CANCELABLE))
    return list(session.scalars(of))


def _payments(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Payment]:
    found = session.scalars(select(Payment).where(Payment.id.in_(ids)))
    return {payment.id: payment for payment in found}
