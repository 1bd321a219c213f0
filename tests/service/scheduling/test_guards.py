"""The database refuses double bookings from whoever writes to it, in whatever way."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.db.transaction import transaction
from consult.scheduling.guards import ensure_guards, guards_present, is_overlap
from consult.scheduling.lifecycle import CLAIMING, Status
from tests.service.scheduling.factory import NOW, Clinic, add_booking, add_clinic

INSERT = text(
    "INSERT INTO appointment (id, schedule_id, session_type_id, status, start_at, end_at, busy_from,"
    " busy_until, hold_expires_at, created_at, updated_at)"
    " VALUES (:id, :schedule, :type, :status, :start, :end, :start, :end, :expires, :now, :now)"
)


@pytest.fixture
def connection(engine: Engine, clinic: Clinic) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


def stored(connection: Connection, value: datetime) -> object:
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if connection.dialect.name == "sqlite" else value


def stored_id(connection: Connection, value: uuid.UUID) -> object:
    return value.hex if connection.dialect.name == "sqlite" else value


def june(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


def insert(
    connection: Connection, clinic: Clinic, start: datetime, end: datetime, status: Status = Status.BOOKED
) -> uuid.UUID:
    appointment_id = uuid.uuid4()
    with connection.begin():
        connection.execute(
            INSERT,
            {
                "id": stored_id(connection, appointment_id),
                "schedule": stored_id(connection, clinic.schedule_id),
                "type": stored_id(connection, clinic.session_type_id),
                "status": status.value,
                "start": stored(connection, start),
                "end": stored(connection, end),
                "expires": stored(connection, NOW),
                "now": stored(connection, NOW),
            },
        )
    return appointment_id


def update(connection: Connection, appointment_id: uuid.UUID, change: str, **values: datetime) -> None:
    parameters = {name: stored(connection, value) for name, value in values.items()}
    with connection.begin():
        connection.execute(
            text(f"UPDATE appointment SET {change} WHERE id = :id"),  # noqa: S608 - the test's own words
            {"id": stored_id(connection, appointment_id), **parameters},
        )


TEN, ELEVEN, NOON, ONE = june(2, 10), june(2, 11), june(2, 12), june(2, 13)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (TEN, NOON),
        (TEN, TEN + timedelta(minutes=61)),
        (ELEVEN, NOON),
        (ELEVEN + timedelta(minutes=10), ELEVEN + timedelta(minutes=20)),
        (NOON - timedelta(microseconds=1), ONE),
        (TEN, ONE),
    ],
)
def test_an_overlapping_insert_is_refused(
    connection: Connection, clinic: Clinic, start: datetime, end: datetime
) -> None:
    insert(connection, clinic, ELEVEN, NOON)

    with pytest.raises(IntegrityError) as refusal:
        insert(connection, clinic, start, end)
    assert is_overlap(refusal.value)


def test_times_that_only_touch_are_accepted(connection: Connection, clinic: Clinic) -> None:
    insert(connection, clinic, ELEVEN, NOON)

    insert(connection, clinic, TEN, ELEVEN)
    insert(connection, clinic, NOON, ONE)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("there_first", Status)
def test_only_claims_block_one_another(
    connection: Connection, clinic: Clinic, there_first: Status, status: Status
) -> None:
    insert(connection, clinic, TEN, NOON, there_first)

    if there_first in CLAIMING and status in CLAIMING:
        with pytest.raises(IntegrityError) as refusal:
            insert(connection, clinic, ELEVEN, ONE, status)
        assert is_overlap(refusal.value)
    else:
        insert(connection, clinic, ELEVEN, ONE, status)


def test_a_long_claim_is_seen_behind_cancelled_ones_that_start_later(
    connection: Connection, clinic: Clinic
) -> None:
    insert(connection, clinic, june(2, 1), june(2, 20))
    for hour in range(2, 12):
        insert(connection, clinic, june(2, hour), june(2, hour + 1), Status.CANCELLED)

    with pytest.raises(IntegrityError):
        insert(connection, clinic, june(2, 15), june(2, 16))


def test_an_update_that_moves_a_claim_onto_another_is_refused(connection: Connection, clinic: Clinic) -> None:
    insert(connection, clinic, ELEVEN, NOON)
    moved = insert(connection, clinic, ONE, june(2, 14))

    with pytest.raises(IntegrityError) as refusal:
        update(
            connection,
            moved,
            "start_at = :start, end_at = :end, busy_from = :start, busy_until = :end",
            start=TEN,
            end=NOON,
        )
    assert is_overlap(refusal.value)


def test_a_buffer_stretched_into_another_claim_is_refused(connection: Connection, clinic: Clinic) -> None:
    insert(connection, clinic, ELEVEN, NOON)
    before = insert(connection, clinic, TEN, ELEVEN)

    with pytest.raises(IntegrityError) as refusal:
        update(connection, before, "busy_until = :end", end=ELEVEN + timedelta(minutes=5))
    assert is_overlap(refusal.value)


def test_a_cancelled_claim_cannot_be_revived_over_its_successor(
    connection: Connection, clinic: Clinic
) -> None:
    cancelled = insert(connection, clinic, TEN, NOON, Status.CANCELLED)
    successor = insert(connection, clinic, TEN, NOON)

    with pytest.raises(IntegrityError) as refusal:
        update(connection, cancelled, "status = 'booked'")
    assert is_overlap(refusal.value)

    update(connection, successor, "status = 'cancelled'")
    update(connection, cancelled, "status = 'booked'")


def test_a_claim_does_not_stand_in_its_own_way(connection: Connection, clinic: Clinic) -> None:
    claim = insert(connection, clinic, TEN, NOON, Status.HELD)

    update(connection, claim, "status = 'booked'")
    update(connection, claim, "busy_from = :start", start=TEN - timedelta(minutes=10))


def test_another_therapist_may_be_busy_at_the_same_time(
    connection: Connection, clinic: Clinic, db_session: Session
) -> None:
    with transaction(db_session):
        other = add_clinic(db_session)
    insert(connection, clinic, TEN, NOON)

    insert(connection, other, TEN, NOON)


def test_two_live_appointments_of_one_booking_are_refused_but_that_is_no_overlap(
    connection: Connection, clinic: Clinic, db_session: Session
) -> None:
    with transaction(db_session):
        booking_id = add_booking(db_session, clinic)
    booking = f"booking_id = '{stored_id(connection, booking_id)}'"
    first = insert(connection, clinic, TEN, ELEVEN)
    second = insert(connection, clinic, NOON, ONE, Status.HELD)
    update(connection, first, booking)

    with pytest.raises(IntegrityError) as refusal:
        update(connection, second, booking)
    assert not is_overlap(refusal.value)
    update(connection, first, "status = 'cancelled'")
    update(connection, second, booking)


@pytest.mark.parametrize(
    "status_and_expiry", ["status = 'Booked'", "status = 'free'", "status = 'held', hold_expires_at = NULL"]
)
def test_a_status_the_guard_would_not_know_is_refused(
    connection: Connection, clinic: Clinic, status_and_expiry: str
) -> None:
    claim = insert(connection, clinic, TEN, ELEVEN)

    with pytest.raises(IntegrityError) as refusal:
        update(connection, claim, status_and_expiry)
    assert not is_overlap(refusal.value)


@pytest.mark.parametrize("column", ["start_at", "end_at", "busy_from", "busy_until", "hold_expires_at"])
@pytest.mark.parametrize(
    "written",
    [
        "2026-06-02T10:00:00.000000",
        "2026-06-02 10:00:00",
        "2026-06-02 10:00:00.000000+00:00",
        "1780394400",
        "now",
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_sqlite_refuses_instants_that_would_not_sort_as_time(
    connection: Connection, clinic: Clinic, column: str, written: str
) -> None:
    cancelled = insert(connection, clinic, TEN, ELEVEN, Status.CANCELLED)

    with pytest.raises(IntegrityError, match="appointment_instant_format") as refusal:
        update(connection, cancelled, f"{column} = '{written}'")
    assert not is_overlap(refusal.value)


def drop_guards(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE appointment DROP CONSTRAINT appointment_no_overlap"))
    else:
        connection.execute(text("DROP TRIGGER appointment_no_overlap_insert"))
        connection.execute(text("DROP TRIGGER appointment_no_overlap_update"))


def test_guards_can_be_ensured_again_and_again(connection: Connection) -> None:
    with connection.begin():
        ensure_guards(connection)
        ensure_guards(connection)
        assert guards_present(connection)


def test_missing_guards_are_noticed_and_put_back(connection: Connection, clinic: Clinic) -> None:
    with connection.begin():
        drop_guards(connection)
        assert not guards_present(connection)
        ensure_guards(connection)
        assert guards_present(connection)
    insert(connection, clinic, TEN, NOON)
    with pytest.raises(IntegrityError):
        insert(connection, clinic, TEN, NOON)


def test_guards_of_the_right_name_but_another_shape_are_replaced(
    connection: Connection, clinic: Clinic
) -> None:
    with connection.begin():
        drop_guards(connection)
        if connection.dialect.name == "postgresql":
            connection.execute(
                text(
                    "ALTER TABLE appointment ADD CONSTRAINT appointment_no_overlap"
                    " EXCLUDE USING gist (tstzrange(busy_from, busy_until) WITH &&) WHERE (status = 'done')"
                )
            )
            connection.execute(text("COMMENT ON CONSTRAINT appointment_no_overlap ON appointment IS 'older'"))
        else:
            for event in ("insert", "update"):
                connection.execute(
                    text(
                        f"CREATE TRIGGER appointment_no_overlap_{event} BEFORE {event} ON appointment"
                        " BEGIN SELECT 1; END"
                    )
                )
        assert not guards_present(connection)
        ensure_guards(connection)
        assert guards_present(connection)
    insert(connection, clinic, TEN, NOON)
    with pytest.raises(IntegrityError):
        insert(connection, clinic, TEN, NOON)


def test_guards_are_not_put_over_claims_that_overlap_already(connection: Connection, clinic: Clinic) -> None:
    with connection.begin():
        drop_guards(connection)
    insert(connection, clinic, june(2, 1), june(2, 20))
    insert(connection, clinic, TEN, ELEVEN)
    second = insert(connection, clinic, NOON, ONE)
    with pytest.raises((IntegrityError, RuntimeError), match="overlap"), connection.begin():
        ensure_guards(connection)

    update(connection, second, "status = 'cancelled'")
    with pytest.raises((IntegrityError, RuntimeError), match="overlap"), connection.begin():
        ensure_guards(connection)


def test_a_database_without_the_table_needs_no_guards_yet(empty_sqlite: Engine) -> None:
    with empty_sqlite.begin() as connection:
        connection.execute(text("DROP TABLE appointment"))
        ensure_guards(connection)
        assert not guards_present(connection)
