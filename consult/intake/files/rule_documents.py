"""The shape of the files beside the forms: rules, hints, handout, facts, sources."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .documents import ConditionDoc, Doc, FileDoc, Text


class FlagDoc(Doc):
    id: Text
    level: Literal["emergency", "urgent", "caution", "info"]
    title: Text
    when: ConditionDoc
    patient_reads: Text | None = None
    therapist_reads: Text | None = None
    sources: list[Text] = Field(default_factory=list)


class RedFlagsDoc(FileDoc):
    definitions: dict[str, ConditionDoc]
    flags: list[FlagDoc]


class PolicyDoc(Doc):
    id: Text
    title: Text
    when: ConditionDoc
    booking: Literal["stop"]
    patient_reads: Text


class PoliciesDoc(FileDoc):
    policies: list[PolicyDoc]


class ClueDoc(Doc):
    label: Text
    when: ConditionDoc
    sources: list[Text] = Field(min_length=1)


class PatternDoc(Doc):
    id: Text
    title: Text
    note: Text | None = None
    at_least: int
    must: ConditionDoc | None = None
    support: list[ClueDoc] = Field(min_length=1)
    against: list[ClueDoc]


class PatternsDoc(FileDoc):
    patterns: list[PatternDoc]


class WithholdingDoc(Doc):
    because: Text
    when: ConditionDoc
    sources: list[Text] = Field(min_length=1)


class HandoutLineDoc(Doc):
    id: Text
    title: Text
    text: Text
    fact: Text
    show_only: ConditionDoc | None = None
    withhold: list[WithholdingDoc] = Field(default_factory=list)


class ClosingDoc(Doc):
    text: Text
    facts: list[Text] = Field(min_length=1)


class HandoutDoc(FileDoc):
    heading: Text
    intro: Text
    left_out_note: Text
    withhold_all: list[WithholdingDoc]
    withhold_all_stretches: list[WithholdingDoc]
    stretches: list[HandoutLineDoc]
    tips: list[HandoutLineDoc]
    closing: list[ClosingDoc]


class FactDoc(Doc):
    id: Annotated[str, StringConstraints(pattern=r"^A\d+$")]
    answerable: Literal["yes", "no", "partly"]
    text: Text


class FactsDoc(FileDoc):
    facts: list[FactDoc]


class SourceDoc(Doc):
    id: Text
    citation: Text
    checked: Literal["read", "summary", "not looked up", "none needed"]


class SourcesDoc(FileDoc):
    sources: list[SourceDoc]


class ConditionNamesDoc(FileDoc):
    """Words that no text for patients may hold."""

    names: list[Text]
