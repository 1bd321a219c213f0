"""From checked form files to the frozen rules and questions that the pure modules work with."""

from collections.abc import Callable

from ..conditions import (
    AgeAtLeast,
    AgeUnder,
    AllOf,
    Answered,
    AnyOf,
    AtLeast,
    Chosen,
    Condition,
    FlagRaised,
    LevelIs,
    Not,
    PolicyApplies,
    Use,
)
from ..content import Catalogue, Fact, Review, Source
from ..handout import ClosingLine, HandoutLine, HandoutRules, Withholding
from ..patterns import Clue, PatternRule
from ..questionnaire import Item, ItemType, Option, Questionnaire, Section
from ..red_flags import FlagRule, Level, PolicyRule, RedFlagRules
from .document_set import BODY_REGIONS, RATINGS, Documents
from .documents import ConditionDoc, ItemDoc, OptionDoc, SectionDoc
from .rule_documents import ClueDoc, HandoutLineDoc, PatternDoc, WithholdingDoc


def compile_documents(docs: Documents) -> Catalogue:
    """The frozen catalogue. The files must have passed every check."""
    return _Compiler(docs).catalogue()


class _Compiler:
    def __init__(self, docs: Documents) -> None:
        self._docs = docs
        self._chart = next(item.id for _, _, item in docs.items() if item.type == "body_chart")
        self._groups = {group.id: frozenset(group.regions) for group in docs.lists[BODY_REGIONS].groups}
        self._builders: dict[str, Callable[[ConditionDoc], Condition]] = {
            "any": lambda doc: AnyOf(tuple(map(self._condition, doc.any_ or ()))),
            "all": lambda doc: AllOf(tuple(map(self._condition, doc.all_ or ()))),
            "item": self._about_item,
            "region": lambda doc: Chosen(self._chart, self._groups[str(doc.region)], doc.region),
            "answered": lambda doc: Answered(str(doc.answered)),
            "age_under": lambda doc: AgeUnder(doc.age_under or 0),
            "age_at_least": lambda doc: AgeAtLeast(doc.age_at_least or 0),
            "use": lambda doc: Use(str(doc.use)),
            "flag": lambda doc: FlagRaised(str(doc.flag)),
            "level": lambda doc: LevelIs(str(doc.level)),
            "policy": lambda doc: PolicyApplies(str(doc.policy)),
        }

    def catalogue(self) -> Catalogue:
        docs = self._docs
        definitions = {name: self._condition(doc) for name, doc in docs.red_flags.definitions.items()}
        return Catalogue(
            questionnaire=self._questionnaire(definitions),
            red_flags=self._red_flags(definitions),
            patterns=tuple(map(self._pattern, docs.patterns.patterns)),
            handout=self._handout(),
            facts={fact.id: Fact(fact.id, fact.answerable, fact.text) for fact in docs.facts.facts},
            sources={doc.id: Source(doc.id, doc.citation, doc.checked) for doc in docs.sources.sources},
            reviews={
                file: Review(file, doc.version, doc.reviewed_by, doc.reviewed_on)
                for file, doc in docs.by_file().items()
            },
            documents=docs.texts,
        )

    def _questionnaire(self, definitions: dict[str, Condition]) -> Questionnaire:
        manifest = self._docs.manifest
        return Questionnaire(
            manifest.id,
            self._docs.version,
            manifest.title,
            manifest.language,
            manifest.birth_date_item,
            tuple(self._section(section) for _, _, section in self._docs.ordered_sections()),
            definitions,
        )

    def _condition(self, doc: ConditionDoc) -> Condition:
        if doc.not_:
            return Not(self._condition(doc.not_))
        return self._builders[doc.kind](doc)

    def _optional(self, doc: ConditionDoc | None) -> Condition | None:
        return self._condition(doc) if doc else None

    def _about_item(self, doc: ConditionDoc) -> Condition:
        if doc.at_least is not None:
            return AtLeast(str(doc.item), doc.at_least)
        return Chosen(str(doc.item), frozenset(doc.answer or ()))

    def _section(self, doc: SectionDoc) -> Section:
        items = tuple(self._item(item, doc.id) for item in doc.items)
        return Section(doc.id, doc.title, doc.when, doc.intro, self._optional(doc.show_if), items)

    def _item(self, doc: ItemDoc, section: str) -> Item:
        ratings = self._docs.lists[RATINGS].options if doc.type == "rated_list" else []
        return Item(
            id=doc.id,
            key=doc.key,
            section=section,
            ask=doc.ask,
            type=ItemType(doc.type),
            required=doc.required,
            help=doc.help,
            options=_options(self._docs.options_of(doc)),
            ratings=_options(ratings),
            show_if=self._optional(doc.show_if),
            facts=tuple(doc.facts),
            beyond=tuple(doc.beyond),
            loinc=doc.loinc,
            min=getattr(doc, "min", None),
            max=getattr(doc, "max", None),
            max_length=getattr(doc, "max_length", None),
            rows=getattr(doc, "rows", None),
            asks_again=getattr(doc, "asks_again", None),
        )

    def _red_flags(self, definitions: dict[str, Condition]) -> RedFlagRules:
        flags = tuple(
            FlagRule(
                flag.id,
                Level(flag.level),
                flag.title,
                self._condition(flag.when),
                flag.patient_reads or "",
                flag.therapist_reads or "",
                tuple(flag.sources),
            )
            for flag in self._docs.red_flags.flags
        )
        policies = tuple(
            PolicyRule(policy.id, policy.title, self._condition(policy.when), policy.patient_reads)
            for policy in self._docs.policies.policies
        )
        return RedFlagRules(flags, policies, definitions)

    def _pattern(self, doc: PatternDoc) -> PatternRule:
        return PatternRule(
            doc.id,
            doc.title,
            doc.note or "",
            doc.at_least,
            self._optional(doc.must),
            tuple(map(self._clue, doc.support)),
            tuple(map(self._clue, doc.against)),
        )

    def _clue(self, doc: ClueDoc) -> Clue:
        return Clue(doc.label, self._condition(doc.when), tuple(doc.sources))

    def _handout(self) -> HandoutRules:
        doc = self._docs.handout
        return HandoutRules(
            doc.heading,
            doc.intro,
            doc.left_out_note,
            self._withholdings(doc.withhold_all),
            self._withholdings(doc.withhold_all_stretches),
            tuple(map(self._line, doc.stretches)),
            tuple(map(self._line, doc.tips)),
            tuple(ClosingLine(line.text, tuple(line.facts)) for line in doc.closing),
        )

    def _line(self, doc: HandoutLineDoc) -> HandoutLine:
        show_only = self._optional(doc.show_only)
        return HandoutLine(doc.id, doc.title, doc.text, doc.fact, show_only, self._withholdings(doc.withhold))

    def _withholdings(self, docs: list[WithholdingDoc]) -> tuple[Withholding, ...]:
        return tuple(Withholding(doc.because, self._condition(doc.when), tuple(doc.sources)) for doc in docs)


def _options(docs: list[OptionDoc]) -> tuple[Option, ...]:
    return tuple(Option(doc.id, doc.label, doc.short, doc.exclusive) for doc in docs)
