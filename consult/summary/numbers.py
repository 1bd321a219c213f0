"""Where it hurts, how much, since when: the numbers and the story in short. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from . import items
from .lines import NOT_ANSWERED, Line, line
from .reading import Reading

LEFT, RIGHT = "_l", "_r"


@dataclass(frozen=True)
class PainScores:
    """0 to 10 each, None when not answered."""

    now: int | None
    worst: int | None
    best: int | None

    @property
    def mean(self) -> float | None:
        """Of all three, to one decimal; None unless all three are known."""
        if self.now is None or self.worst is None or self.best is None:
            return None
        return round((self.now + self.worst + self.best) / 3, 1)


def pain_scores(reading: Reading) -> PainScores:
    return PainScores(*(reading.number(item) for item in (items.PAIN_NOW, items.PAIN_WORST, items.PAIN_BEST)))


def side_pattern(marked: frozenset[str]) -> str:
    """Left, right, both or middle, out of the marked regions (facts A2, A7); empty when none tells."""
    left = any(region.endswith(LEFT) for region in marked)
    right = any(region.endswith(RIGHT) for region in marked)
    if left and right:
        return "both sides"
    if left or right:
        return "left side" if left else "right side"
    return "middle" if marked - {items.ELSEWHERE} else ""


def duration_band(duration: str | None) -> str:
    """Acute or chronic as the article has it (A5, A6), or in the gap it leaves; empty when not answered."""
    if duration is None:
        return ""
    if duration in items.ACUTE:
        return "acute"
    return "chronic" if duration in items.CHRONIC else "between acute and chronic"


def where_lines(reading: Reading, side: str) -> tuple[Line, ...]:
    """The lines beside the body chart."""
    return (
        reading.line("Main site", items.MAIN_PLACE),
        line("Side", [side.capitalize()] if side else []),
        reading.line("Spread", items.SPREAD),
        line("Lasting", _lasting(reading)),
    )


def story_lines(reading: Reading) -> tuple[Line, ...]:
    return (
        line("Onset", _onset(reading)),
        reading.line("Course", items.COURSE),
        line("Night", _night(reading)),
        reading.line("Feels like", items.FEELS_LIKE),
        line("Limits", _limits(reading)),
    )


def _lasting(reading: Reading) -> Iterator[str]:
    duration = reading.value(items.DURATION)
    if isinstance(duration, str):
        yield f"{reading.words(items.DURATION)} ({duration_band(duration)})"


def _onset(reading: Reading) -> Iterator[str]:
    yield from reading.picked(items.ONSET)
    if reading.was_asked(items.EVENT):
        yield from reading.picked(items.EVENT) or [f"event {NOT_ANSWERED}"]
    if reading.was_asked(items.HURT_WHEN):
        yield f"hurt: {reading.words(items.HURT_WHEN)}"
    if reading.was_asked(items.WARMED_UP):
        yield f"warmed up: {reading.words(items.WARMED_UP)}"


def _night(reading: Reading) -> Iterator[str]:
    yield from reading.picked(items.NIGHT)
    if reading.was_asked(items.AFTER_BAD_NIGHT):
        yield f"worse after a bad night: {reading.words(items.AFTER_BAD_NIGHT)}"


def _limits(reading: Reading) -> Iterator[str]:
    limits = {"daily life": items.LIMITS_DAYS, "enjoyment": items.SPOILS_JOY}
    if any(reading.number(item) is not None for item in limits.values()):
        yield from (f"{what}: {reading.words(item)}" for what, item in limits.items())
