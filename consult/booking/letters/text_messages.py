"""Texts to a patient: to the number they gave with the booking, only if its e-mail address asked for them.

Each says what a mail says that goes too, and links the visit page, which neither shows nor takes an answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.notifications import text_message as words
from consult.notifications.letters import Cancelled, DayReminder, HourReminder, Moved, Reinstated
from consult.notifications.numbers import NotMobile, NumberAbroad, masked, mobile_number
from consult.notifications.service import enqueue
from consult.notifications.text_consent import (
    WORDING,
    WORDINGS,
    Consent,
    end_consents,
    find_consent,
    give_consent,
    wants_texts,
)
from consult.notifications.text_message import TextMessage
from consult.practice.models import Patient
from consult.practice.service import email_digests, get_practice, plain_email, read_contact

from ..models import Booking
from ..ports import Ports
from ..tokens import visit_token

SHORT_NOTICE = timedelta(hours=48)
"""A visit nearer than this that is moved or cancelled by the therapist is told of by text, too."""

_WELCOME = "text_welcome"
_WORDS: dict[str, Callable[[str, datetime, str, str], str]] = {
    DayReminder.kind: words.reminder,
    HourReminder.kind: words.reminder,
    Moved.kind: words.moved,
    Cancelled.kind: words.cancelled,
    Reinstated.kind: words.reinstated,
}


class Texts(StrEnum):
    ON = "on"
    OFF = "off"
    BLOCKED = "blocked"
    """Its holder answered STOP, so only START from the phone brings them back."""
    NOT_MOBILE = "not_mobile"
    ABROAD = "abroad"


_STATES = {Consent.GIVEN: Texts.ON, Consent.NONE: Texts.OFF, Consent.STOPPED: Texts.BLOCKED}


@dataclass(frozen=True)
class TextsPage:
    """`number` shows its last four digits, or nothing if it can get no texts; `agreeing` is the wording."""

    state: Texts
    number: str
    agreeing: str = WORDINGS[WORDING]


def find_texts(session: Session, booking: Booking, ports: Ports) -> TextsPage:
    """Which tells nothing of other e-mail addresses with the same number."""
    try:
        number, email = _reached(session, booking, ports)
    except NumberAbroad:
        return TextsPage(Texts.ABROAD, "")
    except NotMobile:
        return TextsPage(Texts.NOT_MOBILE, "")
    return TextsPage(_STATES[find_consent(session, number, email, ports.sealer)], masked(number))


def ask_for_texts(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """From now on, and for every later booking with this number and e-mail address. Raises NotMobile,
    StoppedByReply.
    """
    number, email = _reached(session, booking, ports)
    if give_consent(session, number, email, now, ports.sealer):
        text = words.welcome(_sender(ports), get_practice(session).phone)
        message = TextMessage(number, email, text, f"{_WELCOME}-{booking.id}")
        _put(session, _WELCOME, message, booking, now, ports)


def end_texts(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """Raises NotMobile."""
    number, email = _reached(session, booking, ports)
    end_consents(session, [number], email, now, ports.sealer)


def numbers_of_address(session: Session, email_digest: str, ports: Ports) -> Sequence[str]:
    """The numbers for which whoever booked with this e-mail address agreed to text messages."""
    email = _address(session, email_digest, ports)
    if ports.texter is None or email is None:
        return ()
    # Patients who came under another key have another digest of the same address.
    digests = email_digests(email, ports.sealer)
    ids = session.scalars(select(Patient.id).where(Patient.email_digest.in_(digests)))
    numbers = {_number_or_none(read_contact(session, id_, ports.sealer).phone) for id_ in ids}
    return sorted(
        number
        for number in numbers
        if number and find_consent(session, number, email, ports.sealer) is Consent.GIVEN
    )


def end_texts_to_address(session: Session, email_digest: str, now: datetime, ports: Ports) -> None:
    numbers, email = numbers_of_address(session, email_digest, ports), _address(session, email_digest, ports)
    if email is not None:
        end_consents(session, numbers, email, now, ports.sealer)


def text_key(key: str) -> str:
    """The dedupe key of the text beside the mail that has this one."""
    return f"{key}-text"


def text_patient(
    session: Session,
    kind: str,
    key: str,
    booking: Booking,
    start_at: datetime,
    now: datetime,
    ports: Ports,
    *,
    useless_at: datetime,
    due_at: datetime | None = None,
) -> None:
    """Beside the mail of this kind and key, when text messages are on and this patient wants them."""
    if ports.texter is None or booking.patient_id is None:
        return
    try:
        number, email = _reached(session, booking, ports)
    except NotMobile:
        return
    if not wants_texts(session, number, email, ports.sealer):
        return
    link = ports.links.visit_page(visit_token(booking, ports.sealer))
    text = _WORDS[kind](_sender(ports), start_at, booking.zone, link)
    message = TextMessage(number, email, text, text_key(key))
    _put(session, kind, message, booking, now, ports, due_at=due_at, useless_at=useless_at)


def text_change(
    session: Session,
    kind: str,
    key: str,
    booking: Booking,
    start_at: datetime,
    old_start_at: datetime,
    now: datetime,
    ports: Ports,
    due_at: datetime | None = None,
) -> None:
    """`text_patient` of a therapist's change, if either time is so near that mail may be read too late."""
    if min(start_at, old_start_at) - now <= SHORT_NOTICE:
        useless_at = max(start_at, old_start_at)
        text_patient(session, kind, key, booking, start_at, now, ports, useless_at=useless_at, due_at=due_at)


def _reached(session: Session, booking: Booking, ports: Ports) -> tuple[str, str]:
    """The number and the e-mail address whose consent counts. Raises NotMobile."""
    contact = read_contact(session, booking.known_patient_id, ports.sealer)
    return mobile_number(contact.phone), plain_email(contact.email)


def _address(session: Session, email_digest: str, ports: Ports) -> str | None:
    patient_id = session.scalar(select(Patient.id).where(Patient.email_digest == email_digest).limit(1))
    return plain_email(read_contact(session, patient_id, ports.sealer).email) if patient_id else None


def _number_or_none(phone: str) -> str | None:
    try:
        return mobile_number(phone)
    except NotMobile:
        return None


def _sender(ports: Ports) -> str:
    """As mails name themselves, which the operator keeps neutral; a practice's name may tell of health."""
    return parseaddr(ports.organizer)[0] or ports.links.domain


def _put(
    session: Session,
    kind: str,
    message: TextMessage,
    booking: Booking,
    now: datetime,
    ports: Ports,
    due_at: datetime | None = None,
    useless_at: datetime | None = None,
) -> None:
    enqueue(
        session,
        kind=kind,
        message=message,
        sealer=ports.sealer,
        now=now,
        due_at=due_at,
        useless_at=useless_at,
        booking_id=booking.id,
    )
