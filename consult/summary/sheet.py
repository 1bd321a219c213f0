"""The printed sheet, topic by topic, before anything is cut. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from . import items
from .background import background
from .changes import Change
from .gaps import gap_line
from .hints import SHOWN, Hint, ranked_hints
from .lines import Group, Line
from .nerve_line import finding_lines
from .numbers import PainScores, pain_scores, story_lines, where_lines
from .reading import Reading
from .telling import TellingQuestion, telling_question


@dataclass(frozen=True)
class Sheet:
    """What stands below the flags. `background` can be cut first, then `hints`, then `findings`.

    `hints_more`: hints there was no room for. `changes` since the last visit, None when there was none.
    `overleaf`: the flags leave no room, so all of this has a page to itself after theirs.
    """

    scores: PainScores
    where: tuple[Line, ...]
    story: tuple[Line, ...]
    findings: tuple[Line, ...]
    hints: tuple[Hint, ...]
    hints_more: int
    telling: TellingQuestion | None
    background: tuple[Group, ...]
    changes: Sequence[Change] | None
    gaps: Line
    overleaf: bool = False


def whole_sheet(reading: Reading, side: str, changes: Sequence[Change] | None) -> Sheet:
    hints = ranked_hints(reading)
    return Sheet(
        scores=pain_scores(reading),
        where=where_lines(reading, side),
        story=story_lines(reading),
        findings=finding_lines(reading),
        hints=hints[:SHOWN],
        hints_more=len(hints[SHOWN:]),
        telling=telling_question(reading),
        background=background(reading),
        changes=changes,
        gaps=gap_line(reading),
    )


def strip_texts(reading: Reading) -> tuple[str, ...]:
    """What the patient wrote into the strip, of any length."""
    return tuple(
        reading.words(item) for item in (items.NAME, items.ADDRESS, items.EMERGENCY_CONTACT, items.ACCESS)
    )
