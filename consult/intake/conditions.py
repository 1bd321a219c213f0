"""Conditions over answers: the only language that rules and show-ifs are written in.

What is not known matches nothing: an unanswered question matches no answer, not even "no", and an unknown age
is neither under nor over any bound. `Not` turns what it holds round, so it is true of the unanswered.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .answers import Answers, chosen, is_answered


@dataclass(frozen=True)
class Facts:
    """What conditions are asked about. `answers` are live ones; age in whole years, None when unknown."""

    answers: Answers
    age: int | None = None
    definitions: "Mapping[str, Condition]" = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    level: str = "none"


@dataclass(frozen=True, slots=True)
class Evidence:
    """An answer that made a condition hold: the picked options that counted; `item` None means the age."""

    item: str | None
    options: frozenset[str] = frozenset()


class Condition(ABC):
    """A node of the tree. Its text is the rule in words, for operators and for the therapist."""

    @abstractmethod
    def holds(self, facts: Facts) -> bool: ...

    @abstractmethod
    def __str__(self) -> str: ...

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        """What made it hold. What was not said is no evidence, so `Not` has none."""
        return iter(())

    def parts(self, definitions: "Mapping[str, Condition]") -> "Iterable[Condition]":
        return ()

    def own_items(self) -> Iterable[str]:
        return ()


@dataclass(frozen=True)
class AnyOf(Condition):
    conditions: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool:
        return any(part.holds(facts) for part in self.conditions)

    def __str__(self) -> str:
        return "(" + " or ".join(map(str, self.conditions)) + ")"

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        for part in self.conditions:
            if part.holds(facts):
                yield from part.evidence(facts)

    def parts(self, definitions: Mapping[str, Condition]) -> Iterable[Condition]:
        return self.conditions


@dataclass(frozen=True)
class AllOf(Condition):
    conditions: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool:
        return all(part.holds(facts) for part in self.conditions)

    def __str__(self) -> str:
        return "(" + " and ".join(map(str, self.conditions)) + ")"

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        for part in self.conditions:
            yield from part.evidence(facts)

    def parts(self, definitions: Mapping[str, Condition]) -> Iterable[Condition]:
        return self.conditions


@dataclass(frozen=True)
class Not(Condition):
    condition: Condition

    def holds(self, facts: Facts) -> bool:
        return not self.condition.holds(facts)

    def __str__(self) -> str:
        return f"not {self.condition}"

    def parts(self, definitions: Mapping[str, Condition]) -> Iterable[Condition]:
        return (self.condition,)


@dataclass(frozen=True)
class Chosen(Condition):
    """At least one of `options` is picked. A region group of the body chart is written so, too."""

    item: str
    options: frozenset[str]
    group: str | None = None

    def holds(self, facts: Facts) -> bool:
        value = facts.answers.get(self.item)
        return value is not None and not self.options.isdisjoint(chosen(value))

    def __str__(self) -> str:
        return f"{self.item} is {self.group or ' or '.join(sorted(self.options))}"

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        yield Evidence(self.item, self._picked(facts))

    def own_items(self) -> Iterable[str]:
        return (self.item,)

    def _picked(self, facts: Facts) -> frozenset[str]:
        return chosen(facts.answers.get(self.item)) & self.options


@dataclass(frozen=True)
class AtLeast(Condition):
    item: str
    number: int

    def holds(self, facts: Facts) -> bool:
        value = facts.answers.get(self.item)
        return isinstance(value, int) and value >= self.number

    def __str__(self) -> str:
        return f"{self.item} is {self.number} or more"

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        yield Evidence(self.item)

    def own_items(self) -> Iterable[str]:
        return (self.item,)


@dataclass(frozen=True)
class Answered(Condition):
    item: str

    def holds(self, facts: Facts) -> bool:
        return is_answered(facts.answers.get(self.item))

    def __str__(self) -> str:
        return f"{self.item} is answered"

    def own_items(self) -> Iterable[str]:
        return (self.item,)


@dataclass(frozen=True)
class AgeUnder(Condition):
    years: int

    def holds(self, facts: Facts) -> bool:
        return facts.age is not None and facts.age < self.years

    def __str__(self) -> str:
        return f"age under {self.years}"

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        yield Evidence(None)


@dataclass(frozen=True)
class AgeAtLeast(Condition):
    years: int

    def holds(self, facts: Facts) -> bool:
        return facts.age is not None and facts.age >= self.years

    def __str__(self) -> str:
        return f"age {self.years} or more"

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        yield Evidence(None)


@dataclass(frozen=True)
class Use(Condition):
    """A definition by its name."""

    name: str

    def holds(self, facts: Facts) -> bool:
        return facts.definitions[self.name].holds(facts)

    def __str__(self) -> str:
        return self.name

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        return facts.definitions[self.name].evidence(facts)

    def parts(self, definitions: Mapping[str, Condition]) -> Iterable[Condition]:
        return (definitions[self.name],)


@dataclass(frozen=True)
class FlagRaised(Condition):
    flag: str

    def holds(self, facts: Facts) -> bool:
        return self.flag in facts.flags

    def __str__(self) -> str:
        return f"flag {self.flag}"


@dataclass(frozen=True)
class LevelIs(Condition):
    level: str

    def holds(self, facts: Facts) -> bool:
        return facts.level == self.level

    def __str__(self) -> str:
        return f"level {self.level}"


@dataclass(frozen=True)
class PolicyApplies(Condition):
    policy: str

    def holds(self, facts: Facts) -> bool:
        return self.policy in facts.policies

    def __str__(self) -> str:
        return f"policy {self.policy}"


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether the condition is true of these facts. Raises KeyError for an unknown definition."""
    return condition.holds(facts)


def nodes(condition: Condition, definitions: Mapping[str, Condition]) -> Iterator[Condition]:
    """The condition and everything inside it, definitions opened."""
    yield condition
    for part in condition.parts(definitions):
        yield from nodes(part, definitions)


def items_named(condition: Condition, definitions: Mapping[str, Condition]) -> set[str]:
    """Ids of all questions it depends on, through definitions too; not those of flags it refers to."""
    return {item for node in nodes(condition, definitions) for item in node.own_items()}


def evidence(condition: Condition, facts: Facts) -> tuple[Evidence, ...]:
    """The answers that made a condition hold, each question once, in the order the rule names them."""
    merged: dict[str | None, frozenset[str]] = {}
    for found in condition.evidence(facts):
        merged[found.item] = merged.get(found.item, frozenset()) | found.options
    return tuple(Evidence(item, options) for item, options in merged.items())
