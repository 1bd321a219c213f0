"""Databases set up so that transactions mean what they say, and end."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import Connection, Engine, event

WRITE = "consult_write"
"""Execution option of a transaction that writes; see `transaction`."""

LOCK_TIMEOUT = "3s"
"""How long PostgreSQL lets a statement wait for a lock."""

_BUSY_SECONDS = 15
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}",
    "PRAGMA secure_delete = ON",
)

_turns: WeakKeyDictionary[Engine, threading.Lock] = WeakKeyDictionary()


def prepare_sqlite(engine: Engine) -> None:
    """Make SQLAlchemy, not pysqlite, say when a transaction begins, and say IMMEDIATE for writes.

    pysqlite's own mode begins only before the first INSERT, so a check and the write after it are not one
    transaction. A deferred BEGIN that reads first and writes later fails at once with "database is locked",
    whatever the busy time-out.
    """
    _turns[engine] = threading.Lock()

    @event.listens_for(engine, "connect")
    def _connect(dbapi_connection: sqlite3.Connection, _record: Any) -> None:
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if _writes(connection):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            # Never refused, so it need not pass what turns the driver's errors into SQLAlchemy's: every page
            # begins with it, and that is half of what opening and closing a session costs.
            connection.connection.cursor().execute("BEGIN")


@contextmanager
def turn_to_write(engine: Engine) -> Iterator[None]:
    """Threads of one process write to SQLite in turn.

    SQLite has each sleep and look again, longer every time, and the unlucky ones wait for seconds. Who has
    waited as long as it would goes on, for SQLite to refuse. Other databases keep a queue of their own.
    """
    turn = _turns.get(engine)
    taken = turn is not None and turn.acquire(timeout=_BUSY_SECONDS)
    try:
        yield
    finally:
        if turn is not None and taken:
            turn.release()


def prepare_postgresql(engine: Engine) -> None:
    """Let nobody wait for a lock longer than for a page, let reads only read, and plan a statement only once.

    Who waits too long gets an OperationalError that leaves nothing behind: it may be tried again. Without
    `WRITE` a transaction is READ ONLY. By itself PostgreSQL plans the reading of what is taken anew each
    time, which takes five times as long as to read it; no statement here needs another plan for other values.
    """

    @event.listens_for(engine, "connect")
    def _connect(dbapi_connection: psycopg.Connection[Any], _record: Any) -> None:
        dbapi_connection.autocommit = True
        for setting, value in (("lock_timeout", LOCK_TIMEOUT), ("plan_cache_mode", "force_generic_plan")):
            dbapi_connection.execute("SELECT set_config(%s, %s, false)", (setting, value))
        dbapi_connection.autocommit = False

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads_only, driver = not _writes(connection), _psycopg(connection)
        if driver.read_only is not reads_only:
            driver.read_only = reads_only

    @event.listens_for(engine, "rollback")
    def _rollback(connection: Connection) -> None:
        # At a ROLLBACK psycopg forgets what the server has prepared; what only read may as well be committed.
        if not _writes(connection) and not connection.invalidated:
            with suppress(psycopg.Error):
                _psycopg(connection).commit()


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(WRITE, False))


def _psycopg(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
