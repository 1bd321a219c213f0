"""Both parts behind the port, each with a way to make it fail and to see what went out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from consult.core.clock import FixedClock
from consult.notifications.texter import FileTexter, Texter, TextInDoubt, TextRefused, TextUnavailable
from consult.notifications.twilio_texter import TwilioTexter
from tests.twilio_double import ACCOUNT, SENDER, TOKEN, Fault, TwilioDouble, running_twilio

FAILURES = {"refused": TextRefused, "unavailable": TextUnavailable, "in doubt": TextInDoubt}
FAULTS = {"unavailable": Fault.ERROR_500, "in doubt": Fault.DROPPED}


class Carrier(Protocol):
    texter: Texter

    def fail_next(self, how: str) -> None: ...

    def went_out(self) -> list[tuple[str, str]]: ...


class Folder:
    def __init__(self, folder: Path, clock: FixedClock) -> None:
        self.folder = folder
        self.texter: FileTexter = FileTexter(folder, clock)

    def fail_next(self, how: str) -> None:
        self.texter.fail_next(FAILURES[how]())

    def went_out(self) -> list[tuple[str, str]]:
        files = sorted(self.folder.glob("*.txt"))
        found = [file.read_text(encoding="utf-8").rstrip("\n").split("\n", 1) for file in files]
        return [(number, text) for number, text in found]


class Twilio:
    def __init__(self, double: TwilioDouble) -> None:
        self.double = double
        self.texter: Texter = TwilioTexter(ACCOUNT, TOKEN, SENDER, api_base=double.url)

    def fail_next(self, how: str) -> None:
        if how == "refused":
            self.double.stopped.add("+12125550123")
        else:
            self.double.faults.append(FAULTS[how])

    def went_out(self) -> list[tuple[str, str]]:
        return [(message["To"], message["Body"]) for message in self.double.taken]


@pytest.fixture
def double() -> Iterator[TwilioDouble]:
    with running_twilio() as double:
        yield double


@pytest.fixture(params=["folder", "twilio"])
def carrier(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Carrier:
    if request.param == "folder":
        return Folder(tmp_path / "text_messages", clock)
    return Twilio(request.getfixturevalue("double"))
