"""Practices to measure on: a database of a given size, and the cookies of those who use it."""

import importlib
import ipaddress
import secrets
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, update

from consult.accounts import service as accounts
from consult.accounts.roles import Role
from consult.app import create_app
from consult.booking import commands
from consult.booking.models import Booking
from consult.cli.demo import DEMO_PRACTICE, fill
from consult.cli.practice_setup import add_practice
from consult.core.tokens import digest, new_token
from consult.db.base import Base
from consult.db.engine import WRITE
from consult.db.sealing import Place, Sealer, new_key
from consult.deps import deps
from consult.intake.answers import AnswerValue
from consult.intake.models import QuestionnaireResponse
from consult.practice.models import Patient
from consult.scheduling.guards import ensure_guards
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment, AvailabilityRule, Schedule, SessionType, TimeOff
from consult.scheduling.rulebook import bump_rules
from consult.settings import Settings

for _models in sorted((Path(__file__).parents[2] / "consult").glob("*/models.py")):
    importlib.import_module(f"consult.{_models.parent.name}.models")

EMAIL, PASSWORD = "bench@example.com", "correct horse battery"
_SEALED_AS = {"contact_sealed": "contact"}
_ABOUT: dict[str, AnswerValue] = {
    "pt_name": "Rosa Marin",
    "pt_dob": "1980-03-14",
    "pt_email": "rosa.marin@example.com",
    "pt_phone": "(555) 010-0123",
    "pt_state": "NY",
    "pt_place": "12 Example Street, Albany",
    "pt_ice": "Sam, (555) 010-0188",
}
_FIRST_ADDRESS = int(ipaddress.IPv4Address("198.18.0.0"))
"""Of the network that is set aside for measurements (RFC 2544)."""
_AT_ONCE = 5_000
_HISTORY_MINUTES = 30
_HISTORY_ENDED = timedelta(days=30)


