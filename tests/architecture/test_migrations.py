"""Migrations from nothing to today, on both databases, with the overlap guard in place."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from consult.app import create_app
from consult.booking.readiness import problem
from consult.cli.demo import DEMO_PRACTICE
from consult.cli.practice_setup import add_practice
from consult.core.clock import FixedClock
from consult.db.base import Base
from consult.db.engine import WRITE
from consult.deps import deps
from consult.settings import Settings

CLAIM = text(
    "INSERT INTO appointment (id, schedule_id, session_type_id, status, start_at, end_at, busy_from,"
    " busy_until, created_at, updated_at)"
    " SELECT :id, schedule.id, session_type.id, 'booked', :start, :end, :start, :end, :start, :start"
    " FROM schedule, session_type"
)

CALENDAR_OBJECT = text(
    "INSERT INTO calendar_object (id, appointment_id, therapist_id, uid, sequence, status, start_at, end_at,"
    " patient_texts_sealed, vevent_therapist, created_at, revised_at)"
    " SELECT :id, appointment.id, therapist.id, 'uid', 0, 'CONFIRMED', start_at, end_at, :blob, :blob,"
    " start_at, start_at FROM appointment, therapist"
)
TIME_OFF = text(
    "INSERT INTO time_off (id, schedule_id, starts_on, start_time, ends_on, end_time)"
    " SELECT :id, id, '2026-07-01', '07:30:00.000000', '2026-07-04', '00:00:00.000000' FROM schedule"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/migrated.db"
    name = f"migrated_{uuid.uuid4().hex}"
    server = make_url(request.getfixturevalue("postgres_url"))
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def app(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[Flask]:
    environ = {"CONSULT_DATA": str(tmp_path / "data"), "DATABASE_URL": database_url}
    app = create_app(Settings.from_environ(environ), clock=clock)
    with app.app_context():
        yield app
        app.extensions["sqlalchemy"].session.remove()
        app.extensions["sqlalchemy"].engine.dispose()


def _migrated(app: Flask) -> None:
    upgrade(directory=app.extensions["migrate"].directory)


def test_migrations_lead_to_the_models(app: Flask) -> None:
    _migrated(app)
    with app.extensions["sqlalchemy"].engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert problem(connection, app.extensions["migrate"].directory) is None


def test_an_unmigrated_database_is_not_served_from(app: Flask) -> None:
    assert "not migrated" in app.test_client().get("/readyz").text
    result = app.test_cli_runner().invoke(args=["serve"])
    assert result.exit_code == 1
    assert "not migrated" in result.output


def test_a_migrated_database_refuses_overlaps_written_by_hand(app: Flask, clock: FixedClock) -> None:
    _migrated(app)
    d = deps()
    with d.transaction():
        add_practice(d.session, DEMO_PRACTICE, clock())
    hours = [("10:00", "11:00"), ("11:00", "12:00"), ("10:30", "10:45")]
    claims = [
        {
            "id": uuid.uuid4().hex,
            "start": f"2026-06-03 {start}:00.000000",
            "end": f"2026-06-03 {end}:00.000000",
        }
        for start, end in hours
    ]
    engine = app.extensions["sqlalchemy"].engine.execution_options(**{WRITE: True})
    for claim in claims[:2]:
        with engine.begin() as connection:
            connection.execute(CLAIM, claim)
    with pytest.raises(IntegrityError, match="appointment_no_overlap"), engine.begin() as connection:
        connection.execute(CLAIM, claims[2])


def test_time_off_and_calendars_survive_the_way_to_the_wall_clock_and_back(
    app: Flask, clock: FixedClock
) -> None:
    directory = app.extensions["migrate"].directory
    engine = app.extensions["sqlalchemy"].engine.execution_options(**{WRITE: True})
    _migrated(app)
    d = deps()
    with d.transaction():
        add_practice(d.session, DEMO_PRACTICE, clock())
    with engine.begin() as connection:
        claim = {
            "id": uuid.uuid4().hex,
            "start": "2026-06-03 10:00:00.000000",
            "end": "2026-06-03 11:00:00.000000",
        }
        connection.execute(CLAIM, claim)
        connection.execute(CALENDAR_OBJECT, {"id": uuid.uuid4().hex, "blob": b"sealed"})
        connection.execute(TIME_OFF, {"id": uuid.uuid4().hex})
    d.sessions.remove()
    downgrade(directory=directory, revision="0001")
    _migrated(app)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT starts_on, start_time, ends_on, end_time FROM time_off")).one()
        assert [str(value)[:5] for value in row[1::2]] == ["07:30", "00:00"]
        assert [str(value) for value in row[::2]] == ["2026-07-01", "2026-07-04"]
        assert connection.scalar(text("SELECT count(*) FROM calendar_object")) == 1


def test_migrations_can_be_taken_back(app: Flask) -> None:
    _migrated(app)
    d = deps()
    d.sessions.remove()
    downgrade(directory=app.extensions["migrate"].directory, revision="base")
    _migrated(app)
    with app.extensions["sqlalchemy"].engine.connect() as connection:
        assert problem(connection, app.extensions["migrate"].directory) is None
