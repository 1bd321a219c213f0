"""Threads of one process, as waitress has them, write to a SQLite file in turn; none fails or starves."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from consult.db.engine import turn_to_write
from consult.db.transaction import transaction

THREADS, WRITES = 8, 25


@pytest.fixture
def impatient(empty_sqlite: Engine) -> Engine:
    """An engine whose connections never wait for another's lock: who comes out of turn is refused at once."""
    event.listen(empty_sqlite, "connect", lambda dbapi, _: dbapi.execute("PRAGMA busy_timeout = 0"))
    empty_sqlite.dispose()
    with empty_sqlite.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE counter (number INTEGER)")
        connection.exec_driver_sql("INSERT INTO counter VALUES (0)")
    return empty_sqlite


def count_up(engine: Engine) -> None:
    for _ in range(WRITES):
        with Session(engine) as session, transaction(session):
            number = session.execute(text("SELECT number FROM counter")).scalar_one()
            session.execute(text("UPDATE counter SET number = :next"), {"next": number + 1})


def test_nobody_is_refused_and_nothing_is_lost(impatient: Engine) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(count_up, impatient) for _ in range(THREADS)]:
            done.result()

    with impatient.connect() as connection:
        assert connection.exec_driver_sql("SELECT number FROM counter").scalar_one() == THREADS * WRITES


def test_the_turn_is_given_back_after_a_refusal(impatient: Engine) -> None:
    with impatient.connect() as outsider:
        outsider.connection.driver_connection.execute("BEGIN IMMEDIATE")
        with Session(impatient) as session, pytest.raises(OperationalError), transaction(session):
            pass
        outsider.connection.driver_connection.execute("ROLLBACK")

    count_up(impatient)


def test_other_databases_need_no_turn(postgres_engine: Engine) -> None:
    with turn_to_write(postgres_engine), turn_to_write(postgres_engine):
        pass
