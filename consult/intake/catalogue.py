"""Loads the form files as one frozen catalogue, or says every fault in them."""

from pathlib import Path
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
from .files.yaml_source import Fault, FormFaults, YamlSource, read_yaml

__all__ = ["Catalogue", "Fault", "FormFaults", "load_catalogue"]

_Doc = TypeVar("_Doc", bound=FileDoc)
_LISTS = (names.BODY_REGIONS, names.YES_NO, names.RATINGS)


def load_catalogue(folder: Path) -> Catalogue:
    """Reads `intake_forms/`.

    Raises FormFaults with every fault, in two rounds: what is wrong with the shape of any file and, once the
    shapes are right, what is wrong between the files.
    """
    docs = _read_documents(folder)
    faults = [*check_documents(docs), *check_conditions(docs)]
    if faults:
        raise FormFaults(_sorted(faults))
    return compile_documents(docs)


class _Reader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.sources: dict[str, YamlSource] = {}
        self.faults: list[Fault] = []

    def read(self, file: str, shape: type[_Doc]) -> _Doc | None:
        """The file in that shape, None when it has another; its faults are kept."""
        source = self.sources[file] = read_yaml(self._folder, file)
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


def _read_documents(folder: Path) -> Documents:
    reader = _Reader(folder)
    manifest = reader.read(names.MANIFEST, ManifestDoc)
    form_files = manifest.files if manifest else _found(folder, "forms")
    forms = {file: reader.read(file, FormDoc) for file in form_files}
    for file in set(_found(folder, "forms")) - set(form_files):
        reader.faults.append(reader.sources[names.MANIFEST].fault(("files",), f"{file} is not listed"))
    list_files = {*_found(folder, "lists"), *(f"lists/{name}.yaml" for name in _LISTS)}
    lists = {Path(file).stem: reader.read(file, ListDoc) for file in sorted(list_files)}
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


def _found(folder: Path, kind: str) -> list[str]:
    return sorted(f"{kind}/{path.name}" for path in folder.glob(f"{kind}/*.yaml"))


def _sorted(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: (fault.file, fault.line, fault.message))
