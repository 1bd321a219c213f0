"""The one page before a session: flags first and whole, then the answers by topic. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from consult.intake.answers import AnswerValue, chosen
from consult.intake.assessment import Assessment, assess
from consult.intake.content import Catalogue
from consult.intake.patterns import PatternMatch
from consult.intake.questionnaire import Item, Option, patient_age, visible_items
from consult.intake.red_flags import Level, RaisedFlag

from .words import therapist_words

LEFT, RIGHT = "_l", "_r"
_NOT_FOR_THE_BODY = ("about", "consent", "recheck")


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
    """`serious` are emergency and urgent flags, never shortened; `other` the rest."""

    age: int | None
    serious: Sequence[RaisedFlag]
    other: Sequence[RaisedFlag]
    hints: Sequence[PatternMatch]
    regions: Sequence[Option]
    marked: frozenset[str]
    main_region: str | None
    side: str
    sections: Sequence[SectionRows]
    unanswered: Sequence[Item]
    assessment: Assessment


def build_summary(catalogue: Catalogue, answers: Mapping[str, AnswerValue], on: date) -> Summary:
    """`answers` are canonical, `on` the day they are read for."""
    questionnaire = catalogue.questionnaire
    assessment = assess(catalogue, answers, on=on)
    flags = assessment.outcome.flags
    visible = visible_items(questionnaire, answers, on=on)
    marked = chosen(answers.get("bm_regions"))
    main = answers.get("bm_main")
    return Summary(
        age=patient_age(questionnaire, answers, on),
        serious=[flag for flag in flags if flag.level >= Level.URGENT],
        other=[flag for flag in flags if flag.level < Level.URGENT],
        hints=assessment.patterns,
        regions=questionnaire.items["bm_regions"].options,
        marked=marked,
        main_region=main if isinstance(main, str) else None,
        side=side_pattern(marked),
        sections=[
            SectionRows(section.title, rows)
            for section in questionnaire.sections
            if (rows := _rows([item for item in visible if item.section == section.id], answers))
        ],
        unanswered=[
            item for item in visible if item.id not in answers and item.section not in _NOT_FOR_THE_BODY
        ],
        assessment=assessment,
    )


def side_pattern(marked: frozenset[str]) -> str:
    """Left, right, both or middle, out of the marked regions (article facts A2, A7); empty when none is."""
    left = any(region.endswith(LEFT) for region in marked)
    right = any(region.endswith(RIGHT) for region in marked)
    if left and right:
        return "both sides"
    if left or right:
        return "left side" if left else "right side"
    return "middle" if marked else ""


def _rows(items: Sequence[Item], answers: Mapping[str, AnswerValue]) -> list[Row]:
    return [
        Row(item, therapist_words(item, answers[item.id]), (*item.facts, *item.beyond))
        for item in items
        if item.id in answers
    ]
