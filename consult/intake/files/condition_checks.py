"""That every condition names things that exist, and that none of them goes round in a circle."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from .document_set import (
    BODY_REGIONS,
    HANDOUT,
    PATTERNS,
    POLICIES,
    RED_FLAGS,
    Documents,
    clue_lists,
    handout_lines,
    withholdings,
)
from .documents import ConditionDoc, ItemDoc, ScaleDoc
from .yaml_source import Fault, KeyPath

_OUTCOME_KINDS = frozenset({"flag", "level", "policy"})


@dataclass(frozen=True)
class Placed:
    """A condition with where it stands and which of flag, level and policy it may ask about there."""

    file: str
    path: KeyPath
    condition: ConditionDoc
    may_ask: frozenset[str] = frozenset()


def check_conditions(docs: Documents) -> list[Fault]:
    """Every fault in a condition of any file."""
    names = _Names(docs)
    faults = [fault for placed in _placed(docs) for fault in names.faults(placed)]
    cycles = [*_definition_cycles(docs), *_flag_cycles(docs)]
    later = [] if faults or cycles else list(_forward_show_ifs(docs))
    return [*faults, *cycles, *later]


def _placed(docs: Documents) -> Iterator[Placed]:
    yield from _in_forms(docs)
    for name, definition in docs.red_flags.definitions.items():
        yield Placed(RED_FLAGS, ("definitions", name), definition)
    for n, flag in enumerate(docs.red_flags.flags):
        yield Placed(RED_FLAGS, ("flags", n, "when"), flag.when, frozenset({"flag"}))
    for n, policy in enumerate(docs.policies.policies):
        yield Placed(POLICIES, ("policies", n, "when"), policy.when)
    for n, pattern in enumerate(docs.patterns.patterns):
        if pattern.must:
            yield Placed(PATTERNS, ("patterns", n, "must"), pattern.must)
    for path, clues in clue_lists(docs.patterns):
        for m, clue in enumerate(clues):
            yield Placed(PATTERNS, (*path, m, "when"), clue.when)
    yield from _in_handout(docs)


def _in_forms(docs: Documents) -> Iterator[Placed]:
    for file, path, section in docs.sections():
        if section.show_if:
            yield Placed(file, (*path, "show_if"), section.show_if)
    for file, path, item in docs.items():
        if item.show_if:
            yield Placed(file, (*path, "show_if"), item.show_if)


def _in_handout(docs: Documents) -> Iterator[Placed]:
    for path, reasons in withholdings(docs.handout):
        for n, reason in enumerate(reasons):
            yield Placed(HANDOUT, (*path, n, "when"), reason.when, _OUTCOME_KINDS)
    for path, line in handout_lines(docs.handout):
        if line.show_only:
            yield Placed(HANDOUT, (*path, "show_only"), line.show_only, _OUTCOME_KINDS)


class _Names:
    """Everything a condition may name."""

    def __init__(self, docs: Documents) -> None:
        self._docs = docs
        self._items: dict[str, ItemDoc] = {item.id: item for _, _, item in docs.items()}
        self._named = {
            "region": {group.id for group in docs.lists[BODY_REGIONS].groups},
            "use": set(docs.red_flags.definitions),
            "flag": {flag.id for flag in docs.red_flags.flags},
            "policy": {policy.id for policy in docs.policies.policies},
            "answered": set(self._items),
        }

    def faults(self, placed: Placed) -> Iterator[Fault]:
        for path, condition in placed.condition.walk(placed.path):
            kind = condition.kind
            for message in self._messages(condition):
                yield self._docs.fault(placed.file, (*path, kind), message)
            if kind in _OUTCOME_KINDS - placed.may_ask:
                yield self._docs.fault(placed.file, (*path, kind), f"{kind} cannot be asked about here")

    def _messages(self, condition: ConditionDoc) -> Iterator[str]:
        if condition.item is not None:
            yield from self._item_messages(condition, condition.item)
        elif (
            condition.kind in self._named
            and getattr(condition, condition.kind) not in self._named[condition.kind]
        ):
            yield f"unknown {condition.kind} {getattr(condition, condition.kind)}"

    def _item_messages(self, condition: ConditionDoc, item_id: str) -> Iterator[str]:
        item = self._items.get(item_id)
        if item is None:
            yield f"unknown item {item_id}"
        elif condition.at_least is not None:
            if not isinstance(item, ScaleDoc) or not item.min <= condition.at_least <= item.max:
                yield f"{item_id} is no scale that reaches {condition.at_least}"
        else:
            known = {option.id for option in self._docs.options_of(item)}
            for answer in condition.answer or ():
                if answer not in known:
                    yield f"{item_id} has no answer {answer}"


def _definition_cycles(docs: Documents) -> Iterator[Fault]:
    definitions = docs.red_flags.definitions
    graph = {
        name: {inner.use for _, inner in condition.walk(()) if inner.use in definitions}
        for name, condition in definitions.items()
    }
    yield from _cycle(docs, graph, lambda name: ("definitions", name))


def _flag_cycles(docs: Documents) -> Iterator[Fault]:
    positions = {flag.id: n for n, flag in enumerate(docs.red_flags.flags)}
    graph = {
        flag.id: {inner.flag for _, inner in flag.when.walk(()) if inner.flag in positions}
        for flag in docs.red_flags.flags
    }
    yield from _cycle(docs, graph, lambda flag: ("flags", positions[flag], "when"))


def _cycle(docs: Documents, graph: dict[str, set[str]], path_of: Callable[[str], KeyPath]) -> Iterator[Fault]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = [str(name) for name in error.args[1]]
        yield docs.fault(RED_FLAGS, path_of(circle[0]), f"goes round in a circle: {' -> '.join(circle)}")


def _forward_show_ifs(docs: Documents) -> Iterator[Fault]:
    order = {item.id: n for n, (_, _, item) in enumerate(docs.items())}
    chart = next(item.id for _, _, item in docs.items() if item.type == "body_chart")
    for file, path, section in docs.sections():
        if section.show_if:
            first = order[section.items[0].id]
            yield from _later(docs, Placed(file, (*path, "show_if"), section.show_if), first, order, chart)
    for file, path, item in docs.items():
        if item.show_if:
            placed = Placed(file, (*path, "show_if"), item.show_if)
            yield from _later(docs, placed, order[item.id], order, chart)


def _later(docs: Documents, placed: Placed, own: int, order: dict[str, int], chart: str) -> Iterator[Fault]:
    for named in sorted(_items_in(docs, placed.condition, chart)):
        if order[named] >= own:
            yield docs.fault(placed.file, placed.path, f"depends on {named}, which is not asked before it")


def _items_in(docs: Documents, condition: ConditionDoc, chart: str) -> set[str]:
    named: set[str] = set()
    for _, inner in condition.walk(()):
        named |= {item for item in (inner.item, inner.answered) if item}
        if inner.region:
            named.add(chart)
        if inner.use:
            named |= _items_in(docs, docs.red_flags.definitions[inner.use], chart)
    return named
