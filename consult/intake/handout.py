"""The page of tips a patient gets before the visit: which of the article's stretches and tips, or why not."""

from collections.abc import Iterable
from dataclasses import dataclass

from .conditions import Condition, Facts


@dataclass(frozen=True)
class Withholding:
    """A reason to leave something out. `because` is for the therapist; the patient is not told it."""

    because: str
    when: Condition
    sources: tuple[str, ...]


@dataclass(frozen=True)
class HandoutLine:
    """A stretch or a tip. `title` and `text` are for the patient; `show_only` says whom it concerns."""

    id: str
    title: str
    text: str
    fact: str
    show_only: Condition | None
    withhold: tuple[Withholding, ...]


@dataclass(frozen=True)
class ClosingLine:
    """Shown under every handout: when to get help."""

    text: str
    facts: tuple[str, ...]


@dataclass(frozen=True)
class HandoutRules:
    heading: str
    intro: str
    left_out_note: str
    withhold_all: tuple[Withholding, ...]
    withhold_all_stretches: tuple[Withholding, ...]
    stretches: tuple[HandoutLine, ...]
    tips: tuple[HandoutLine, ...]
    closing: tuple[ClosingLine, ...]


@dataclass(frozen=True)
class Withheld:
    """`because` joins every reason that holds."""

    id: str
    because: str


@dataclass(frozen=True)
class Handout:
    """`shown` False: no handout at all, and every line is among the withheld."""

    shown: bool
    stretches: tuple[HandoutLine, ...]
    tips: tuple[HandoutLine, ...]
    withheld: tuple[Withheld, ...]


def compose_handout(rules: HandoutRules, facts: Facts) -> Handout:
    """What goes on the page; `facts` must know the outcome (TriageOutcome.added_to)."""
    for_all = _reasons(rules.withhold_all, facts)
    for_stretches = for_all or _reasons(rules.withhold_all_stretches, facts)
    withheld: list[Withheld] = []
    stretches = _kept(rules.stretches, for_stretches, facts, withheld)
    tips = _kept(rules.tips, for_all, facts, withheld)
    return Handout(not for_all, stretches, tips, tuple(withheld))


def _kept(
    lines: Iterable[HandoutLine], for_all: list[str], facts: Facts, withheld: list[Withheld]
) -> tuple[HandoutLine, ...]:
    kept = []
    for line in lines:
        if line.show_only and not line.show_only.holds(facts):
            continue
        reasons = for_all or _reasons(line.withhold, facts)
        if reasons:
            withheld.append(Withheld(line.id, "; ".join(reasons)))
        else:
            kept.append(line)
    return tuple(kept)


def _reasons(withholdings: Iterable[Withholding], facts: Facts) -> list[str]:
    return [withholding.because for withholding in withholdings if withholding.when.holds(facts)]
