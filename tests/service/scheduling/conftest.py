"""Both databases. A race, a trigger or an exclusion constraint is only true of the real thing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from consult.db.base import Base
from consult.db.engine import prepare_sqlite
from consult.db.transaction import transaction
from consult.scheduling.guards import ensure_guards
from tests.service.scheduling.factory import Clinic, add_clinic


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
    """Rows are deleted, since to truncate so many small tables takes ten times as long."""
    with postgres_engine.begin() as connection:
        tables = reversed(Base.metadata.sorted_tables)
        connection.exec_driver_sql("; ".join(f"DELETE FROM {table.name}" for table in tables))  # noqa: S608
    return postgres_engine


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with every table, made once and copied for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def empty_sqlite(sqlite_file: Path, tmp_path: Path) -> Iterator[Engine]:
    copy = shutil.copy(sqlite_file, tmp_path / "test.db")
    engine = create_engine(f"sqlite:///{copy}")
    prepare_sqlite(engine)
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


@pytest.fixture
def clinic(db_session: Session) -> Clinic:
    with transaction(db_session):
        return add_clinic(db_session)
