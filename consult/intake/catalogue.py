"""Reads the form files as one frozen catalogue, or says every fault in them."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .content import Catalogue
from .files import document_set as names
from .files.checks import check_documents
from .files.compiling import compile_documents
from .files.condition_checks import check_conditions
from .files.document_set import Documents
from .files.documents import FileDoc, FormDoc, ListDoc, ManifestDoc
from .files.rule_documents import (
    ConditionNamesDoc,
    FactsDoc,
    HandoutDoc,
    PatternsDoc,
    PoliciesDoc,
    RedFlagsDoc,
    SourcesDoc,
)
from .files.yaml_source import Fault, FormFaults, YamlSource, parse_yaml, read_text

__all__ = ["Catalogue", "Fault", "FormFaults", "kept_catalogue", "load_catalogue"]

_Doc = TypeVar("_Doc", bound=FileDoc)
_LISTS = (names.BODY_REGIONS, names.YES_NO, names.RATINGS)


def load_catalogue(folder: Path) -> Catalogue:
    """Reads `intake_forms/`.

    Raises FormFaults with every fault, in two rounds: what is wrong with the shape of any file and, once the
    shapes are right, what is wrong between the files.
    """
    docs = _read_documents(_texts(folder))
    faults = [*check_documents(docs), *check_conditions(docs)]
    if faults:
        raise FormFaults(_sorted(faults))
    return compile_documents(docs)


def kept_catalogue(texts: Mapping[str, str]) -> Catalogue:
    """Reads files, text by name, that were a catalogue once (`Catalogue.documents`).

    What is wrong between them was checked then and is not again: a check that became stricter since must not
    make answers unreadable. Raises FormFaults for files that do not have the shape any more.
    """
    return compile_documents(_read_documents(texts))


def _texts(folder: Path) -> dict[str, str]:
    texts = {path.relative_to(folder).as_posix(): read_text(path) for path in folder.rglob("*.yaml")}
    return {file: text for file, text in texts.items() if text is not None}


class _Reader:
    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self.sources: dict[str, YamlSource] = {}
        self.faults: list[Fault] = []

    def read(self, file: str, shape: type[_Doc]) -> _Doc | None:
        """The file in that shape, None when it has another; its faults are kept."""
        source = self.sources[file] = parse_yaml(file, self._texts.get(file))
        self.faults += source.faults
        if not isinstance(source.data, dict):
            return None
        try:
            return shape.model_validate(source.data)
        except ValidationError as error:
            self.faults += [source.fault(found["loc"], _message(found)) for found in error.errors()]
            return None


def _message(found: ErrorDetails) -> str:
    return f"the key {found['loc'][-1]} is missing" if found["type"] == "missing" else found["msg"]


def _read_documents(texts: Mapping[str, str]) -> Documents:
    reader = _Reader(texts)
    manifest = reader.read(names.MANIFEST, ManifestDoc)
    form_files = manifest.files if manifest else _found(texts, "forms")
    forms = {file: reader.read(file, FormDoc) for file in form_files}
    for file in set(_found(texts, "forms")) - set(form_files):
        reader.faults.append(reader.sources[names.MANIFEST].fault(("files",), f"{file} is not listed"))
    list_files = {*_found(texts, "lists"), *(f"lists/{name}.yaml" for name in _LISTS)}
    lists = {PurePosixPath(file).stem: reader.read(file, ListDoc) for file in sorted(list_files)}
    red_flags = reader.read(names.RED_FLAGS, RedFlagsDoc)
    policies = reader.read(names.POLICIES, PoliciesDoc)
    patterns = reader.read(names.PATTERNS, PatternsDoc)
    handout = reader.read(names.HANDOUT, HandoutDoc)
    facts = reader.read(names.FACTS, FactsDoc)
    sources = reader.read(names.SOURCES, SourcesDoc)
    condition_names = reader.read(names.CONDITION_NAMES, ConditionNamesDoc)
    if reader.faults or not (
        manifest and red_flags and policies and patterns and handout and facts and sources and condition_names
    ):
        raise FormFaults(_sorted(reader.faults))
    return Documents(
        {file: texts[file] for file in sorted(reader.sources)},
        reader.sources,
        manifest,
        {file: form for file, form in forms.items() if form},
        {name: listed for name, listed in lists.items() if listed},
        red_flags,
        policies,
        patterns,
        handout,
        facts,
        sources,
        condition_names,
    )


def _found(texts: Mapping[str, str], kind: str) -> list[str]:
    return sorted(file for file in texts if PurePosixPath(file).parent.as_posix() == kind)


def _sorted(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: (fault.file, fault.line, fault.message))
