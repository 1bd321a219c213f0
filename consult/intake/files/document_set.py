"""All form files together, each of the right shape but not yet checked against one another."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .documents import FileDoc, FormDoc, ItemDoc, ListDoc, ManifestDoc, OptionDoc, SectionDoc, YesNoDoc
from .rule_documents import (
    ClueDoc,
    ConditionNamesDoc,
    FactsDoc,
    HandoutDoc,
    HandoutLineDoc,
    PatternsDoc,
    PoliciesDoc,
    RedFlagsDoc,
    SourcesDoc,
    WithholdingDoc,
)
from .yaml_source import Fault, KeyPath, YamlSource

MANIFEST = "questionnaire.yaml"
RED_FLAGS = "rules/red_flags.yaml"
POLICIES = "rules/policies.yaml"
PATTERNS = "rules/patterns.yaml"
HANDOUT = "rules/handout.yaml"
CONDITION_NAMES = "rules/condition_names.yaml"
FACTS = "facts.yaml"
SOURCES = "sources.yaml"
BODY_REGIONS = "body_regions"
YES_NO = "yes_no"
RATINGS = "ratings"
_DIGEST_LENGTH = 8


@dataclass(frozen=True)
class Documents:
    """All files, each of the right shape. Texts and forms by file name, lists by list name."""

    texts: Mapping[str, str]
    sources_by_file: dict[str, YamlSource]
    manifest: ManifestDoc
    forms: dict[str, FormDoc]
    lists: dict[str, ListDoc]
    red_flags: RedFlagsDoc
    policies: PoliciesDoc
    patterns: PatternsDoc
    handout: HandoutDoc
    facts: FactsDoc
    sources: SourcesDoc
    condition_names: ConditionNamesDoc

    @property
    def version(self) -> str:
        """The manifest's, and a digest of all texts: an edit nobody gave a number is another version too."""
        content = json.dumps(self.texts, sort_keys=True)
        return f"{self.manifest.version}+{hashlib.sha256(content.encode()).hexdigest()[:_DIGEST_LENGTH]}"

    def by_file(self) -> dict[str, FileDoc]:
        """Every file by its name."""
        return {
            MANIFEST: self.manifest,
            **self.forms,
            **{f"lists/{name}.yaml": listed for name, listed in self.lists.items()},
            RED_FLAGS: self.red_flags,
            POLICIES: self.policies,
            PATTERNS: self.patterns,
            HANDOUT: self.handout,
            CONDITION_NAMES: self.condition_names,
            FACTS: self.facts,
            SOURCES: self.sources,
        }

    def fault(self, file: str, path: KeyPath, message: str) -> Fault:
        return self.sources_by_file[file].fault(path, message)

    def sections(self) -> Iterator[tuple[str, KeyPath, SectionDoc]]:
        """Every section with its file and path, in file order."""
        for file, form in self.forms.items():
            for position, section in enumerate(form.sections):
                yield file, ("sections", position), section

    def ordered_sections(self) -> list[tuple[str, KeyPath, SectionDoc]]:
        """The same in the patient's order; a section missing from the order comes last."""
        order = {section_id: n for n, section_id in enumerate(self.manifest.section_order)}
        return sorted(self.sections(), key=lambda entry: order.get(entry[2].id, len(order)))

    def items(self) -> Iterator[tuple[str, KeyPath, ItemDoc]]:
        """Every question with its file and path, in the patient's order."""
        for file, path, section in self.ordered_sections():
            for position, item in enumerate(section.items):
                yield file, (*path, "items", position), item

    def options_of(self, item: ItemDoc) -> list[OptionDoc]:
        """The options a question ends up with; empty for other kinds and where what it names is missing."""
        if isinstance(item, YesNoDoc):
            return self._list(YES_NO)
        if again := getattr(item, "asks_again", None):
            return next((self.options_of(other) for _, _, other in self.items() if other.id == again), [])
        if named := getattr(item, "options_from", None):
            return self._list(named)
        return list(getattr(item, "options", None) or ())

    def _list(self, name: str) -> list[OptionDoc]:
        return self.lists[name].options if name in self.lists else []


def clue_lists(patterns: PatternsDoc) -> Iterator[tuple[KeyPath, list[ClueDoc]]]:
    """The clues for and against of every hint, with their path."""
    for n, pattern in enumerate(patterns.patterns):
        yield ("patterns", n, "support"), pattern.support
        yield ("patterns", n, "against"), pattern.against


def handout_lines(handout: HandoutDoc) -> Iterator[tuple[KeyPath, HandoutLineDoc]]:
    """Every stretch and tip, with its path."""
    for key, lines in (("stretches", handout.stretches), ("tips", handout.tips)):
        for n, line in enumerate(lines):
            yield (key, n), line


def withholdings(handout: HandoutDoc) -> Iterator[tuple[KeyPath, list[WithholdingDoc]]]:
    """Every list of reasons to leave something out, with its path."""
    yield ("withhold_all",), handout.withhold_all
    yield ("withhold_all_stretches",), handout.withhold_all_stretches
    for path, line in handout_lines(handout):
        yield (*path, "withhold"), line.withhold
