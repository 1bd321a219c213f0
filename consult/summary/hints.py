"""Which pictures the answers fit, for the therapist only, with the answers that tell most. Pure."""

from dataclasses import dataclass

from consult.intake.conditions import Evidence, evidence
from consult.intake.patterns import Clue, PatternMatch

from .reading import Reading

SHOWN = 4
STRONGEST = 2


@dataclass(frozen=True)
class Hint:
    """`fits` and `against` are counts. `mixed`: another hint stands at the same rank, so neither leads."""

    id: str
    title: str
    note: str
    fits: int
    against: int
    mixed: bool
    strongest_fits: tuple[Clue, ...]
    strongest_against: tuple[Clue, ...]

    @property
    def width(self) -> int:
        clues = (*self.strongest_fits, *self.strongest_against)
        said = sum(len(" ".join((clue.label, *clue.sources))) + 2 for clue in clues)
        return len(self.title) + len(": 10 fit (, +8), 10 against (, +8). Mixed.") + said + len(self.note)


def ranked_hints(reading: Reading) -> tuple[Hint, ...]:
    """All hints the answers give, best first."""
    matches = reading.assessment.patterns
    return tuple(_hint(match, [other for other in matches if other != match], reading) for match in matches)


def _hint(match: PatternMatch, others: list[PatternMatch], reading: Reading) -> Hint:
    return Hint(
        match.id,
        match.title,
        match.note,
        len(match.fits),
        len(match.against),
        match.mixed,
        _strongest(
            match.fits, [other.against for other in others], [other.fits for other in others], reading
        ),
        _strongest(
            match.against, [other.fits for other in others], [other.against for other in others], reading
        ),
    )


def _strongest(
    clues: tuple[Clue, ...],
    opposed: list[tuple[Clue, ...]],
    shared: list[tuple[Clue, ...]],
    reading: Reading,
) -> tuple[Clue, ...]:
    """The answers that set a hint apart from the others listed: each of those that the same answer counts the
    opposite way for adds one, each that it counts the same way for takes one off. The order of the rules
    decides between equals.
    """

    def apart(clue: Clue) -> int:
        return _counted_in(opposed, clue, reading) - _counted_in(shared, clue, reading)

    return tuple(sorted(clues, key=apart, reverse=True)[:STRONGEST])


def _counted_in(hints: list[tuple[Clue, ...]], clue: Clue, reading: Reading) -> int:
    answer = _answers(clue, reading)
    return sum(any(answer & _answers(other, reading) for other in clues) for clues in hints)


def _answers(clue: Clue, reading: Reading) -> set[tuple[str | None, str]]:
    found: tuple[Evidence, ...] = evidence(clue.when, reading.facts)
    return {(said.item, option) for said in found for option in said.options or ("",)}
