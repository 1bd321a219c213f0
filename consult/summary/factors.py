"""What adds to the pain and can be changed, out of the patient's own answers. Pure.

Older age is context, not changeable (A36), and weight counts only when the patient says so.
"""

from dataclasses import dataclass

from consult.intake.conditions import AnyOf, AtLeast, Chosen, Condition, items_named

from . import items
from .lines import Line, Part, line
from .reading import Reading

STRESSED = 7
"""Of 10; the same bound as the flag for high stress."""


@dataclass(frozen=True)
class Factor:
    """`facts`: the article's, with the letter of the list item it is. `quoted`: the question whose answer,
    completed by `unit`, says how much.
    """

    name: str
    when: Condition
    facts: tuple[str, ...]
    quoted: str | None = None
    unit: str = ""


def _said(item: str, *options: str) -> Chosen:
    return Chosen(item, frozenset(options))


def _or(*conditions: Condition) -> AnyOf:
    return AnyOf(conditions)


FACTORS = (
    Factor("smoking", _said(items.SMOKES, "some", "daily"), ("A37f", "A70"), items.SMOKES),
    Factor("long sitting", _said(items.SITS, "h4_8", "gt8"), ("A37e", "A59"), items.SITS, " hours a day"),
    Factor("long driving", _said(items.DRIVES, "yes"), ("A37e",)),
    Factor(
        "repeated movements",
        _or(_said(items.REPEATS, "yes"), _said(items.EVENT, "repeat"), _said(items.WORSE_WITH, "repeat")),
        ("A37d", "A57"),
    ),
    Factor(
        "heavy or wrong lifting",
        _or(_said(items.LIFTS, "yes"), _said(items.EVENT, "lift", "lifttwist")),
        ("A37a", "A56"),
    ),
    Factor("weight", _said(items.WEIGHT, "yes"), ("A37c", "A55")),
    Factor("low activity", _said(items.ACTIVE_DAYS, "d0"), ("A54",), items.ACTIVE_DAYS, " days a week"),
    Factor("slouching", _or(_said(items.SLOUCHES, "yes"), _said(items.WORSE_WITH, "slouch")), ("A58",)),
    Factor(
        "stress",
        _or(AtLeast(items.STRESS, STRESSED), _said(items.WORSE_WITH, "stress")),
        ("A60",),
        items.STRESS,
    ),
    Factor("high heels", _said(items.SHOES, "high"), ("A68",)),
)


def found_factors(reading: Reading) -> tuple[Part, ...]:
    """In the article's order, each with the answer that shows it."""
    return tuple(
        Part(_worded(factor, reading), factor.facts) for factor in FACTORS if factor.when.holds(reading.facts)
    )


def untold_factors(reading: Reading) -> tuple[str, ...]:
    """Factors nobody can tell yet: not found, and a question behind them has no answer."""
    return tuple(
        factor.name
        for factor in FACTORS
        if not factor.when.holds(reading.facts) and _has_gap(factor.when, reading)
    )


def factor_lines(reading: Reading) -> tuple[Line, ...]:
    """What was found, and what is not answered; that none was found is said of answered questions only."""
    found, untold = found_factors(reading), untold_factors(reading)
    if len(untold) == len(FACTORS):
        return (Line("Found", ()),)
    gaps = (line("Not answered", untold),) if untold else ()
    return (Line("Found", found or (Part("none among the answers given"),)), *gaps)


def _has_gap(condition: Condition, reading: Reading) -> bool:
    questions = items_named(condition, reading.facts.definitions)
    return any(
        reading.value(item) is None or reading.has(item, items.RATHER_NOT_SAY)
        for item in questions
        if reading.was_asked(item)
    )


def _worded(factor: Factor, reading: Reading) -> str:
    if factor.quoted is None:
        return factor.name
    return f"{factor.name} ({reading.words(factor.quoted)}{factor.unit})"
