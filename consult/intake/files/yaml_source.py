"""YAML 1.2 files with the line of every value, so that a fault can say where it is."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from consult.core.errors import ConsultError

Key: TypeAlias = str | int
KeyPath: TypeAlias = tuple[Key, ...]


@dataclass(frozen=True)
class Fault:
    """Something wrong in a form file; `line` counts from 1, `path` leads there by keys and list positions."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f" - {self.path}" if self.path else ""
        return f"{self.file} line {self.line}{where} - {self.message}"


@dataclass(eq=False)
class FormFaults(ConsultError):
    """The form files cannot be used; every fault found, by file and line."""

    faults: list[Fault]

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


@dataclass
class YamlSource:
    """A file read: plain data (None when it is no YAML), lines by path, faults of the text itself."""

    file: str
    data: object = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: KeyPath, message: str) -> Fault:
        """A fault at a path. Parts that are not in the file (variant names, missing keys) are passed over."""
        known: KeyPath = ()
        for key in path:
            if (*known, key) in self.lines:
                known = (*known, key)
        return Fault(self.file, self.lines.get(known, 1), ".".join(map(str, known)), message)


def read_yaml(folder: Path, file: str, top: type = dict) -> YamlSource:
    """Reads one file, JSON as well, as `parse_yaml` does; never raises for its content."""
    return parse_yaml(file, read_text(folder / file), top)


def read_text(path: Path) -> str | None:
    """None for a file that is missing or is not text in UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def parse_yaml(file: str, text: str | None, top: type = dict) -> YamlSource:
    """The text of a file, None when it has none that can be read. Two equal keys in a mapping are a fault.

    `top` is what the file as a whole must be.
    """
    source = YamlSource(file)
    if text is None:
        source.faults.append(Fault(file, 1, "", "cannot be read: it is missing, or is not text in UTF-8"))
        return source
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        source.faults.append(Fault(file, line, "", f"not valid YAML: {error.problem}"))
    else:
        source.data = _plain(root, (), source) if root is not None else None
        if not isinstance(source.data, top):
            expected = "keys" if top is dict else "a list"
            source.faults.append(Fault(file, 1, "", f"expected {expected} at the top of the file"))
    return source


def _plain(node: Node, path: KeyPath, source: YamlSource) -> object:
    source.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        return _mapping(node, path, source)
    if isinstance(node, SequenceNode):
        return [_plain(child, (*path, position), source) for position, child in enumerate(node.value)]
    return _scalar(node) if isinstance(node, ScalarNode) else None


def _mapping(node: MappingNode, path: KeyPath, source: YamlSource) -> dict[str, object]:
    data: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in data:
            message = f"the key {key} stands here a second time"
            source.faults.append(
                Fault(source.file, key_node.start_mark.line + 1, ".".join(map(str, (*path, key))), message)
            )
            continue
        source.lines[(*path, key)] = key_node.start_mark.line + 1
        data[key] = _plain(value_node, (*path, key), source)
    return data


def _scalar(node: ScalarNode) -> object:
    kind = str(node.tag).rsplit(":", 1)[-1]
    if kind == "null":
        return None
    if kind == "bool":
        return str(node.value).lower() == "true"
    if kind == "int" and str(node.value).lstrip("+-").isdigit():
        return int(node.value)
    return str(node.value)
