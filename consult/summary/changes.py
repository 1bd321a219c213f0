"""What changed since the last visit: numbers, nerve line, flags. Pure.

Both sets of answers are read for the same day under the same rules, so that only answers make a difference.
What was not answered now is no change: it is in the list of what to ask.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from consult.intake.red_flags import RaisedFlag

from . import items
from .background import activity_scores
from .lines import NOT_ANSWERED, NOT_ASKED, width
from .nerve_line import NERVE_LINE
from .reading import Reading

NUMBERS = {
    "pain now": items.PAIN_NOW,
    "pain at its worst": items.PAIN_WORST,
    "pain at its best": items.PAIN_BEST,
    "limits daily life": items.LIMITS_DAYS,
    "spoils enjoyment": items.SPOILS_JOY,
}


class Topic(StrEnum):
    NUMBERS = "Numbers"
    NERVES = "Nerves"
    FLAGS = "Flags"


@dataclass(frozen=True)
class Change:
    topic: Topic
    name: str
    before: str
    now: str

    @property
    def width(self) -> int:
        return width(f"{self.name}: {self.before} → {self.now}; ")


def changes_since(former: Reading, current: Reading) -> tuple[Change, ...]:
    """In the order flags (most serious first), nerve line, numbers; empty when nothing known differs."""
    return (
        *_flag_changes(former, current),
        *_changed(Topic.NERVES, _said(NERVE_LINE, former), _said(NERVE_LINE, current)),
        *_changed(Topic.NUMBERS, _said(NUMBERS, former), _said(NUMBERS, current)),
        *_activity_changes(_activities(former), _activities(current)),
    )


def _flag_changes(former: Reading, current: Reading) -> Iterator[Change]:
    before = {flag.id: flag for flag in former.assessment.outcome.flags}
    now = {flag.id: flag for flag in current.assessment.outcome.flags}
    both = sorted({**before, **now}.values(), key=lambda flag: -flag.level.seriousness)
    for flag in both:
        if flag.id not in before:
            yield Change(Topic.FLAGS, flag.title, "not raised", flag.level)
        elif flag.id not in now:
            yield Change(Topic.FLAGS, flag.title, flag.level, _why_gone(flag, current))


def _why_gone(flag: RaisedFlag, current: Reading) -> str:
    """A flag is gone only when the answers that raised it were given anew; otherwise nobody knows."""
    unknown = any(current.value(quote.item_id) is None for quote in flag.answers)
    return f"{NOT_ANSWERED} this time" if unknown else "no longer raised"


def _changed(topic: Topic, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name, words in now.items():
        former = before.get(name, NOT_ASKED)
        if words not in (former, NOT_ANSWERED):
            yield Change(topic, name, former, words)


def _activity_changes(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    named_again = {name: score for name, score in now.items() if name in before}
    return _changed(Topic.NUMBERS, before, named_again)


def _said(questions: Mapping[str, str], reading: Reading) -> dict[str, str]:
    return {name: reading.words(item) for name, item in questions.items() if reading.was_asked(item)}


def _activities(reading: Reading) -> dict[str, str]:
    """By their names, whatever the case: only one named both times can be compared."""
    return {activity.casefold(): score for activity, score in activity_scores(reading)}
