"""The way out for text messages: to a carrier's gateway, or to files where there is none."""

import hashlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from consult.core.clock import Clock

from .text_message import TextMessage


class TextRefused(Exception):
    """The gateway will never send to this number."""


class NumberStopped(TextRefused):
    """The holder of the number answered STOP to the gateway."""


class TextUnavailable(Exception):
    """It certainly did not go this time: no connection, too many at once, an account that needs mending."""


class TextInDoubt(Exception):
    """It was handed over and no answer came, so it may have gone."""


class BadSignature(Exception):
    """What came in is not the gateway's."""


class Keyword(StrEnum):
    STOP = "stop"
    START = "start"


@dataclass(frozen=True, slots=True)
class IncomingText:
    """What somebody answered; `keyword` is None for everything that is none of the known words, which nobody
    reads.
    """

    from_number: str
    keyword: Keyword | None


class Texter(Protocol):
    def send(self, message: TextMessage) -> None:
        """Return when the gateway has taken `message`. Called again, it goes again: no gateway can tell.

        Raises TextRefused, NumberStopped, TextUnavailable, TextInDoubt.
        """

    def parse_incoming(self, url: str, form: Mapping[str, str], signature: str) -> IncomingText:
        """What the gateway posted to `url`. Raises BadSignature."""


class FileTexter:
    """Writes `<utc>-<id>.txt` into a folder, for development and demonstration: the number on the first line,
    then the text.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._failures: deque[Exception] = deque()

    def fail_next(self, *failures: TextRefused | TextUnavailable | TextInDoubt) -> None:
        """Raise these, one for each of the next texts, to show what then happens."""
        self._failures.extend(failures)

    def send(self, message: TextMessage) -> None:
        if self._failures:
            raise self._failures.popleft()
        key = hashlib.sha256(message.dedupe_key.encode()).hexdigest()[:32]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{self._clock():%Y%m%dT%H%M%SZ}-{key}.txt"
            path.write_text(f"{message.to_number}\n{message.text}\n", encoding="utf-8")
        except OSError as error:
            raise TextUnavailable from error

    def parse_incoming(self, url: str, form: Mapping[str, str], signature: str) -> IncomingText:
        """Nobody answers a file."""
        raise BadSignature
