"""One text message (SMS) to one number, and what it says. Pure.

A text shows on a locked screen. So it says no word about health, nor whose visit it is: when, and where to
look. All that stands in it is of the GSM alphabet (3GPP TS 23.038), or a message would hold 70 characters and
not 160.
"""

import json
import unicodedata
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from consult.core.local_time import clock_words
from consult.core.text import clean_text

NAME_LIMIT = 40


@dataclass(frozen=True, slots=True)
class TextMessage:
    """What the outbox holds, sealed. `to_number` is E.164, and goes with `email` as its consent does;
    `dedupe_key` as of a mail.
    """

    to_number: str
    email: str
    text: str
    dedupe_key: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "TextMessage":
        """Of a text that `to_json` wrote."""
        return cls(**json.loads(text))


def reminder(sender: str, start_at: datetime, zone: str, link: str) -> str:
    return f"{_by(sender)}Your online appointment is on {_when(start_at, zone)}. Details: {link}"


def moved(sender: str, start_at: datetime, zone: str, link: str) -> str:
    return f"{_by(sender)}Your online appointment has moved to {_when(start_at, zone)}. Details: {link}"


def cancelled(sender: str, start_at: datetime, zone: str, link: str) -> str:
    return f"{_by(sender)}Your online appointment on {_when(start_at, zone)} is cancelled. Details: {link}"


def reinstated(sender: str, start_at: datetime, zone: str, link: str) -> str:
    return f"{_by(sender)}Your online appointment on {_when(start_at, zone)} takes place. Details: {link}"


def welcome(sender: str, phone: str) -> str:
    """What carriers ask for once somebody has agreed: who writes, how often, what it costs, how to end it."""
    return (
        f"{_by(sender)}You asked for text messages about your online appointments, about 2 for each."
        f" Nobody reads replies; call {_plain(phone, NAME_LIMIT)}."
        " Msg & data rates may apply. Reply STOP to end, HELP for help."
    )


def _by(sender: str) -> str:
    name = _plain(sender, NAME_LIMIT)
    return f"{name}: " if name else ""


def _when(start_at: datetime, zone: str) -> str:
    """`Tue, Nov 24, 3:00 pm EST`"""
    local = start_at.astimezone(ZoneInfo(zone))
    short = local.tzname() or ""
    short = f"UTC{short}" if short[:1] in "+-" else short
    # The clock without its zone, which stands behind it always and not only in the hour shown twice.
    clock = clock_words(local.replace(tzinfo=None))
    return f"{local:%a}, {local:%b} {local.day}, {clock} {short}"


def _plain(text: str, limit: int) -> str:
    """Only what the GSM alphabet has as one character: letters lose their accents, others are left out."""
    letters = unicodedata.normalize("NFKD", text.replace("’", "'"))
    kept = "".join(letter for letter in letters if letter.isascii() and letter not in "[]{}|~^\\`")
    return clean_text(kept, limit * 2)[:limit].rstrip()
