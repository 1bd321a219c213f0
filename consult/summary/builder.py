"""The one page before a session: flags first and whole, then the answers by topic. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from consult.intake.answers import AnswerValue, chosen
from consult.intake.assessment import Assessment, assess
from consult.intake.content import Catalogue
from consult.intake.questionnaire import Item, Option

from . import items
from .changes import changes_since
from .flags import FlagLine, flag_lines
from .lines import NOT_ANSWERED
from .numbers import side_pattern
from .overflow import fit
from .reading import Reading, read
from .sheet import Sheet, strip_texts, whole_sheet
from .words import therapist_words

RULES = "rules/red_flags.yaml"


@dataclass(frozen=True)
class FormerAnswers:
    """Canonical answers of an earlier visit, and the form they were given in."""

    catalogue: Catalogue
    answers: Mapping[str, AnswerValue]


@dataclass(frozen=True)
class Row:
    """One answered question; `sources` are article facts and source keys the question rests on."""

    item: Item
    answer: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class SectionRows:
    title: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Summary:
    """`serious` are emergency and urgent flags, never shortened; `other` the rest, whole as well.

    `sections` are all answers, for the screen; `sheet` is what fits on paper.
    """

    age: int | None
    access: str
    filled_in_by: str
    rules_version: str
    serious: Sequence[FlagLine]
    other: Sequence[FlagLine]
    regions: Sequence[Option]
    marked: frozenset[str]
    main_region: str | None
    side: str
    sheet: Sheet
    sections: Sequence[SectionRows]
    assessment: Assessment


def build_summary(
    catalogue: Catalogue,
    answers: Mapping[str, AnswerValue],
    on: date,
    former: FormerAnswers | None = None,
    notices: Sequence[str] = (),
) -> Summary:
    """`answers` are canonical, `on` the day they are read for, `former` the answers of the last visit.

    `notices` are texts that stand among the flags besides (former safety answers) and take room on the page.
    Raises UnknownItems.
    """
    reading = read(catalogue, answers, on)
    flags = flag_lines(reading, _screened(catalogue, answers, on))
    marked = chosen(reading.value(items.PLACES))
    main = reading.value(items.MAIN_PLACE)
    side = side_pattern(marked)
    changes = changes_since(read(former.catalogue, former.answers, on), reading) if former else None
    return Summary(
        age=reading.facts.age,
        access=reading.words(items.ACCESS),
        filled_in_by=reading.words(items.FILLED_IN_BY),
        rules_version=catalogue.reviews[RULES].version,
        serious=[flag for flag in flags if flag.serious],
        other=[flag for flag in flags if not flag.serious],
        regions=reading.item(items.PLACES).options,
        marked=marked,
        main_region=main if isinstance(main, str) else None,
        side=side,
        sheet=fit(whole_sheet(reading, side, changes), flags, strip_texts(reading), notices),
        sections=_sections(reading, answers),
        assessment=reading.assessment,
    )


def _screened(catalogue: Catalogue, answers: Mapping[str, AnswerValue], on: date) -> frozenset[str]:
    outcome = assess(catalogue, answers, on=on, stage="screen").outcome
    return frozenset(flag.id for flag in outcome.flags)


def _sections(reading: Reading, answers: Mapping[str, AnswerValue]) -> list[SectionRows]:
    """All that was given to open questions, as it was given."""
    by_section = {
        section.title: _rows([item for item in reading.open if item.section == section.id], answers)
        for section in reading.catalogue.questionnaire.sections
    }
    return [SectionRows(title, rows) for title, rows in by_section.items() if rows]


def _rows(asked: Sequence[Item], answers: Mapping[str, AnswerValue]) -> list[Row]:
    return [
        Row(item, therapist_words(item, answers[item.id]) or NOT_ANSWERED, (*item.facts, *item.beyond))
        for item in asked
        if item.id in answers
    ]
