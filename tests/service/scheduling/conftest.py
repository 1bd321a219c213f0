"""Both databases. A race, a trigger or an exclusion constraint is only true of the real thing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from consult.db.base import Base
from consult.db.engine import prepare_sqlite
from consult.scheduling.guards import ensure_guards


@pytest.fixture(scope="session")
def postgres_engine(postgres_url: str) -> Iterator[Engine]:
    """Does not wait for the disk: nothing here outlives the run."""
    engine = create_engine(postgres_url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def empty_postgres(postgres_engine: Engine) -> Engine:
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with postgres_engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} CASCADE"))
    return postgres_engine


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/test.db")
    prepare_sqlite(engine)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> Engine:
    """An empty database with every table and the guards."""
    engine: Engine = request.getfixturevalue(f"empty_{request.param}")
    with engine.begin() as connection:
        ensure_guards(connection)
    return engine


@pytest.fixture
def db_session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session
