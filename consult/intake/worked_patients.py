"""Patients worked out beforehand: what they answer and what must follow from it, held against the rules."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from .answers import Answers
from .assessment import Assessment, assess
from .content import Catalogue
from .questionnaire import Questionnaire
from .red_flags import Disposition, Level

EVERYTHING = "everything"
ALL_STRETCHES = "all stretches"
"""What `handout_excludes` may say beside ids of lines: no handout at all, none of its stretches."""


@dataclass(frozen=True)
class Expected:
    """`flags` are ids with their level. Further flags may be raised, unless above `level` or named in
    `flags_absent`. The handout is named by ids of its lines, the hints by theirs.

    `patient_must_see` and `patient_must_not_see` are said in words, for people who walk through the pages.
    """

    level: Level
    booking: Disposition
    flags: Mapping[str, Level]
    flags_absent: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    patterns_absent: tuple[str, ...] = ()
    handout_excludes: tuple[str, ...] = ()
    handout_includes: tuple[str, ...] = ()
    handout_may_exclude: tuple[str, ...] = ()
    patient_must_see: tuple[str, ...] = ()
    patient_must_not_see: tuple[str, ...] = ()
    therapist_note_must_say: str = ""
    note: str = ""


@dataclass(frozen=True)
class WorkedPatient:
    """`line` is where it stands in its file; `answers` are canonical and without a birth date."""

    id: str
    description: str
    line: int
    age: int | None
    answers: Answers
    expected: Expected

    def answers_on(self, questionnaire: Questionnaire, day: date) -> Answers:
        """The answers with a birth date that makes the patient of this age on that day."""
        if self.age is None:
            return self.answers
        return {questionnaire.birth_date_item: f"{day.year - self.age:04}-01-01", **self.answers}


@dataclass(frozen=True)
class Simulation:
    """What the rules make of a worked patient. `differences` say, in words, where that is not as expected.

    `before_payment` is what they make of the answers known then.
    """

    patient: WorkedPatient
    answers: Answers
    before_payment: Assessment
    assessment: Assessment
    differences: tuple[str, ...]


def simulate(catalogue: Catalogue, patient: WorkedPatient, on: date) -> Simulation:
    """The patient, held against these rules on that day. Raises UnknownItems."""
    answers = patient.answers_on(catalogue.questionnaire, on)
    assessment = assess(catalogue, answers, on=on)
    return Simulation(
        patient=patient,
        answers=answers,
        before_payment=assess(catalogue, answers, on=on, stage="screen"),
        assessment=assessment,
        differences=tuple(differences(patient.expected, assessment)),
    )


def differences(expected: Expected, found: Assessment) -> Iterator[str]:
    """Every way in which the outcome is not the expected one."""
    outcome = found.outcome
    if outcome.level is not expected.level:
        yield f"level {outcome.level}, expected {expected.level}"
    if outcome.disposition is not expected.booking:
        yield f"booking {outcome.disposition}, expected {expected.booking}"
    yield from _flag_differences(expected, {flag.id: flag.level for flag in outcome.flags})
    hints = {match.id for match in found.patterns}
    yield from (f"hint {hint} is missing" for hint in _lacking(expected.patterns, hints))
    yield from (f"hint {hint} is listed" for hint in expected.patterns_absent if hint in hints)
    notes = " ".join(match.note for match in found.patterns)
    if expected.therapist_note_must_say.lower() not in notes.lower():
        yield f"no hint says “{expected.therapist_note_must_say}”"
    yield from _handout_differences(expected, found)


def _flag_differences(expected: Expected, raised: Mapping[str, Level]) -> Iterator[str]:
    for flag, level in expected.flags.items():
        if flag not in raised:
            yield f"flag {flag} is missing"
        elif raised[flag] is not level:
            yield f"flag {flag} is {raised[flag]}, expected {level}"
    yield from (f"flag {flag} is raised" for flag in expected.flags_absent if flag in raised)


def _handout_differences(expected: Expected, found: Assessment) -> Iterator[str]:
    handout = found.handout
    stretches = [line.id for line in handout.stretches]
    shown = [*stretches, *(line.id for line in handout.tips)]
    unwanted: Mapping[str, Iterable[str]] = {
        EVERYTHING: ["a handout"] if handout.shown else [],
        ALL_STRETCHES: stretches,
    }
    for excluded in expected.handout_excludes:
        for line in unwanted.get(excluded, [excluded] if excluded in shown else []):
            yield f"handout shows {line}"
    yield from (f"handout leaves out {line}" for line in _lacking(expected.handout_includes, set(shown)))


def _lacking(wanted: Iterable[str], there: set[str]) -> list[str]:
    return [one for one in wanted if one not in there]
