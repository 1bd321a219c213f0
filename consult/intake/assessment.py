"""Answers in, everything that follows from them out: flags, hints, handout."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from .answers import Answers
from .conditions import Facts
from .content import Catalogue
from .handout import Handout, compose_handout
from .patterns import Clue, PatternMatch, match_patterns
from .questionnaire import live_answers, patient_age
from .reading import refuse_unknown_items
from .red_flags import TriageOutcome, assess_flags

STAGES: Mapping[str, frozenset[str]] = {
    "screen": frozenset({"before_payment", "booking"}),
    "intake": frozenset({"before_payment", "booking", "intake"}),
    "recheck": frozenset({"before_payment", "booking", "intake", "recheck"}),
}
"""Which sections, by their `when`, are known at a stage: a later stage never forgets a sign given earlier."""


@dataclass(frozen=True)
class Assessment:
    outcome: TriageOutcome
    patterns: tuple[PatternMatch, ...]
    handout: Handout


def assess(
    catalogue: Catalogue, answers: Answers, on: date, stage: str | None = None, age: int | None = None
) -> Assessment:
    """What these canonical answers mean on that day; the same answers always mean the same.

    Without a stage all answers are considered. A sign ticked in the recheck counts as that sign, beside those
    of the screen; the follow-ups it opens are those of the screen, and the latest answer to each counts.
    `age` stands in for a birth date. Raises UnknownItems; KeyError for an unknown stage.
    """
    questionnaire = catalogue.questionnaire
    refuse_unknown_items(questionnaire, answers)
    considered = _known_at(stage, catalogue, answers)
    years = patient_age(questionnaire, considered, on) if age is None else age
    live = live_answers(questionnaire, considered, on, years)
    facts = Facts(live, years, catalogue.red_flags.definitions)
    outcome = assess_flags(catalogue.red_flags, questionnaire, facts)
    handout = compose_handout(catalogue.handout, outcome.added_to(facts))
    return Assessment(outcome, match_patterns(catalogue.patterns, facts), handout)


def as_json(assessment: Assessment) -> dict[str, Any]:
    """The shape that `forms assess` prints; plain values only."""
    outcome = assessment.outcome
    return {
        "level": outcome.level.value,
        "booking": outcome.disposition.value,
        "flags": [
            {
                "id": flag.id,
                "level": flag.level.value,
                "rule": flag.rule,
                "answers": [
                    {"item": quote.item_id, "ask": quote.ask, "answer": quote.text} for quote in flag.answers
                ],
                "sources": list(flag.sources),
            }
            for flag in outcome.flags
        ],
        "policies": [policy.id for policy in outcome.policies],
        "patterns": [
            {"id": match.id, "fits": _clues(match.fits), "against": _clues(match.against)}
            for match in assessment.patterns
        ],
        "handout": _handout_json(assessment.handout),
    }


def _handout_json(handout: Handout) -> dict[str, Any]:
    return {
        "shown": handout.shown,
        "stretches": [line.id for line in handout.stretches],
        "tips": [line.id for line in handout.tips],
        "withheld": [{"id": withheld.id, "because": withheld.because} for withheld in handout.withheld],
    }


def _clues(clues: tuple[Clue, ...]) -> list[str]:
    return [f"{clue.label} ({', '.join(clue.sources)})" for clue in clues]


def _known_at(stage: str | None, catalogue: Catalogue, answers: Answers) -> Answers:
    if stage is None:
        return answers
    sections = {section.id for section in catalogue.questionnaire.sections if section.when in STAGES[stage]}
    items = catalogue.questionnaire.items
    return {item_id: value for item_id, value in answers.items() if items[item_id].section in sections}
