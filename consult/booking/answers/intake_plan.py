"""Which topics of the intake form this patient is asked, and which comes next. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from consult.intake.answers import AnswerValue
from consult.intake.questionnaire import Questionnaire, Section, missing_items, visible_items

_ASKED_AFTER_BOOKING = ("intake", "recheck")


def intake_sections(
    questionnaire: Questionnaire, answers: Mapping[str, AnswerValue], on: date
) -> list[Section]:
    """The topics that these answers open, in order."""
    open_sections = {item.section for item in visible_items(questionnaire, answers, on=on)}
    return [
        section
        for section in questionnaire.sections
        if section.when in _ASKED_AFTER_BOOKING and section.id in open_sections
    ]


def next_section(
    questionnaire: Questionnaire,
    answers: Mapping[str, AnswerValue],
    done: Collection[str],
    on: date,
) -> Section | None:
    """The first topic never finished, or opened again by a later answer; None when all are finished."""
    for section in intake_sections(questionnaire, answers, on):
        if section.id not in done or missing_items(questionnaire, answers, [section.id], on):
            return section
    return None


def following(sections: Sequence[Section], section_id: str) -> Section | None:
    """The topic after this one; None after the last."""
    ids = [section.id for section in sections]
    position = ids.index(section_id) + 1
    return sections[position] if position < len(sections) else None
