"""The docs name what there is, and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DECISIONS = DOCS / "decisions"

_NOT_OURS = {"build", "data"}
_FLASKS_OWN = {"routes", "run", "shell"}
_COMMAND = re.compile(r"flask --app wsgi ([a-z-]+)(?: ([a-z][a-z-]*))?")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_PATH = re.compile(r"`((?:consult|docs|intake_forms|migrations|templates|tests)/[\w./-]*[\w/])`")
_SETTING_ROW = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def _documents() -> list[Path]:
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name not in _NOT_OURS]
    shown = [folder for folder in folders if not folder.name.startswith(".")]
    return sorted([*ROOT.glob("*.md"), *(path for folder in shown for path in folder.rglob("*.md"))])


DOCUMENTS = [pytest.param(path, id=str(path.relative_to(ROOT))) for path in _documents()]


def _text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _settings_read() -> set[str]:
    """Names that the settings module asks the environment for: the first argument of a look-up."""
    tree = ast.parse((ROOT / "consult/settings.py").read_text(encoding="utf-8"))
    asked = (
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant)
    )
    return {name for name in asked if isinstance(name, str) and re.fullmatch(r"[A-Z][A-Z_]+", name)}


def _our_commands(group: click.Group, before: str = "") -> Iterator[str]:
    """Every command that runs code of ours, as it is typed after `flask --app wsgi`."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _our_commands(command, f"{before}{name} ")
        elif command.callback is not None and command.callback.__module__.startswith("consult."):
            yield f"{before}{name}"


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_settings_md_names_what_is_read_and_nothing_else() -> None:
    assert set(_SETTING_ROW.findall(_text("settings.md"))) == _settings_read()


def test_operating_md_names_every_command(app: Flask) -> None:
    known = set(_our_commands(app.cli))
    text = _text("operating.md")
    assert {"serve", "forms check"} <= known
    assert [command for command in sorted(known) if f"`flask --app wsgi {command}" not in text] == []


def test_operating_md_names_every_make_target() -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    text = _text("operating.md")
    assert "run" in targets
    assert [target for target in sorted(targets) if f"`make {target}`" not in text] == []


def test_operating_md_names_every_address(app: Flask) -> None:
    text = _text("operating.md")
    assert [rule.rule for rule in app.url_map.iter_rules() if f"`{rule.rule}`" not in text] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_command_in_a_document_can_be_run(document: Path, app: Flask) -> None:
    for name, argument in _COMMAND.findall(document.read_text(encoding="utf-8")):
        command = app.cli.commands.get(name)
        assert command is not None or name in _FLASKS_OWN, name
        if isinstance(command, click.Group):
            assert argument in command.commands, f"{name} {argument}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_make_target_in_a_document_exists(document: Path) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    assert set(re.findall(r"`make ([a-z-]+)`", document.read_text(encoding="utf-8"))) <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    for link in _LINK.findall(document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        if anchor:
            headings = _HEADING.findall(target.read_text(encoding="utf-8"))
            assert anchor in {_slug(heading) for heading in headings}, link


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_path_in_a_document_exists(document: Path) -> None:
    named = _PATH.findall(document.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_names_no_path_of_the_machine_it_was_written_on(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert [path for path in ("/tmp/", "/root/", "/home/") if path in text] == []


def test_every_decision_is_listed_once_in_order() -> None:
    files = sorted(path.name for path in DECISIONS.glob("*.md") if path.name != "README.md")
    listed = re.findall(r"\]\((\d{4}-[^)]+)\)", (DECISIONS / "README.md").read_text(encoding="utf-8"))
    assert listed == files
    assert [name[:4] for name in files] == [f"{number:04d}" for number in range(1, len(files) + 1)]


@pytest.mark.parametrize(
    "decision", [pytest.param(path, id=path.stem) for path in sorted(DECISIONS.glob("0*.md"))]
)
def test_a_decision_has_its_number_and_its_three_parts(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    assert text.startswith(f"# {decision.name[:4]} ")
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_every_package_is_placed_in_the_architecture() -> None:
    packages = {path.parent.name for path in (ROOT / "consult").glob("*/__init__.py")}
    tree = _text("architecture.md")
    assert [name for name in sorted(packages) if f"\n  {name}/" not in tree] == []
