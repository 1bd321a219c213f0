"""Who asked for text messages, in which words, and who stopped them. Numbers are E.164, kept as digests."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError
from consult.db.sealing import Sealer

from .models import SmsConsent
from .texter import IncomingText, Keyword

WORDINGS = {
    "2026-11": (
        "Yes, send me text messages about my online appointments: usually two before each one, and one when"
        " an appointment is moved or cancelled at short notice. Message and data rates may apply. I can reply"
        " STOP to end them, or HELP for help. I can book without this."
    ),
}
"""What people agreed to, by its id. Words that anybody agreed to stay as they are: new ones get a new id."""
WORDING = "2026-11"

_NUMBER = "phone"


class StoppedBy(StrEnum):
    REPLY = "reply"
    """The gateway blocks the number until its holder answers START; nothing here can change that."""
    PAGE = "page"


class StoppedByReply(ConsultError):
    """Only START, sent from the phone itself, brings text messages back."""


def find_consent(session: Session, number: str, sealer: Sealer) -> SmsConsent | None:
    """Also one that was stopped since."""
    return session.scalar(
        select(SmsConsent).where(SmsConsent.number_digest.in_(sealer.digests(number, _NUMBER))).limit(1)
    )


def wants_texts(session: Session, number: str, sealer: Sealer) -> bool:
    consent = find_consent(session, number, sealer)
    return consent is not None and consent.stopped_at is None


def give_consent(session: Session, number: str, now: datetime, sealer: Sealer) -> bool:
    """To the present wording; whether that is news. Raises StoppedByReply."""
    consent = find_consent(session, number, sealer)
    if consent is None:
        digest = sealer.digest(number, _NUMBER)
        session.add(SmsConsent(number_digest=digest, wording=WORDING, given_at=now))
        session.flush()
        return True
    if consent.stopped_at is None:
        return False
    if consent.stopped_by == StoppedBy.REPLY:
        raise StoppedByReply
    consent.wording, consent.given_at = WORDING, now
    consent.stopped_at = consent.stopped_by = None
    session.flush()
    return True


def stop_texts(
    session: Session, numbers: Sequence[str], by: StoppedBy, now: datetime, sealer: Sealer
) -> None:
    """Nothing for a number that never agreed. A reply outweighs a page, since it takes another to undo."""
    for number in numbers:
        consent = find_consent(session, number, sealer)
        if consent is None or consent.stopped_by in (by, StoppedBy.REPLY):
            continue
        consent.stopped_at, consent.stopped_by = now, by
    session.flush()


def receive(session: Session, incoming: IncomingText, now: datetime, sealer: Sealer) -> None:
    """STOP ends text messages; START brings back what its holder had agreed to, however it was stopped."""
    if incoming.keyword is Keyword.STOP:
        stop_texts(session, [incoming.from_number], StoppedBy.REPLY, now, sealer)
    elif incoming.keyword is Keyword.START:
        consent = find_consent(session, incoming.from_number, sealer)
        if consent is not None and consent.stopped_at is not None:
            consent.given_at = now
            consent.stopped_at = consent.stopped_by = None
            session.flush()
