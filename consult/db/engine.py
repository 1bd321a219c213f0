"""Databases set up so that transactions mean what they say, and end."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, event

WRITE = "consult_write"
"""Execution option of a transaction that writes; see `transaction`."""

ALONE = "consult_alone"
"""Execution option of reads that are no transaction; see `glance`."""

LOCK_TIMEOUT = "3s"
"""How long PostgreSQL lets anybody wait for a lock, each time."""

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
        options = connection.get_execution_options()
        if options.get(WRITE, False):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif not options.get(ALONE, False):
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
    """Let nothing be written but in a `transaction`, let no write wait for a lock longer than somebody waits
    for a page, and let reading cost no more than the question.

    Who waits too long gets an OperationalError that leaves nothing behind: it may be tried again. The other
    two are the server's settings for the life of a connection, so that no transaction begins by making them.
    """

    @event.listens_for(engine, "connect")
    def _connect(dbapi_connection: psycopg.Connection, _record: Any) -> None:
        with dbapi_connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            # Every statement is one of few, asked with other values: a plan of its own for each is not worth
            # the making.
            cursor.execute("SET plan_cache_mode = force_generic_plan")
        dbapi_connection.commit()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.read_only = not connection.get_execution_options().get(WRITE, False)

    engine.dialect.do_rollback = _end  # type: ignore[method-assign]


def _end(dbapi_connection: Any) -> None:
    """Roll back what was written; what was only read is committed, which is the same to the database.

    To psycopg it is not: after a rollback it forgets, and has the server forget, every prepared statement,
    since it cannot know whether one was prepared on a table that never came to be. SQLAlchemy ends each read
    with a rollback, and each page is one.
    """
    if dbapi_connection.read_only and dbapi_connection.pgconn.transaction_status == TransactionStatus.INTRANS:
        dbapi_connection.commit()
    else:
        dbapi_connection.rollback()
