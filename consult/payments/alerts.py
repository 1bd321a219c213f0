"""Facts about money that a person must know of: noted once, in the transaction of the fact, until settled."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.text import clean_text

from .models import MoneyAlert

NOTE_LIMIT = 300
"""Characters kept of what she writes when she settles an alert."""


class AlertKind(StrEnum):
    MISMATCH = "mismatch"
    """The gateway's facts are not the ones agreed (`lifecycle.Discrepancy`); the payment is under review."""
    REFUND_FAILED = "refund_failed"
    """Refused by the gateway, or sent back by the bank."""
    REFUND_STUCK = "refund_stuck"
    """Tried `refund_service.MAX_ATTEMPTS` times without an answer; it is tried once a day from now on."""
    DISPUTE = "dispute"
    """The payer went to their bank, which took the money back."""
    DISPUTE_WON = "dispute_won"
    UNDIGESTED = "undigested"
    """News of a payment or refund that we fail to take in; it is tried again."""
    ORPHAN = "orphan"
    """Paid at the gateway with our mark on it, and unknown here, as after a restored backup."""
    LEDGER_DIFFERS = "ledger_differs"
    """The gateway kept another sum of a payment than our ledger says."""
    REFUNDED_TWICE = "refunded_twice"
    """A refund was sent that she had paid back in another way (`outcomes.RefundedTwice`)."""
    PAID_OUTSIDE = "paid_outside"
    """She paid a refund back in another way; settled as it is noted, with what she wrote of it."""
    UNRECONCILED = "unreconciled"
    """No comparison with the gateway got to its end for `reconciler.ALARM_AFTER`."""
    LATE_REFUNDED = "late_refunded"
    """Money for a visit that could not be; all of it goes back by itself."""
    BANK_REFUSED = "bank_refused"
    """A payment that was on its way never came (`outcomes.BankRefused`)."""


INFORMATION = frozenset(
    {AlertKind.DISPUTE_WON, AlertKind.LATE_REFUNDED, AlertKind.PAID_OUTSIDE, AlertKind.BANK_REFUSED}
)
"""Nothing is left to do about these; they are listed, and nobody is sent a mail."""


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """A new alert, told inside the transaction that raised it."""

    alert_id: uuid.UUID
    kind: AlertKind


def raise_alert(
    session: Session,
    key: str,
    kind: AlertKind,
    now: datetime,
    *,
    payment_id: uuid.UUID | None = None,
    gateway_ref: str | None = None,
) -> MoneyAlert | None:
    """Note a fact; None when it was noted before, settled or not. `key` names the fact, up to 200 characters.

    `gateway_ref` is the gateway's own id of what this is about: a checkout, a refund, a dispute.
    """
    if find_alert(session, key) is not None:
        return None
    alert = MoneyAlert(key=key, kind=kind, payment_id=payment_id, gateway_ref=gateway_ref, raised_at=now)
    try:
        with session.begin_nested():
            session.add(alert)
    except IntegrityError:
        if find_alert(session, key) is None:
            raise
        return None
    return alert


def settle(session: Session, alert_id: uuid.UUID, note: str, now: datetime) -> MoneyAlert:
    """It was seen to, as `note` tells in up to 300 characters. Settled twice, the first stands. Raises
    NotFound.
    """
    alert = session.get(MoneyAlert, alert_id, populate_existing=True, with_for_update=True)
    if alert is None:
        raise NotFound
    if alert.settled_at is None:
        alert.settled_at = now
        alert.settled_note = clean_text(note, NOTE_LIMIT)
        session.flush()
    return alert


def settle_itself(session: Session, key: str, note: str, now: datetime) -> None:
    """What this alert told of is over without anybody's doing; nothing where there is none. Should it begin
    again, that is a new alert.
    """
    alert = find_alert(session, key)
    if alert is not None:
        settle(session, alert.id, note, now)
        alert.key = f"{key}-{alert.id}"
        session.flush()


def open_alerts(session: Session) -> list[MoneyAlert]:
    """Those not settled yet, oldest first, `INFORMATION` among them."""
    found = select(MoneyAlert).where(MoneyAlert.settled_at.is_(None))
    return list(session.scalars(found.order_by(MoneyAlert.raised_at, MoneyAlert.key)))


def find_alert(session: Session, key: str) -> MoneyAlert | None:
    return session.scalar(select(MoneyAlert).where(MoneyAlert.key == key))


def refund_key(kind: AlertKind, refund_id: object) -> str:
    """The key of a fact about one refund, by our id of it or, for one made elsewhere, the gateway's."""
    return f"{kind.replace('_', '-')}-{refund_id}"
