"""Who asked for text messages, in which words, and who stopped them.

Anybody can book with another's number. So consent is of one number and one e-mail address together, and
what is said of it tells nothing of others with that number. Beside it stands a row of the number alone, for
the STOP from the phone, which outweighs them all. Numbers are E.164 and addresses spelled one way; both are
only kept in digests.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
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


class Consent(StrEnum):
    """Of one number and one e-mail address."""

    NONE = "none"
    GIVEN = "given"
    """Texts go, unless STOP came from the phone before: that is its holder's to know."""
    STOPPED = "stopped"
    """It was given when STOP came from the phone."""


class StoppedBy(StrEnum):
    REPLY = "reply"
    """The gateway blocks the number until its holder answers START; nothing here can change that."""
    PAGE = "page"


class StoppedByReply(ConsultError):
    """Only START, sent from the phone itself, brings text messages back."""


def find_consent(session: Session, number: str, email: str, sealer: Sealer) -> Consent:
    consent = session.scalar(_of(_both(number, email), sealer))
    return _state(consent, session.scalar(_of(number, sealer)))


def wants_texts(session: Session, number: str, email: str, sealer: Sealer) -> bool:
    """Whether a text may leave: not to be told to whoever booked, who need not hold the phone."""
    given = find_consent(session, number, email, sealer) is Consent.GIVEN
    return given and _stop_of(session.scalar(_of(number, sealer))) is None


def give_consent(session: Session, number: str, email: str, now: datetime, sealer: Sealer) -> bool:
    """To the present wording; whether that is news. Raises StoppedByReply."""
    phone = _locked(session, number, sealer)
    if phone is None:
        _give_first(session, number, now, sealer)
    consent = _locked(session, _both(number, email), sealer)
    if consent is None:
        return _give_first(session, _both(number, email), now, sealer)
    if _state(consent, phone) is Consent.STOPPED:
        raise StoppedByReply
    if consent.stopped_at is None:
        return False
    consent.wording, consent.given_at = WORDING, now
    consent.stopped_at = consent.stopped_by = None
    session.flush()
    return True


def end_consents(session: Session, numbers: Sequence[str], email: str, now: datetime, sealer: Sealer) -> None:
    """By a page. Nothing where there is no consent, or STOP came first: that takes another to undo."""
    for number in numbers:
        phone = _locked(session, number, sealer)
        consent = _locked(session, _both(number, email), sealer)
        if consent is not None and _state(consent, phone) is Consent.GIVEN:
            consent.stopped_at, consent.stopped_by = now, StoppedBy.PAGE
    session.flush()


def stop_number(session: Session, number: str, now: datetime, sealer: Sealer) -> None:
    """By the phone, whoever agreed. Nothing for a number for which nobody ever did."""
    phone = _locked(session, number, sealer)
    if phone is not None and _stop_of(phone) is None:
        phone.stopped_at, phone.stopped_by = now, StoppedBy.REPLY
        session.flush()


def receive(session: Session, incoming: IncomingText, now: datetime, sealer: Sealer) -> None:
    """STOP ends text messages to the number; START takes that back, and nothing that a page ended."""
    if incoming.keyword is Keyword.STOP:
        stop_number(session, incoming.from_number, now, sealer)
    elif incoming.keyword is Keyword.START:
        phone = _locked(session, incoming.from_number, sealer)
        if phone is not None:
            phone.stopped_at = phone.stopped_by = None
            session.flush()


def _state(consent: SmsConsent | None, phone: SmsConsent | None) -> Consent:
    if consent is None or consent.stopped_at is not None:
        return Consent.NONE
    stopped_at = _stop_of(phone)
    # A STOP from before is of other consents, about which whoever gave this one must learn nothing.
    return Consent.STOPPED if stopped_at and consent.given_at <= stopped_at else Consent.GIVEN


def _stop_of(phone: SmsConsent | None) -> datetime | None:
    return phone.stopped_at if phone and phone.stopped_by == StoppedBy.REPLY else None


def _both(number: str, email: str) -> str:
    return f"{number}\n{email}"


def _of(key: str, sealer: Sealer) -> Select[SmsConsent]:
    return select(SmsConsent).where(SmsConsent.number_digest.in_(sealer.digests(key, _NUMBER))).limit(1)


def _locked(session: Session, key: str, sealer: Sealer) -> SmsConsent | None:
    """For whoever changes it: a stop must not be lost to a page that read the row before it."""
    again = {"populate_existing": True}
    return session.scalar(_of(key, sealer).with_for_update(), execution_options=again)


def _give_first(session: Session, key: str, now: datetime, sealer: Sealer) -> bool:
    """False where somebody else gave it at the same instant: there was no row to wait for."""
    digest = sealer.digest(key, _NUMBER)
    try:
        with session.begin_nested():
            session.add(SmsConsent(number_digest=digest, wording=WORDING, given_at=now))
    except IntegrityError:
        if session.scalar(_of(key, sealer)) is None:
            raise
        return False
    return True
