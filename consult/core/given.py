"""What somebody gave, as far as it can be read, and what is wrong with it, field by field.

A value given is of its type, or the very text where the text says nothing of the kind: "" when the field was
left empty. So one check sees everything, and a command takes all of it or nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import NamedTuple

from .errors import ConsultError

_NUMBER = re.compile(r"-?[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?")


class Fault(NamedTuple):
    """`where` is the name of the field."""

    where: str
    message: str


@dataclass(eq=False)
class NotSaved(ConsultError):
    """Something given cannot be taken, so nothing of it was."""

    faults: Sequence[Fault]


class Faults(list[Fault]):
    """What was found so far. A check that notes a fault answers with any value of the type, never to be used:
    `refuse` stands before everything that is done with the answers.
    """

    def note(self, where: str, message: str) -> None:
        self.append(Fault(where, message))

    def number(self, where: str, given: int | str, allowed: Sequence[int], message: str) -> int:
        if isinstance(given, str) or given not in allowed:
            self.note(where, message)
            return allowed[0]
        return given

    def refuse(self) -> None:
        """Raises NotSaved if anything was noted."""
        if self:
            raise NotSaved(tuple(self))


def read_number(text: str) -> int | str:
    """A whole number of at most nine digits."""
    return int(text) if _NUMBER.fullmatch(text := text.strip()) else text


def read_day(text: str) -> date | str:
    """A day as `<input type=date>` sends it: 2026-06-01."""
    text = text.strip()
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else text
    except ValueError:
        return text


def read_clock(text: str) -> time | str:
    """A wall-clock time as `<input type=time>` sends it, 09:00, or typed without the nought."""
    text = text.strip()
    if not _CLOCK.fullmatch(text):
        return text
    try:
        return time.fromisoformat(text.zfill(5))
    except ValueError:
        return text
