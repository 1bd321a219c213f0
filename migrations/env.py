"""Alembic's environment: the models' metadata, our transactions, the overlap guard after every upgrade."""

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


def run_migrations() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect().execution_options(**{WRITE: True}) as connection:
        _configure(connection)
        with context.begin_transaction():
            context.run_migrations()
            # Alembic does not see the guard, and re-creating a SQLite table drops it.
            if connection.dialect.has_table(connection, "appointment"):
                ensure_guards(connection)


if context.is_offline_mode():
    raise SystemExit("Migrations run against a database; offline SQL is not supported.")
run_migrations()
