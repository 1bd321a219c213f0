"""A raised flag as the sheet prints it: its answers quoted, and whether its advice had to be read. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from consult.intake.questionnaire import Item, ItemType
from consult.intake.red_flags import Level, QuotedAnswer, RaisedFlag

from .reading import Reading

_BARE = (ItemType.YES_NO, ItemType.SCALE, ItemType.DATE)
"""Answers that say nothing without their question."""


@dataclass(frozen=True)
class FlagLine:
    """`to_tick`: urgent and known before payment, so the patient had to tick its advice as read."""

    raised: RaisedFlag
    quotes: str
    to_tick: bool

    @property
    def serious(self) -> bool:
        return self.raised.level >= Level.URGENT


def flag_lines(reading: Reading, screened: Collection[str]) -> list[FlagLine]:
    """Most serious first. `screened`: ids of flags that the answers before payment raise."""
    return [
        FlagLine(
            raised=flag,
            quotes=", ".join(_quoted(quote, reading.item(quote.item_id)) for quote in flag.answers),
            to_tick=flag.level is Level.URGENT and flag.id in screened,
        )
        for flag in reading.assessment.outcome.flags
    ]


def _quoted(quote: QuotedAnswer, item: Item) -> str:
    said = f"“{quote.short}”"
    return f"{item.key}: {said}" if item.type in _BARE else said
