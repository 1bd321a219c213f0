"""A code by mail: the patient shows that an address is theirs before an unpaid hold is repeated.

What a page says never depends on whether anybody has used the address here before.
"""

import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError
from consult.db.sealing import Sealer
from consult.notifications.compose import Recipient, compose
from consult.notifications.letters import EmailCode
from consult.notifications.message import plain_address
from consult.notifications.models import OutboxMessage
from consult.notifications.service import enqueue, withdraw
from consult.practice.service import email_digests, plain_email

from .holds import end_other_holds
from .journey import Step
from .models import Booking, EmailConfirmation
from .ports import Ports
from .standing import lock_booking, require

CODE_DIGITS = 6
CODE_LIFETIME = timedelta(minutes=15)
RESEND_AFTER = timedelta(seconds=60)
MOST_TRIES = 5

_GMAIL = ("gmail.com", "googlemail.com")


class CodeAnswer(StrEnum):
    """What became of a typed code."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"
    """No code of this booking can be used any more: too old, or tried too often. A new one can."""


@dataclass(eq=False)
class CodeJustSent(ConsultError):
    """A code went to this address a moment ago; another goes from `again_at`."""

    again_at: datetime


def mailbox_digests(address: str, sealer: Sealer) -> list[str]:
    """Of the mailbox behind an address, the present key first. What is written to is the address as typed.

    Text after a plus sign is a tag of the reader's own (RFC 5233), and Gmail reads no dots; each spelling
    would else be another person with hours of their own. For an address without either it is the digest that
    `Patient.email_digest` holds.
    """
    local, _, domain = plain_email(address).rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), _GMAIL[0]
    return email_digests(f"{local}@{domain}", sealer)


def find_confirmation(session: Session, booking_id: uuid.UUID) -> EmailConfirmation | None:
    return session.scalar(select(EmailConfirmation).where(EmailConfirmation.booking_id == booking_id))


def send_code(session: Session, booking: Booking, address: str, now: datetime, ports: Ports) -> None:
    """Mail a new code to the address; a former one ends. Does nothing for the address confirmed already.

    Raises InvalidAddress, CodeJustSent, StepNotOpen.
    """
    address = plain_address(address)
    booking = lock_booking(session, booking.id)
    require(session, booking, Step.TIME, now, ports)
    known = find_confirmation(session, booking.id)
    if known is not None and known.email_digest in mailbox_digests(address, ports.sealer):
        if known.confirmed_at is not None:
            return
        if now < known.sent_at + RESEND_AFTER:
            raise CodeJustSent(known.sent_at + RESEND_AFTER)
    row = known or EmailConfirmation(booking_id=booking.id)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    row.email_digest = mailbox_digests(address, ports.sealer)[0]
    row.code_digest = _code_digests(row, code, ports.sealer)[0]
    row.tries = 0
    row.sent_at, row.expires_at, row.confirmed_at = now, now + CODE_LIFETIME, None
    session.add(row)
    _mail(session, booking, row, address, code, ports)


def try_code(session: Session, booking: Booking, typed: str, now: datetime, ports: Ports) -> CodeAnswer:
    """Compare what was typed, spaces apart; commit it whatever comes of it, since every try counts. Once
    right, what others hold in the name of this address is given back. Raises StepNotOpen.
    """
    booking = lock_booking(session, booking.id)
    require(session, booking, Step.TIME, now, ports)
    row = find_confirmation(session, booking.id)
    if row is None or row.tries >= MOST_TRIES or now >= row.expires_at:
        return CodeAnswer.OVER
    row.tries += 1
    known = _code_digests(row, "".join(typed.split()), ports.sealer)
    if not any(hmac.compare_digest(row.code_digest, digest) for digest in known):
        return CodeAnswer.OVER if row.tries >= MOST_TRIES else CodeAnswer.WRONG
    row.tries = MOST_TRIES
    row.confirmed_at = now
    session.flush()
    end_other_holds(session, booking, now)
    return CodeAnswer.RIGHT


def forget_codes(session: Session, booking_ids: list[uuid.UUID]) -> None:
    """Delete the mails with codes of these bookings; each holds an address."""
    of_them = OutboxMessage.booking_id.in_(booking_ids)
    session.execute(delete(OutboxMessage).where(of_them, OutboxMessage.kind == EmailCode.kind))


def _code_digests(row: EmailConfirmation, code: str, sealer: Sealer) -> list[str]:
    """Keyed, and bound to the row: there are only a million codes."""
    return sealer.digests(f"{row.id}:{code}", "email code")


def _mail(
    session: Session, booking: Booking, row: EmailConfirmation, address: str, code: str, ports: Ports
) -> None:
    # A code that still waits would arrive after its successor and be taken for it.
    withdraw(session, booking.id, [EmailCode.kind])
    letter = EmailCode(code=code, minutes=str(CODE_LIFETIME // timedelta(minutes=1)))
    message = compose(
        ports.mail_templates,
        letter,
        Recipient("", address),
        dedupe_key=f"email-code-{row.id}-{row.sent_at:%Y%m%dT%H%M%S%f}",
    )
    enqueue(
        session,
        kind=letter.kind,
        message=message,
        sealer=ports.sealer,
        now=row.sent_at,
        booking_id=booking.id,
    )