@dataclass(frozen=True)
class Site:
    """An application on its own database; `environ` starts another process on the same."""

    app: Flask
    folder: Path
    environ: dict[str, str]

    @property
    def engine(self) -> Engine:
        with self.app.app_context():
            engine: Engine = self.app.extensions["sqlalchemy"].engine
        return engine

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction past the application, for rows by the thousand."""
        with self.engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
            yield connection

    def cookie(self, **session: str) -> str:
        """A session of the site's as a browser sends it."""
        serializer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        return f"{self.app.config['SESSION_COOKIE_NAME']}={serializer.dumps(session)}"

    def csrf_token(self, secret: str) -> str:
        """What a form of the session with this `csrf_token` holds."""
        return str(URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token").dumps(secret))


@dataclass(frozen=True)
class Visitor:
    """A booking and what its patient's browser sends with every request."""

    booking_id: uuid.UUID
    token: str
    cookie: str
    csrf_token: str

    @property
    def headers(self) -> tuple[str, ...]:
        """As the proxy in front tells where the visitor comes from: everybody from somewhere else."""
        return (f"X-Forwarded-For: {ipaddress.IPv4Address(_FIRST_ADDRESS + self.booking_id.int % 2**16)}",)


@contextmanager
def open_site(folder: Path, database_url: str = "") -> Iterator[Site]:
    """An empty practice with the hours every new one has, on SQLite unless an address is given."""
    folder.mkdir(parents=True, exist_ok=True)
    environ = {
        "CONSULT_DATA": str(folder / "data"),
        "PUBLIC_URL": "http://127.0.0.1",
        "TRUSTED_PROXIES": "1",
        "SECRET_KEY": new_token(),
        "ENCRYPTION_KEYS": new_key(),
        **({"DATABASE_URL": database_url} if database_url else {}),
    }
    app = create_app(Settings.from_environ(environ))
    with app.app_context():
        d = deps()
        with d.transaction():
            connection = d.session.connection()
            Base.metadata.create_all(connection)
            ensure_guards(connection)
            scripts = ScriptDirectory(app.extensions["migrate"].directory)
            MigrationContext.configure(connection).stamp(scripts, "head")
            therapist_id = add_practice(d.session, DEMO_PRACTICE, d.now())
            accounts.add_account(
                d.session,
                email=EMAIL,
                password=PASSWORD,
                role=Role.THERAPIST,
                therapist_id=therapist_id,
                now=d.now(),
            )
    site = Site(app, folder, environ)
    yield site
    site.engine.dispose()


def add_time_off(site: Site, day: date) -> None:
    """The morning of one day, so that those who compare have this to read as well."""
    with site.app.app_context(), deps().transaction():
        schedule_id = deps().session.scalars(select(Schedule.id)).one()
        deps().session.add(
            TimeOff(
                schedule_id=schedule_id, starts_on=day, start_time=time(0), ends_on=day, end_time=time(12)
            )
        )
        bump_rules(deps().session, schedule_id)


def offer_lengths(site: Site, minutes: Sequence[int], step_minutes: int) -> list[uuid.UUID]:
    """Session types of these lengths, without buffers, in place of the one there was; their ids.

    For a quarter of a year ahead, public holidays too, so that there is a working day for every race.
    """
    with site.app.app_context(), deps().transaction():
        session = deps().session
        schedule = session.scalars(select(Schedule)).one()
        schedule.slot_step_minutes = step_minutes
        schedule.horizon_days, schedule.holiday_region = 90, None
        session.execute(update(SessionType).values(active=False))
        types = [
            SessionType(
                schedule_id=schedule.id,
                name=f"{length} minutes",
                minutes=length,
                price_minor=12_000,
                currency="usd",
                buffer_before_minutes=0,
                buffer_after_minutes=0,
                position=position,
                active=True,
            )
            for position, length in enumerate(minutes)
        ]
        session.add_all(types)
        bump_rules(session, schedule.id)
        return [session_type.id for session_type in types]


def open_all_day(site: Site, horizon_days: int) -> None:
    """Hours around the clock, every day, and a long way ahead."""
    with site.app.app_context(), deps().transaction():
        session = deps().session
        schedule = session.scalars(select(Schedule)).one()
        schedule.horizon_days = horizon_days
        session.execute(delete(AvailabilityRule))
        session.add_all(
            AvailabilityRule(schedule_id=schedule.id, weekday=day, start_time=time(0), end_time=time(0))
            for day in range(7)
        )
        bump_rules(session, schedule.id)


def add_appointments(site: Site, count: int, ahead: Sequence[datetime]) -> None:
    """`count` appointments, each with its booking: at the starts `ahead`, the others in the past, gapless.

    As plain rows, for a database takes them by the thousand; nothing but their number and times matters.
    """
    with site.app.app_context():
        session, now = deps().session, deps().now()
        schedule_id = session.scalars(select(Schedule.id)).one()
        session_type = session.scalars(select(SessionType).where(SessionType.active)).first()
        assert session_type is not None
        starts = [*ahead[:count], *_past_starts(now, count - len(ahead[:count]))]
        type_id, price, currency = session_type.id, session_type.price_minor, session_type.currency
        coming = timedelta(minutes=session_type.minutes), timedelta(minutes=session_type.buffer_after_minutes)
        session.rollback()
    former = timedelta(minutes=_HISTORY_MINUTES), timedelta(0)
    for first in range(0, len(starts), _AT_ONCE):
        bookings, appointments = [], []
        for start_at in starts[first : first + _AT_ONCE]:
            length, after = coming if start_at > now else former
            booking_id = uuid.uuid4()
            bookings.append(
                {
                    "id": booking_id,
                    "token_digest": secrets.token_hex(32),
                    "visit_token_digest": None,
                    "token_sealed": b"",
                    "session_type_id": type_id,
                    "zone": "America/New_York",
                    "price_minor": price,
                    "currency": currency,
                    "refund_terms": {},
                    "started_at": now,
                    "confirmed_at": now,
                }
            )
            appointments.append(
                {
                    "id": uuid.uuid4(),
                    "schedule_id": schedule_id,
                    "booking_id": booking_id,
                    "session_type_id": type_id,
                    "status": Status.BOOKED if start_at > now else Status.DONE,
                    "start_at": start_at,
                    "end_at": start_at + length,
                    "busy_from": start_at,
                    "busy_until": start_at + length + after,
                    "created_at": now,
                    "updated_at": now,
                }
            )
        with site.writing() as connection:
            connection.execute(insert(Booking), bookings)
            connection.execute(insert(Appointment), appointments)
    with site.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def free_starts(site: Site, session_type_id: uuid.UUID, first_on: date, days: int) -> list[datetime]:
    """What the site itself offers, by its public address."""
    query = f"session_type={session_type_id}&from={first_on}&days={days}&zone=Etc/UTC"
    answer = site.app.test_client().get(f"/times.json?{query}", base_url="http://127.0.0.1").get_json()
    return [datetime.fromisoformat(text) for text in answer["slots"]]


def add_visitor(site: Site, session_type_id: uuid.UUID, *, ready_to_pay: bool = False) -> uuid.UUID:
    """A booking past the safety check, with no time chosen; all else is answered when `ready_to_pay`."""
    with site.app.app_context():
        d = deps()
        with d.transaction():
            booking, _ = commands.find_or_start(d.session, None, None, d.now(), d.ports)
            booking.session_type_id = session_type_id
            commands.answer_screen(d.session, booking, {"sc_main": ["none"]}, d.now(), d.ports)
            if ready_to_pay:
                about = _ABOUT | fill(d.ports.catalogue.questionnaire, _ABOUT, ["about"], d.now().date())
                commands.save_about(d.session, booking, about, d.now(), d.ports)
                booking.agreed_at, booking.agreed_versions = d.now(), {}
            return booking.id


def copy_bookings(site: Site, booking_id: uuid.UUID, count: int, **changes: object) -> list[Visitor]:
    """As many bookings like this one, answers and patient included, each with the browser of its patient.

    Appointments are not copied. `changes` are columns of the booking.
    """
    visitors, rows = [], {table: [] for table in (Patient, Booking, QuestionnaireResponse)}
    with site.app.app_context():
        sealer = deps().ports.sealer
    with site.writing() as connection:
        [booking] = _rows(connection, Booking, Booking.id == booking_id)
        [response] = _rows(connection, QuestionnaireResponse, QuestionnaireResponse.booking_id == booking_id)
        patients = _rows(connection, Patient, Patient.id == booking["patient_id"])
        for _ in range(count):
            new_id, token, secret = uuid.uuid4(), new_token(), secrets.token_hex(20)
            patient = [_copied(sealer, Patient, "contact_sealed", row) for row in patients]
            rows[Patient] += patient
            rows[Booking].append(
                booking
                | {
                    "id": new_id,
                    "token_digest": digest(token),
                    "visit_token_digest": None,
                    "token_sealed": sealer.seal(token, Place("booking", "token", new_id)),
                    "patient_id": patient[0]["id"] if patient else None,
                }
                | changes
            )
            answers = _copied(sealer, QuestionnaireResponse, "answers_sealed", response)
            rows[QuestionnaireResponse].append(answers | {"booking_id": new_id})
            cookie = site.cookie(visit=token, csrf_token=secret)
            visitors.append(Visitor(new_id, token, cookie, site.csrf_token(secret)))
        for table, values in rows.items():
            if values:
                connection.execute(insert(table), values)
    return visitors


def _rows(connection: Connection, table: Any, where: ColumnElement[bool]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(table.__table__).where(where)).mappings()]


def _copied(sealer: Sealer, table: Any, column: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row under a new id, what is sealed in it sealed for its new place."""
    new_id, name = uuid.uuid4(), _SEALED_AS.get(column, column)
    text = sealer.open(row[column], Place(table.__tablename__, name, row["id"]))
    return row | {"id": new_id, column: sealer.seal(text, Place(table.__tablename__, name, new_id))}


def first_session_type(site: Site) -> uuid.UUID:
    with site.app.app_context():
        query = select(SessionType.id).where(SessionType.active).order_by(SessionType.position).limit(1)
        return deps().session.scalars(query).one()


def next_monday(after: date) -> date:
    return after + timedelta(days=7 - after.weekday())


def _past_starts(now: datetime, count: int) -> Iterator[datetime]:
    last = datetime.combine(now.date() - _HISTORY_ENDED, time(0), UTC)
    return (last - timedelta(minutes=_HISTORY_MINUTES * number) for number in range(count))
