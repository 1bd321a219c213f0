"""What the booking adds to facts about money that a person must know of: a mail, and facts of its own."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from consult.accounts.service import therapist_email
from consult.notifications.compose import Recipient, TherapistMoneyAlert, compose
from consult.notifications.service import enqueue
from consult.payments.alerts import INFORMATION, AlertKind, AlertRaised, raise_alert
from consult.practice.service import get_therapist

from .ports import Ports


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
