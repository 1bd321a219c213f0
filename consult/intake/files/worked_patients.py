"""Reads the worked patients: facts by the keys and short words of the form, turned into ids and checked."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from ..answers import AnswerValue
from ..content import Catalogue
from ..questionnaire import Item
from ..reading import AnswerRefused, read_answer
from ..red_flags import Disposition, Level
from ..worked_patients import ALL_STRETCHES, EVERYTHING, Expected, WorkedPatient
from .documents import Doc, Text
from .yaml_source import Fault, FormFaults, KeyPath, YamlSource, read_yaml

FILE = "worked_patients.json"
_AGE = "age"

_Level = Literal["emergency", "urgent", "caution", "info", "none"]
_Name = Annotated[str, StringConstraints(pattern=r"^[0-9]+[a-z]? \S")]


class _ExpectDoc(Doc):
    level: _Level
    booking: Literal["stop", "continue_after_reading", "continue"]
    flags: list[Text]
    flag_levels: dict[Text, _Level]
    flags_absent: list[Text] = Field(default_factory=list)
    patterns: list[Text] = Field(default_factory=list)
    patterns_absent: list[Text] = Field(default_factory=list)
    handout_excludes: list[Text]
    handout_includes: list[Text] = Field(default_factory=list)
    handout_may_exclude: list[Text] = Field(default_factory=list)
    patient_must_see: list[Text] = Field(default_factory=list)
    patient_must_not_see: list[Text] = Field(default_factory=list)
    therapist_note_must_say: Text | None = None
    note: Text | None = None


class _PatientDoc(Doc):
    """`name` is an id and a description; `facts` are item key -> short word, list of them, number or text."""

    name: _Name
    facts: dict[Text, Annotated[int | str | list[Text], Field(union_mode="left_to_right")]]
    expect: _ExpectDoc


_PATIENTS = TypeAdapter(list[_PatientDoc])


def load_worked_patients(folder: Path, catalogue: Catalogue) -> tuple[WorkedPatient, ...]:
    """Those of the folder the catalogue was read from, in file order. Raises FormFaults with every fault."""
    source = read_yaml(folder, FILE, top=list)
    if source.faults:
        raise FormFaults(source.faults)
    try:
        docs = _PATIENTS.validate_python(source.data)
    except ValidationError as error:
        raise FormFaults([_fault(source, found) for found in error.errors()]) from None
    reader = _Reader(source, catalogue)
    patients = tuple(reader.patient(position, doc) for position, doc in enumerate(docs))
    if reader.faults:
        raise FormFaults(sorted(reader.faults, key=lambda fault: fault.line))
    return patients


def _fault(source: YamlSource, found: ErrorDetails) -> Fault:
    missing = found["type"] == "missing"
    return source.fault(found["loc"], f"the key {found['loc'][-1]} is missing" if missing else found["msg"])


class _Reader:
    """Keeps every fault; what it returns is of use only when there is none."""

    def __init__(self, source: YamlSource, catalogue: Catalogue) -> None:
        self._source = source
        self._catalogue = catalogue
        self._items = {item.key: item for item in catalogue.questionnaire.items.values()}
        self._seen: set[str] = set()
        self.faults: list[Fault] = []

    def patient(self, position: int, doc: _PatientDoc) -> WorkedPatient:
        patient_id, _, description = doc.name.partition(" ")
        if patient_id in self._seen:
            self._fault((position, "name"), f"the id {patient_id} is used a second time")
        self._seen.add(patient_id)
        for path, message in self._unknown_ids(doc.expect):
            self._fault((position, "expect", *path), message)
        age = doc.facts.get(_AGE)
        return WorkedPatient(
            id=patient_id,
            description=description,
            line=self._source.lines[(position,)],
            age=age if isinstance(age, int) else None,
            answers=dict(self._answers(position, doc.facts)),
            expected=_expected(doc.expect),
        )

    def _answers(self, position: int, facts: Mapping[str, object]) -> Iterator[tuple[str, AnswerValue]]:
        for key, said in facts.items():
            path: KeyPath = (position, "facts", key)
            if key == _AGE:
                if not isinstance(said, int):
                    self._fault(path, "the age is a whole number of years")
            elif key not in self._items:
                self._fault(path, f"no question has the key {key}")
            else:
                value = self._answer(self._items[key], said, path)
                if value is not None:
                    yield self._items[key].id, value

    def _answer(self, item: Item, said: object, path: KeyPath) -> AnswerValue | None:
        ids: dict[object, object] = {option.short: option.id for option in item.options}
        words: list[object] = said if isinstance(said, list) else [said]
        if unknown := [word for word in words if item.options and word not in ids]:
            self._fault(path, f"{item.id} has no answer {', '.join(map(str, unknown))}")
            return None
        chosen = [ids.get(word, word) for word in words]
        try:
            return read_answer(item, chosen if isinstance(said, list) else chosen[0])
        except AnswerRefused as refused:
            self._fault(path, str(refused))
            return None

    def _unknown_ids(self, expect: _ExpectDoc) -> Iterator[tuple[KeyPath, str]]:
        catalogue = self._catalogue
        handout = catalogue.handout
        flags = {flag.id for flag in catalogue.red_flags.flags}
        hints = {pattern.id for pattern in catalogue.patterns}
        lines = {line.id for line in (*handout.stretches, *handout.tips)}
        known = {
            "flags": flags,
            "flags_absent": flags,
            "patterns": hints,
            "patterns_absent": hints,
            "handout_excludes": lines | {EVERYTHING, ALL_STRETCHES},
            "handout_includes": lines,
            "handout_may_exclude": lines,
        }
        for key, ids in known.items():
            for n, named in enumerate(getattr(expect, key)):
                if named not in ids:
                    yield (key, n), f"unknown id {named}"
        if set(expect.flags) != set(expect.flag_levels):
            yield ("flag_levels",), "give the level of each of the flags, and of no other"

    def _fault(self, path: KeyPath, message: str) -> None:
        self.faults.append(self._source.fault(path, message))


def _expected(doc: _ExpectDoc) -> Expected:
    return Expected(
        level=Level(doc.level),
        booking=Disposition(doc.booking),
        flags={flag: Level(doc.flag_levels[flag]) for flag in doc.flags if flag in doc.flag_levels},
        flags_absent=tuple(doc.flags_absent),
        patterns=tuple(doc.patterns),
        patterns_absent=tuple(doc.patterns_absent),
        handout_excludes=tuple(doc.handout_excludes),
        handout_includes=tuple(doc.handout_includes),
        handout_may_exclude=tuple(doc.handout_may_exclude),
        patient_must_see=tuple(doc.patient_must_see),
        patient_must_not_see=tuple(doc.patient_must_not_see),
        therapist_note_must_say=doc.therapist_note_must_say or "",
        note=doc.note or "",
    )
