"""The question that would tell the first two hints apart. Pure.

Only a question behind an answer that would fit one of them can be it. Each answer it could have is put in
the place of the present one, everything else left as it is. How far the balance between the two hints then
swings, from the answer best for the first to the one best for the second, is what the question is worth.
One not answered comes before one to ask again, a bigger swing before a smaller, an earlier question before
a later.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from consult.intake.answers import Answers, AnswerValue
from consult.intake.conditions import Facts, items_named
from consult.intake.patterns import Clue, PatternRule
from consult.intake.questionnaire import Item, ItemType

from .reading import Reading

_MANY = (ItemType.MANY, ItemType.BODY_CHART)


@dataclass(frozen=True)
class TellingQuestion:
    """`answer` is the present one. `for_first` and `for_second`: those, in short words, that would move the
    balance that way most; one of the two may be empty.
    """

    ask: str
    answer: str
    answered: bool
    first: str
    second: str
    for_first: tuple[str, ...]
    for_second: tuple[str, ...]

    @property
    def width(self) -> int:
        fixed = len("To tell from , ask: “” (). speaks for ; speaks for .")
        answers = sum(len(words) + 2 for words in (*self.for_first, *self.for_second))
        return fixed + 2 * len(self.first + self.second) + len(self.ask + self.answer) + answers


def telling_question(reading: Reading) -> TellingQuestion | None:
    """None with fewer than two hints, or when no single answer moves the balance between the first two."""
    if len(reading.assessment.patterns) < 2:
        return None
    rules = {rule.id: rule for rule in reading.catalogue.patterns}
    first, second = (rules[match.id] for match in reading.assessment.patterns[:2])
    swings = [(item, _balances(item, first, second, reading)) for item in _askable(first, second, reading)]
    worth = [(item, balances) for item, balances in swings if len(set(balances.values())) > 1]
    if not worth:
        return None
    item, balances = min(worth, key=lambda pair: (reading.value(pair[0].id) is not None, -_swing(pair[1])))
    return _question(item, balances, first, second, reading)


def _askable(first: PatternRule, second: PatternRule, reading: Reading) -> list[Item]:
    named: set[str] = set()
    for clue in (*first.support, *second.support):
        named |= items_named(clue.when, reading.facts.definitions)
    return [item for item in reading.open if item.id in named]


def _balances(item: Item, first: PatternRule, second: PatternRule, reading: Reading) -> dict[str, int]:
    """How each answer would move the first hint's lead over the second, against no answer at all."""
    unknown = {known: value for known, value in reading.facts.answers.items() if known != item.id}

    def lead(answers: Answers) -> int:
        facts = replace(reading.facts, answers=answers)
        return _weight(first, item, facts) - _weight(second, item, facts)

    return {words: lead({**unknown, item.id: value}) - lead(unknown) for words, value in _possible(item)}


def _possible(item: Item) -> Iterator[tuple[str, AnswerValue]]:
    for option in item.options:
        yield option.short, [option.id] if item.type in _MANY else option.id
    if item.min is not None and item.max is not None:
        yield "a low score", item.min
        yield "a high score", item.max


def _weight(rule: PatternRule, item: Item, facts: Facts) -> int:
    """Fits minus against, of the clues that rest on this question."""

    def count(clues: tuple[Clue, ...]) -> int:
        asked = (clue for clue in clues if item.id in items_named(clue.when, facts.definitions))
        return sum(clue.when.holds(facts) for clue in asked)

    return count(rule.support) - count(rule.against)


def _swing(balances: dict[str, int]) -> int:
    return max(balances.values()) - min(balances.values())


def _question(
    item: Item, balances: dict[str, int], first: PatternRule, second: PatternRule, reading: Reading
) -> TellingQuestion:
    most, least = max(*balances.values(), 1), min(*balances.values(), -1)
    return TellingQuestion(
        ask=item.ask,
        answer=reading.words(item.id),
        answered=reading.value(item.id) is not None,
        first=first.title,
        second=second.title,
        for_first=tuple(words for words, balance in balances.items() if balance == most),
        for_second=tuple(words for words, balance in balances.items() if balance == least),
    )
