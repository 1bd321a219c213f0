"""Warning signs: which are raised, how serious they are, and whether booking may go on."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from graphlib import TopologicalSorter

from .answers import Answers, AnswerValue, chosen
from .conditions import Condition, Evidence, Facts, FlagRaised, evidence, items_named, nodes
from .questionnaire import Item, Questionnaire, live_answers


class Level(StrEnum):
    """How soon a sign needs care; compared by seriousness, so `Level.URGENT > Level.CAUTION`."""

    NONE = "none"
    INFO = "info"
    CAUTION = "caution"
    URGENT = "urgent"
    EMERGENCY = "emergency"

    @property
    def seriousness(self) -> int:
        return list(Level).index(self)

    def __lt__(self, other: str) -> bool:
        return self.seriousness < Level(other).seriousness

    def __le__(self, other: str) -> bool:
        return self.seriousness <= Level(other).seriousness

    def __gt__(self, other: str) -> bool:
        return self.seriousness > Level(other).seriousness

    def __ge__(self, other: str) -> bool:
        return self.seriousness >= Level(other).seriousness


class Disposition(StrEnum):
    """What may happen next with the booking."""

    CONTINUE = "continue"
    CONTINUE_AFTER_READING = "continue_after_reading"
    STOP = "stop"


@dataclass(frozen=True)
class FlagRule:
    """`patient_text` is empty where the patient is told nothing. Sources: article facts and source keys."""

    id: str
    level: Level
    title: str
    when: Condition
    patient_text: str
    therapist_text: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class PolicyRule:
    """A reason, not a clinical one, why a visit cannot be booked online; it stops the booking."""

    id: str
    title: str
    when: Condition
    patient_text: str


@dataclass(frozen=True)
class RedFlagRules:
    """All flags and policies in file order, with the conditions they share."""

    flags: tuple[FlagRule, ...]
    policies: tuple[PolicyRule, ...]
    definitions: Mapping[str, Condition]

    @cached_property
    def by_dependency(self) -> tuple[FlagRule, ...]:
        """Each flag after those its condition names; worked out once, since it costs as much as judging."""
        return in_dependency_order(self.flags, self.definitions)


@dataclass(frozen=True)
class QuotedAnswer:
    """An answer that raised a flag: the question's id and wording, the patient's wording of the answer, and
    the same in the therapist's short words. The age is quoted under the birth date's id."""

    item_id: str
    ask: str
    text: str
    short: str


@dataclass(frozen=True)
class RaisedFlag:
    """`rule` is the condition in words."""

    id: str
    level: Level
    title: str
    patient_text: str
    therapist_text: str
    rule: str
    answers: tuple[QuotedAnswer, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class TriageOutcome:
    """Flags most serious first, in file order within a level; the level is that of the first."""

    level: Level
    disposition: Disposition
    flags: tuple[RaisedFlag, ...]
    policies: tuple[PolicyRule, ...]

    def added_to(self, facts: Facts) -> Facts:
        """The facts with this outcome, for rules that ask about it (the handout)."""
        return replace(
            facts,
            flags=frozenset(flag.id for flag in self.flags),
            policies=frozenset(policy.id for policy in self.policies),
            level=self.level,
        )


def assess_flags(rules: RedFlagRules, questionnaire: Questionnaire, facts: Facts) -> TriageOutcome:
    """Every flag and policy these facts raise. Same facts, same outcome."""
    raised: dict[str, RaisedFlag] = {}
    known = facts
    for rule in rules.by_dependency:
        if rule.when.holds(known):
            raised[rule.id] = _raised(rule, questionnaire, known)
            known = replace(facts, flags=frozenset(raised))
    flags = [raised[rule.id] for rule in rules.flags if rule.id in raised]
    flags.sort(key=lambda flag: flag.level.seriousness, reverse=True)
    level = flags[0].level if flags else Level.NONE
    policies = tuple(policy for policy in rules.policies if policy.when.holds(facts))
    return TriageOutcome(level, _disposition(level, policies), tuple(flags), policies)


def settled_emergencies(
    rules: RedFlagRules, questionnaire: Questionnaire, answers: Answers, pending_item_ids: Collection[str]
) -> list[RaisedFlag]:
    """Emergency flags that no answer still to come can take back: the screen stops at once on these.

    A flag that depends on a question about to be asked (`pending_item_ids`) waits for it, since a rule may
    rest on "not answered so".
    """
    live = live_answers(questionnaire, answers, on=None)
    outcome = assess_flags(rules, questionnaire, Facts(live, definitions=rules.definitions))
    pending = set(pending_item_ids)
    return [
        flag
        for flag in outcome.flags
        if flag.level is Level.EMERGENCY and not pending & _items_behind(flag.id, rules)
    ]


def in_dependency_order(
    flags: Iterable[FlagRule], definitions: Mapping[str, Condition]
) -> tuple[FlagRule, ...]:
    """Each flag after those its condition names. Raises graphlib.CycleError when they go round."""
    by_id = {rule.id: rule for rule in flags}
    graph = {rule.id: _flags_named(rule, definitions) for rule in by_id.values()}
    return tuple(by_id[flag] for flag in TopologicalSorter(graph).static_order() if flag in by_id)


def _flags_named(rule: FlagRule, definitions: Mapping[str, Condition]) -> set[str]:
    return {node.flag for node in nodes(rule.when, definitions) if isinstance(node, FlagRaised)}


def _items_behind(flag_id: str, rules: RedFlagRules) -> set[str]:
    """Questions a flag depends on, through the flags it names as well."""
    by_id = {rule.id: rule for rule in rules.flags}
    rule = by_id[flag_id]
    items = items_named(rule.when, rules.definitions)
    for named in _flags_named(rule, rules.definitions) & set(by_id):
        items |= _items_behind(named, rules)
    return items


def _disposition(level: Level, policies: tuple[PolicyRule, ...]) -> Disposition:
    if level is Level.EMERGENCY or policies:
        return Disposition.STOP
    return Disposition.CONTINUE_AFTER_READING if level is Level.URGENT else Disposition.CONTINUE


def _raised(rule: FlagRule, questionnaire: Questionnaire, facts: Facts) -> RaisedFlag:
    quotes = tuple(_quoted(found, questionnaire, facts) for found in evidence(rule.when, facts))
    return RaisedFlag(
        rule.id,
        rule.level,
        rule.title,
        rule.patient_text,
        rule.therapist_text,
        str(rule.when),
        quotes,
        rule.sources,
    )


def _quoted(found: Evidence, questionnaire: Questionnaire, facts: Facts) -> QuotedAnswer:
    if found.item is None:
        item = questionnaire.items[questionnaire.birth_date_item]
        return QuotedAnswer(item.id, item.key, str(facts.age), str(facts.age))
    item = questionnaire.items[found.item]
    return QuotedAnswer(item.id, item.ask, *_wording(item, facts.answers[item.id], found.options))


def _wording(item: Item, value: AnswerValue, counted: frozenset[str]) -> tuple[str, str]:
    options = item.options_in(chosen(value) & counted)
    if not options:
        return str(value), str(value)
    return "; ".join(option.label for option in options), "; ".join(option.short for option in options)
