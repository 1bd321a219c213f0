"""What the shape of a file alone cannot tell: that ids are unique, that everything named exists, that rules
are complete and no text for patients names a condition."""

import re
from collections.abc import Iterable, Iterator

from .document_set import (
    BODY_REGIONS,
    FACTS,
    HANDOUT,
    MANIFEST,
    PATTERNS,
    POLICIES,
    RATINGS,
    RED_FLAGS,
    SOURCES,
    YES_NO,
    Documents,
    clue_lists,
    handout_lines,
    withholdings,
)
from .documents import ActivitiesDoc, ItemDoc, OptionDoc, ScaleDoc, SectionDoc
from .yaml_source import Fault, KeyPath

_FIXED_IDS = {YES_NO: ["yes", "no"], RATINGS: ["helped", "no_change", "worse"]}
_MANY = ("many", "rated_list")
_BEFORE_PAYMENT = "before_payment"
_MOST_WORDS_AT_FIRST = 135


def check_documents(docs: Documents) -> list[Fault]:
    """Every fault of the form's content, conditions apart (`condition_checks`)."""
    return [fault for check in _CHECKS for fault in check(docs)]


def _unique_ids(docs: Documents) -> Iterator[Fault]:
    sections = [(file, (*path, "id"), section.id) for file, path, section in docs.sections()]
    items = [(file, (*path, "id"), item.id) for file, path, item in docs.items()]
    keys = [(file, (*path, "key"), item.key) for file, path, item in docs.items()]
    for what, found in (("section id", sections), ("item id", items), ("key", keys), *_rule_ids(docs)):
        yield from _repeated(docs, what, found)
    for file, path, item in docs.items():
        options = getattr(item, "options", None) or []
        yield from _repeated_options(docs, file, path, options)
    for name, listed in docs.lists.items():
        yield from _repeated_options(docs, f"lists/{name}.yaml", (), listed.options)


def _rule_ids(docs: Documents) -> Iterator[tuple[str, list[tuple[str, KeyPath, str]]]]:
    handout = docs.handout
    yield "flag id", _ids(RED_FLAGS, "flags", [flag.id for flag in docs.red_flags.flags])
    yield "policy id", _ids(POLICIES, "policies", [policy.id for policy in docs.policies.policies])
    yield "pattern id", _ids(PATTERNS, "patterns", [pattern.id for pattern in docs.patterns.patterns])
    yield "stretch id", _ids(HANDOUT, "stretches", [line.id for line in handout.stretches])
    yield "tip id", _ids(HANDOUT, "tips", [line.id for line in handout.tips])
    yield "fact id", _ids(FACTS, "facts", [fact.id for fact in docs.facts.facts])
    yield "source id", _ids(SOURCES, "sources", [source.id for source in docs.sources.sources])


def _ids(file: str, key: str, ids: list[str]) -> list[tuple[str, KeyPath, str]]:
    return [(file, (key, n, "id"), entry) for n, entry in enumerate(ids)]


def _repeated_options(docs: Documents, file: str, path: KeyPath, options: list[OptionDoc]) -> Iterator[Fault]:
    ids = [(file, (*path, "options", n, "id"), option.id) for n, option in enumerate(options)]
    shorts = [(file, (*path, "options", n, "short"), option.short) for n, option in enumerate(options)]
    yield from _repeated(docs, "option id", ids)
    yield from _repeated(docs, "short", shorts)


def _repeated(docs: Documents, what: str, found: Iterable[tuple[str, KeyPath, str]]) -> Iterator[Fault]:
    seen: set[str] = set()
    for file, path, value in found:
        if value in seen:
            yield docs.fault(file, path, f"the {what} {value} is used a second time")
        seen.add(value)


def _sections_in_order(docs: Documents) -> Iterator[Fault]:
    known = {section.id for _, _, section in docs.sections()}
    order = docs.manifest.section_order
    for position, section_id in enumerate(order):
        if section_id not in known or section_id in order[:position]:
            message = f"section {section_id} is unknown or stands here a second time"
            yield docs.fault(MANIFEST, ("section_order", position), message)
    for file, path, section in docs.sections():
        if section.id not in order:
            yield docs.fault(file, (*path, "id"), f"section {section.id} is missing from section_order")


