"""What is the same for every application of a test run is worked out once a process and kept.

Each test still has an application, an engine and a database file of its own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Dialect, Engine

from consult.deps import deps

_statements: dict[Any, Any] = {}
_dialects: list[Dialect] = []
_files: dict[str, bytes] = {}


class CompiledTemplates(BytecodeCache):
    """Compiling the templates anew takes longer than a whole story."""

    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key] = bucket.bytecode_to_string()


COMPILED_TEMPLATES = CompiledTemplates()


def keep_templates(app: Flask) -> None:
    """For the pages and the mails of this application."""
    app.jinja_env.bytecode_cache = COMPILED_TEMPLATES
    with app.app_context():
        deps().ports.mail_templates.bytecode_cache = COMPILED_TEMPLATES


def keep_statements(engine: Engine) -> None:
    """SQL once written for a statement is used again by every engine on SQLite.

    SQLAlchemy keeps it by dialect, and each engine comes with its own, equal to the others.
    """
    if engine.dialect.name == "sqlite":
        if not _dialects:
            with engine.connect():
                _dialects.append(engine.dialect)
        engine.dialect = _dialects[0]
        engine.update_execution_options(compiled_cache=_statements)


def fill_file(engine: Engine, kind: str, fill: Callable[[], None]) -> None:
    """Give a new database what `fill` makes, which is run for the first file of a kind only.

    `fill` leaves no connection open, and makes no row with an id: the application keeps some by their ids.
    What is no new SQLite file is filled anew.
    """
    path = Path(engine.url.database or "")
    if engine.dialect.name != "sqlite" or path.exists():
        fill()
    elif kind in _files:
        path.write_bytes(_files[kind])
    else:
        fill()
        engine.dispose()
        _files[kind] = path.read_bytes()
