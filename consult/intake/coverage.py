"""Where every question and rule comes from, and what uses every fact: for the clinician who signs off."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .content import Catalogue


@dataclass(frozen=True)
class Use:
    """One place that rests on a fact or source. `text` is what the patient is asked or told, if anything."""

    kind: str
    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Covered:
    """A fact of the article or another source, and everything that rests on it."""

    id: str
    text: str
    uses: Sequence[Use]


def fact_coverage(catalogue: Catalogue) -> list[Covered]:
    """Every fact of the article, in its order, used or not."""
    uses = list(_uses(catalogue))
    return [Covered(fact.id, fact.text, _of(uses, fact.id)) for fact in catalogue.facts.values()]


def source_coverage(catalogue: Catalogue) -> list[Covered]:
    """Every source beyond the article."""
    uses = list(_uses(catalogue))
    return [
        Covered(source.id, source.citation, _of(uses, source.id)) for source in catalogue.sources.values()
    ]


def _of(uses: Sequence[tuple[frozenset[str], Use]], source_id: str) -> list[Use]:
    return [use for sources, use in uses if source_id in sources]


def _uses(catalogue: Catalogue) -> Iterator[tuple[frozenset[str], Use]]:
    for item in catalogue.questionnaire.items.values():
        yield _ids(item.facts + item.beyond), Use("question", item.id, item.key, item.ask)
    for flag in catalogue.red_flags.flags:
        yield _ids(flag.sources), Use(f"{flag.level} flag", flag.id, flag.title, flag.patient_text)
    for pattern in catalogue.patterns:
        clues = (*pattern.support, *pattern.against)
        sources = _ids(tuple(source for clue in clues for source in clue.sources))
        yield sources, Use("hint", pattern.id, pattern.title, "")
    for line in (*catalogue.handout.stretches, *catalogue.handout.tips):
        reasons = tuple(source for withholding in line.withhold for source in withholding.sources)
        yield _ids((line.fact, *reasons)), Use("handout", line.id, line.title, line.text)
    for closing in catalogue.handout.closing:
        yield _ids(closing.facts), Use("handout", "closing", "When to get help", closing.text)


def _ids(sources: Sequence[str]) -> frozenset[str]:
    """Parts of a fact, such as A38a, count as the fact."""
    return frozenset(
        source[:-1] if source[:1] == "A" and source[-1:].islower() and source[1:-1].isdigit() else source
        for source in sources
    )