def _special_items(docs: Documents) -> Iterator[Fault]:
    by_id = {item.id: item for _, _, item in docs.items()}
    birth_date = by_id.get(docs.manifest.birth_date_item)
    if birth_date is None or birth_date.type != "date":
        yield docs.fault(MANIFEST, ("birth_date_item",), "names no question of type date")
    charts = [item for item in by_id.values() if item.type == "body_chart"]
    if len(charts) != 1:
        yield docs.fault(MANIFEST, ("files",), f"the form needs one body_chart, not {len(charts)}")


def _fixed_lists(docs: Documents) -> Iterator[Fault]:
    for name, fixed in _FIXED_IDS.items():
        if [option.id for option in docs.lists[name].options] != fixed:
            message = f"the ids here are fixed: {', '.join(fixed)}"
            yield docs.fault(f"lists/{name}.yaml", ("options",), message)
    regions = {option.id for option in docs.lists[BODY_REGIONS].options}
    for position, group in enumerate(docs.lists[BODY_REGIONS].groups):
        for unknown in sorted(set(group.regions) - regions):
            path: KeyPath = ("groups", position, "regions")
            yield docs.fault(f"lists/{BODY_REGIONS}.yaml", path, f"unknown region {unknown}")


def _item_options(docs: Documents) -> Iterator[Fault]:
    earlier: dict[str, ItemDoc] = {}
    for file, path, item in docs.items():
        named = getattr(item, "options_from", None)
        if named and named not in docs.lists:
            yield docs.fault(file, (*path, "options_from"), f"unknown list {named}")
        again = getattr(item, "asks_again", None)
        if again and not (item.type == "many" and again in earlier and earlier[again].type == "many"):
            yield docs.fault(file, (*path, "asks_again"), f"{again} is no earlier question of type many")
        for position, option in enumerate(getattr(item, "options", None) or ()):
            if option.exclusive and item.type not in _MANY:
                message = f"exclusive is for {' and '.join(_MANY)}"
                yield docs.fault(file, (*path, "options", position, "exclusive"), message)
        earlier[item.id] = item


def _exclusive_options(docs: Documents) -> Iterator[Fault]:
    for file, path, item in docs.items():
        options = getattr(item, "options", None) or []
        exclusive = [n for n, option in enumerate(options) if option.exclusive]
        for position in exclusive[1:]:
            message = "a question has one exclusive answer at most"
            yield docs.fault(file, (*path, "options", position, "exclusive"), message)
        if exclusive and len(options) == 1:
            yield docs.fault(file, (*path, "options"), "an exclusive answer needs another to exclude")


def _short_first_view(docs: Documents) -> Iterator[Fault]:
    for file, path, section in docs.sections():
        if section.when != _BEFORE_PAYMENT:
            continue
        words = sum(len(text.split()) for text in _first_view(docs, section))
        if words > _MOST_WORDS_AT_FIRST:
            message = f"patients first see {words} words here; {_MOST_WORDS_AT_FIRST} is the most"
            yield docs.fault(file, path, message)


def _first_view(docs: Documents, section: SectionDoc) -> Iterator[str]:
    """What a patient reads before any answer: lead line, questions, hints and answers."""
    yield section.intro or ""
    for item in section.items:
        if item.show_if is None:
            yield from (item.ask, item.help or "")
            yield from (option.label for option in docs.options_of(item))


def _bounds(docs: Documents) -> Iterator[Fault]:
    for file, path, item in docs.items():
        if isinstance(item, (ScaleDoc, ActivitiesDoc)) and item.min >= item.max:
            yield docs.fault(file, (*path, "max"), "max must be more than min")


