"""What a calendar program answered to an invitation (RFC 5546 3.2.3). Pure, apart from icalendar.

Whatever is pasted is a stranger's: nothing in it is expanded, fetched or kept, and what cannot be read is
refused, never guessed at.
"""

import email
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from enum import StrEnum
from itertools import islice
from urllib.parse import unquote

from icalendar import Calendar, Event

from consult.core.clock import as_utc
from consult.core.errors import ConsultError

LONGEST_BYTES = 100_000
_MOST_PARTS = 50
_CALENDAR_TYPES = ("text/calendar", "application/ics")
_START = "BEGIN:VCALENDAR"


class PartStat(StrEnum):
    """RFC 5545 3.2.12, as far as somebody answers for themselves."""

    ACCEPTED = "ACCEPTED"
    TENTATIVE = "TENTATIVE"
    DECLINED = "DECLINED"


class Why(StrEnum):
    """Why a reply is not taken."""

    TOO_LONG = "too_long"
    NO_CALENDAR = "no_calendar"
    NO_REPLY = "no_reply"
    NO_ANSWER = "no_answer"
    """Not one attendee with one answer."""
    UNKNOWN = "unknown"
    """About no visit of ours."""
    CANCELLED = "cancelled"
    OLD_INVITATION = "old_invitation"
    NOT_INVITED_SO = "not_invited_so"
    """About an invitation that was never sent."""
    FOREIGN = "foreign"
    """Answered from another address than the patient's."""
    OLD_ANSWER = "old_answer"
    """A later one is known."""


@dataclass(eq=False)
class ReplyRefused(ConsultError):
    why: Why


@dataclass(frozen=True, slots=True)
class Reply:
    """`attendee` is an e-mail address as it was written; `answered_at` is DTSTAMP, if there is one that names
    an instant.
    """

    uid: str
    sequence: int
    attendee: str
    partstat: PartStat
    answered_at: datetime | None


def read_reply(pasted: str) -> Reply:
    """Of a calendar object, or of a mail that holds one. Raises ReplyRefused."""
    if len(pasted.encode(errors="replace")) > LONGEST_BYTES:
        raise ReplyRefused(Why.TOO_LONG)
    return _reply(_calendar(pasted))


def _calendar(pasted: str) -> Calendar:
    for text in _candidates(pasted):
        try:
            found = Calendar.from_ical(text)
        except Exception:  # noqa: S112 - a parser meets text made to break it, in ways nobody can list
            continue
        if isinstance(found, Calendar):
            return found
    raise ReplyRefused(Why.NO_CALENDAR)


def _candidates(pasted: str) -> Iterator[str]:
    if pasted.lstrip("\ufeff \t\r\n").upper().startswith(_START):
        yield pasted.strip("\ufeff \t\r\n")
        return
    try:
        mail = email.message_from_bytes(pasted.lstrip().encode(errors="replace"))
        parts = [part for part in islice(mail.walk(), _MOST_PARTS) if _is_calendar(part)]
    except RecursionError:
        # Parts within parts, thousands deep.
        return
    for part in parts:
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield _decoded(payload, part)


def _is_calendar(part: Message) -> bool:
    return part.get_content_type() in _CALENDAR_TYPES and not part.is_multipart()


def _decoded(payload: bytes, part: Message) -> str:
    """By its own charset if that is one and fits. All that is read of a reply is ASCII, so a wrong one loses
    nothing of it.
    """
    for charset in (_charset(part), "utf-8"):
        try:
            return payload.decode(charset)
        except (LookupError, ValueError):
            continue
    return payload.decode("latin-1")


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset("utf-8")
    except (LookupError, ValueError):
        return "utf-8"


def _reply(calendar: Calendar) -> Reply:
    events = [one for one in calendar.subcomponents if isinstance(one, Event)]
    if str(calendar.get("METHOD", "")).upper() != "REPLY" or len(events) != 1:
        raise ReplyRefused(Why.NO_REPLY)
    try:
        return _answer(events[0])
    except ReplyRefused:
        raise
    except Exception:  # Each property is read when it is asked for, and may be anything.
        raise ReplyRefused(Why.NO_ANSWER) from None


def _answer(event: Event) -> Reply:
    attendees = event.get("ATTENDEE")
    uid = event.get("UID")
    if attendees is None or isinstance(attendees, list) or not isinstance(uid, str):
        raise ReplyRefused(Why.NO_ANSWER)
    if not (uid.isascii() and uid.isprintable()):
        # Half a character, or a NUL, is no text that a database can be asked for.
        raise ReplyRefused(Why.UNKNOWN)
    scheme, _, address = str(attendees).strip().partition(":")
    partstat = str(attendees.params.get("PARTSTAT", "")).upper()
    if scheme.lower() != "mailto" or partstat not in list(PartStat):
        raise ReplyRefused(Why.NO_ANSWER)
    return Reply(
        uid=str(uid).strip(),
        sequence=int(event.get("SEQUENCE", 0)),
        attendee=unquote(address),
        partstat=PartStat(partstat),
        answered_at=_stamp(event),
    )


def _stamp(event: Event) -> datetime | None:
    """A local time without a zone names no instant; whoever writes DTSTAMP so is not refused for it."""
    stamp = event.get("DTSTAMP")
    value = getattr(stamp, "dt", None)
    return as_utc(value) if isinstance(value, datetime) and value.tzinfo is not None else None
