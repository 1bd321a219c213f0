"""Alembic's environment: the models' metadata, our transactions, the overlap guard after every upgrade."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from consult.db.base import Base
from consult.db.engine import WRITE
from consult.db.types import UTCDateTime
from consult.scheduling.guards import ensure_guards


def _render_item(kind: str, item: object, _context: object) -> "str | Literal[False]":
    return "UTCDateTime()" if kind == "type" and isinstance(item, UTCDateTime) else False


def _configure(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=_render_item,
        transactional_ddl=True,
    )


@contextmanager
def _foreign_keys_off(connection: Connection) -> Iterator[None]:
    """Batch mode drops the table it re-creates, and SQLite would delete every row that belongs to one of it.

    The pragma counts only outside a transaction; what hangs loose afterwards is looked for inside it.
    """
    sqlite = connection.connection.dbapi_connection
    sqlite.execute("PRAGMA foreign_keys = OFF")
    yield
    sqlite.execute("PRAGMA foreign_keys = ON")


def _require_whole(connection: Connection) -> None:
    loose = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if loose:
        raise RuntimeError(f"the migration left rows without their parent: {loose[:5]}")


def run_migrations() -> None:
    engine = current_app.extensions["migrate"].db.engine
    on_sqlite = engine.dialect.name == "sqlite"
    with engine.connect().execution_options(**{WRITE: True}) as connection:
        _configure(connection)
        keys = _foreign_keys_off(connection) if on_sqlite else nullcontext()
        with keys, context.begin_transaction():
            context.run_migrations()
            if on_sqlite:
                _require_whole(connection)
            # Alembic does not see the guard, and re-creating a SQLite table drops it.
            if connection.dialect.has_table(connection, "appointment"):
                ensure_guards(connection)


if context.is_offline_mode():
    raise SystemExit("Migrations run against a database; offline SQL is not supported.")
run_migrations()
