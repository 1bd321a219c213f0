"""Hints for the therapist: which answers fit a picture, which speak against it. Never shown to a patient."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .conditions import Condition, Facts


@dataclass(frozen=True)
class Clue:
    """An answer that counts for or against, with what it rests on."""

    label: str
    when: Condition
    sources: tuple[str, ...]


@dataclass(frozen=True)
class PatternRule:
    """Listed when `must` (if any) holds, at least `at_least` clues fit and no more speak against than fit."""

    id: str
    title: str
    note: str
    at_least: int
    must: Condition | None
    support: tuple[Clue, ...]
    against: tuple[Clue, ...]


@dataclass(frozen=True)
class PatternMatch:
    """`mixed`: another hint stands at the same rank, so neither leads."""

    id: str
    title: str
    note: str
    fits: tuple[Clue, ...]
    against: tuple[Clue, ...]
    mixed: bool = False

    @property
    def weight(self) -> int:
        return len(self.fits) - len(self.against)


def match_patterns(rules: Iterable[PatternRule], facts: Facts) -> tuple[PatternMatch, ...]:
    """The hints these facts give, most fits minus against first, in file order within a rank."""
    found = [match for rule in rules if (match := _match(rule, facts))]
    ranks = Counter(match.weight for match in found)
    ranked = sorted(found, key=lambda match: -match.weight)
    return tuple(replace(match, mixed=ranks[match.weight] > 1) for match in ranked)


def _match(rule: PatternRule, facts: Facts) -> PatternMatch | None:
    fits = tuple(clue for clue in rule.support if clue.when.holds(facts))
    against = tuple(clue for clue in rule.against if clue.when.holds(facts))
    allowed = rule.must is None or rule.must.holds(facts)
    if not allowed or len(fits) < rule.at_least or len(fits) < len(against):
        return None
    return PatternMatch(rule.id, rule.title, rule.note, fits, against)
