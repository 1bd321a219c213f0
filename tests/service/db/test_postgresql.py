"""How connections to PostgreSQL are set up."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import DataError, InternalError, OperationalError
from sqlalchemy.orm import Session

from consult.db.engine import prepare_postgresql
from consult.db.transaction import transaction

pytestmark = pytest.mark.postgres


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = create_engine(postgres_url)
    prepare_postgresql(engine)
    with Session(engine) as session, transaction(session):
        session.execute(text("CREATE TEMPORARY TABLE note (words TEXT)"))
    yield engine
    engine.dispose()


def write(session: Session) -> None:
    session.execute(text("INSERT INTO note VALUES ('once')"))


def write_and_fail(session: Session) -> None:
    write(session)
    session.execute(text("SELECT 1 / 0"))


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608


def test_a_transaction_commits_or_leaves_nothing(engine: Engine) -> None:
    with Session(engine) as session:
        with transaction(session):
            write(session)
        with pytest.raises(DataError), transaction(session):
            write_and_fail(session)

    assert count(engine, "note") == 1


def test_a_failed_read_does_not_spoil_the_connection(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(DataError):
        session.execute(text("SELECT 1 / 0"))

    assert count(engine, "note") == 0


def test_a_connection_the_server_has_closed_is_replaced(engine: Engine) -> None:
    with Session(engine) as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with create_engine(engine.url, poolclass=NullPool).connect() as another:
            another.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(OperationalError):
            session.execute(text("SELECT 1"))

    with engine.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid


def test_outside_a_transaction_nothing_can_be_written(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(InternalError, match="read-only"):
        session.execute(text("CREATE TABLE somewhere (words TEXT)"))
    with engine.connect() as connection, pytest.raises(InternalError, match="read-only"):
        connection.execute(text("CREATE TABLE somewhere (words TEXT)"))


def test_a_page_that_reads_after_it_wrote_cannot_write_again(engine: Engine) -> None:
    with Session(engine) as session:
        with transaction(session):
            write(session)
        with pytest.raises(InternalError, match="read-only"):
            session.execute(text("CREATE TABLE somewhere (words TEXT)"))


def prepared(engine: Engine) -> int:
    with engine.connect() as connection:
        query = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%from this page%'"
        return connection.execute(text(query)).scalar_one()


def test_what_was_prepared_outlives_the_page_that_read(engine: Engine) -> None:
    for _ in range(10):
        with Session(engine) as session:
            session.execute(text("SELECT 'from this page'"))

    assert prepared(engine) == 1


def test_the_plan_of_a_statement_is_made_once(engine: Engine) -> None:
    for number in range(20):
        with Session(engine) as session:
            session.execute(text("SELECT 'from this page' || CAST(:number AS text)"), {"number": number})

    with engine.connect() as connection:
        query = "SELECT custom_plans FROM pg_prepared_statements WHERE statement LIKE '%from this page%||%'"
        assert connection.execute(text(query)).scalar_one() == 0


def test_a_page_that_only_read_ends_its_transaction(engine: Engine) -> None:
    """Or the next on this connection would see the database as it was."""
    with Session(engine) as session:
        first = session.execute(text("SELECT now()")).scalar_one()
    with Session(engine) as session:
        assert session.execute(text("SELECT now()")).scalar_one() > first
