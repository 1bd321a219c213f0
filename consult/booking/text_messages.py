"""Texts to a patient: to the number they gave with the booking, and only if they asked for them.

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
from consult.notifications.compose import Cancelled, DayReminder, HourReminder, Moved, Reinstated
from consult.notifications.numbers import NotMobile, masked, mobile_number
from consult.notifications.service import enqueue
from consult.notifications.text_consent import (
    WORDING,
    WORDINGS,
    StoppedBy,
    find_consent,
    give_consent,
    stop_texts,
    wants_texts,
)
from consult.notifications.text_message import TextMessage
from consult.practice.models import Patient
from consult.practice.service import get_practice, read_contact

from .models import Booking
from .ports import Ports
from .tokens import visit_token

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


@dataclass(frozen=True)
class TextsPage:
    """`number` shows its last four digits, or nothing of what is no mobile's; `agreeing` is the wording."""

    state: Texts
    number: str
    agreeing: str = WORDINGS[WORDING]


def find_texts(session: Session, booking: Booking, ports: Ports) -> TextsPage:
    try:
        number = _number(session, booking, ports)
    except NotMobile:
        return TextsPage(Texts.NOT_MOBILE, "")
    consent = find_consent(session, number, ports.sealer)
    if consent is None or consent.stopped_by == StoppedBy.PAGE:
        return TextsPage(Texts.OFF, masked(number))
    return TextsPage(Texts.ON if consent.stopped_at is None else Texts.BLOCKED, masked(number))


def ask_for_texts(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """From now on, and for every later booking with this number. Raises NotMobile, StoppedByReply."""
    number = _number(session, booking, ports)
    if give_consent(session, number, now, ports.sealer):
        text = words.welcome(_sender(ports), get_practice(session).phone)
        _put(session, _WELCOME, TextMessage(number, text, f"{_WELCOME}-{booking.id}"), booking, now, ports)


def end_texts(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """Raises NotMobile."""
    stop_texts(session, [_number(session, booking, ports)], StoppedBy.PAGE, now, ports.sealer)


def numbers_of_address(session: Session, email_digest: str, ports: Ports) -> Sequence[str]:
    """The numbers that get text messages of everybody who booked with this e-mail address."""
    if ports.texter is None:
        return ()
    ids = session.scalars(select(Patient.id).where(Patient.email_digest == email_digest))
    numbers = {_number_or_none(read_contact(session, id_, ports.sealer).phone) for id_ in ids}
    return sorted(number for number in numbers if number and wants_texts(session, number, ports.sealer))


def end_texts_to_address(session: Session, email_digest: str, now: datetime, ports: Ports) -> None:
    numbers = numbers_of_address(session, email_digest, ports)
    stop_texts(session, numbers, StoppedBy.PAGE, now, ports.sealer)


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
    number = _number_or_none(read_contact(session, booking.patient_id, ports.sealer).phone)
    if number is None or not wants_texts(session, number, ports.sealer):
        return
    link = ports.links.visit_page(visit_token(booking, ports.sealer))
    text = _WORDS[kind](_sender(ports), start_at, booking.zone, link)
    message = TextMessage(number, text, text_key(key))
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


def _number(session: Session, booking: Booking, ports: Ports) -> str:
    return mobile_number(read_contact(session, booking.known_patient_id, ports.sealer).phone)


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
