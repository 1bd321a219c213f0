"""What changed since the last visit: numbers, nerve line, flags. Pure.

Each set of answers is read by the form it was given in, both for the same day. That forms differ is no change
by itself: the same tick may stand in other words by now, and of a flag whose rule only one of the forms has,
this is said. What was not answered now is no change: it is in the list of what to ask.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from consult.intake.answers import chosen
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


NO_RULE_THEN, NO_RULE_NOW = "no such rule then", "no such rule now"


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
        *_answer_changes(Topic.NERVES, NERVE_LINE, former, current),
        *_answer_changes(Topic.NUMBERS, NUMBERS, former, current),
        *_activity_changes(_activities(former), _activities(current)),
    )


def _flag_changes(former: Reading, current: Reading) -> Iterator[Change]:
    before = {flag.id: flag for flag in former.assessment.outcome.flags}
    now = {flag.id: flag for flag in current.assessment.outcome.flags}
    both = sorted({**before, **now}.values(), key=lambda flag: -flag.level.seriousness)
    for flag in both:
        if flag.id not in before:
            yield Change(Topic.FLAGS, flag.title, _why_new(flag, former), flag.level)
        elif flag.id not in now:
            yield Change(Topic.FLAGS, flag.title, flag.level, _why_gone(flag, current))


def _why_new(flag: RaisedFlag, former: Reading) -> str:
    return "not raised" if _has_rule(former, flag) else NO_RULE_THEN


def _why_gone(flag: RaisedFlag, current: Reading) -> str:
    """A flag is gone only when the answers that raised it were given anew; otherwise nobody knows."""
    if not _has_rule(current, flag):
        return NO_RULE_NOW
    unknown = any(current.value(quote.item_id) is None for quote in flag.answers)
    return f"{NOT_ANSWERED} this time" if unknown else "no longer raised"


def _has_rule(reading: Reading, flag: RaisedFlag) -> bool:
    return any(rule.id == flag.id for rule in reading.catalogue.red_flags.flags)


def _answer_changes(
    topic: Topic, questions: Mapping[str, str], former: Reading, current: Reading
) -> Iterator[Change]:
    ticked_again = {name for name, item in questions.items() if _same_ticks(former, current, item)}
    now = {name: words for name, words in _said(questions, current).items() if name not in ticked_again}
    return _changed(topic, _said(questions, former), now)


def _same_ticks(former: Reading, current: Reading, item_id: str) -> bool:
    ticks = chosen(current.value(item_id))
    return bool(ticks) and ticks == chosen(former.value(item_id))


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
