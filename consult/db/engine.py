"""SQLite set up so that transactions mean what they say."""

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, event

WRITE = "consult_write"
"""Execution option that makes SQLite take its write lock at BEGIN; see `transaction`."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 15000",
    "PRAGMA secure_delete = ON",
)


def prepare_sqlite(engine: Engine) -> None:
    """Make SQLAlchemy, not pysqlite, say when a transaction begins, and say IMMEDIATE for writes.

    pysqlite's own mode begins only before the first INSERT, so a check and the write after it are not one
    transaction. A deferred BEGIN that reads first and writes later fails at once with "database is locked",
    whatever the busy time-out.
    """

    @event.listens_for(engine, "connect")
    def _connect(dbapi_connection: sqlite3.Connection, _record: Any) -> None:
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get(WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