def _facts_and_sources(docs: Documents) -> Iterator[Fault]:
    facts = {fact.id for fact in docs.facts.facts}
    sources = {source.id for source in docs.sources.sources}
    for file, path, item in docs.items():
        if not item.facts and not item.beyond:
            yield docs.fault(file, path, f"{item.id} rests on no fact of the article and no source beyond it")
        for fact in sorted(set(item.facts) - facts):
            yield docs.fault(file, (*path, "facts"), f"unknown fact {fact}")
        for source in sorted(set(item.beyond) - sources):
            yield docs.fault(file, (*path, "beyond"), f"unknown source {source}")
    for file, path, ids in _rule_sources(docs):
        for source in ids:
            # a letter after a fact's number points at a part of it: A38a
            if source not in sources and re.sub(r"(?<=\d)[a-z]$", "", source) not in facts:
                yield docs.fault(file, path, f"unknown source {source}")


def _rule_sources(docs: Documents) -> Iterator[tuple[str, KeyPath, list[str]]]:
    for n, flag in enumerate(docs.red_flags.flags):
        yield RED_FLAGS, ("flags", n, "sources"), flag.sources
    for path, clues in clue_lists(docs.patterns):
        for m, clue in enumerate(clues):
            yield PATTERNS, (*path, m, "sources"), clue.sources
    for n, closing in enumerate(docs.handout.closing):
        yield HANDOUT, ("closing", n, "facts"), closing.facts
    for path, reasons in withholdings(docs.handout):
        for m, reason in enumerate(reasons):
            yield HANDOUT, (*path, m, "sources"), reason.sources
    for path, line in handout_lines(docs.handout):
        yield HANDOUT, (*path, "fact"), [line.fact]


def _answerable_facts_used(docs: Documents) -> Iterator[Fault]:
    used = {fact for _, _, item in docs.items() for fact in item.facts}
    for position, fact in enumerate(docs.facts.facts):
        if fact.answerable == "yes" and fact.id not in used:
            yield docs.fault(
                FACTS, ("facts", position), f"no question uses {fact.id}, which patients can answer"
            )


def _serious_flags_whole(docs: Documents) -> Iterator[Fault]:
    for position, flag in enumerate(docs.red_flags.flags):
        if flag.level not in ("emergency", "urgent"):
            continue
        for part in ("patient_reads", "therapist_reads", "sources"):
            if not getattr(flag, part):
                message = f"{flag.id} is {flag.level} and needs {part}"
                yield docs.fault(RED_FLAGS, ("flags", position, part), message)


def _no_condition_named(docs: Documents) -> Iterator[Fault]:
    names = "|".join(re.escape(name) for name in docs.condition_names.names)
    pattern = re.compile(rf"\b(?:{names})\b", re.IGNORECASE)
    for file, path, text in _patient_texts(docs):
        if found := pattern.search(text):
            yield docs.fault(file, path, f"patients would read the name of a condition: {found[0]}")


def _patient_texts(docs: Documents) -> Iterator[tuple[str, KeyPath, str]]:
    for n, flag in enumerate(docs.red_flags.flags):
        yield RED_FLAGS, ("flags", n, "patient_reads"), flag.patient_reads or ""
    for n, policy in enumerate(docs.policies.policies):
        yield POLICIES, ("policies", n, "patient_reads"), policy.patient_reads
    for part in ("heading", "intro", "left_out_note"):
        yield HANDOUT, (part,), str(getattr(docs.handout, part))
    for path, line in handout_lines(docs.handout):
        yield HANDOUT, (*path, "title"), line.title
        yield HANDOUT, (*path, "text"), line.text
    for n, closing in enumerate(docs.handout.closing):
        yield HANDOUT, ("closing", n, "text"), closing.text


_CHECKS = (
    _unique_ids,
    _sections_in_order,
    _special_items,
    _fixed_lists,
    _item_options,
    _exclusive_options,
    _short_first_view,
    _bounds,
    _facts_and_sources,
    _answerable_facts_used,
    _serious_flags_whole,
    _no_condition_named,
)
