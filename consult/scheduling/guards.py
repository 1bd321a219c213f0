"""No double booking, held by the database itself: whatever writes to it, two claims never overlap.

PostgreSQL has an exclusion constraint, SQLite two triggers. Alembic sees neither, and its batch mode drops
SQLite's triggers without a word when it re-creates the table, so `ensure_guards` runs after every migration
and nothing is served without `guards_present`.
"""

import hashlib

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from .lifecycle import CLAIMING

OVERLAP = "appointment_no_overlap"
MALFORMED_INSTANT = "appointment_instant_format"

_CLAIMING = ", ".join(f"'{status}'" for status in CLAIMING)

_POSTGRESQL_CONSTRAINT = (
    "EXCLUDE USING gist (schedule_id WITH =, tstzrange(busy_from, busy_until, '[)') WITH &&) "
    f"WHERE (status IN ({_CLAIMING}))"
)
_POSTGRESQL_MARK = hashlib.sha256(_POSTGRESQL_CONSTRAINT.encode()).hexdigest()

_INSTANT_GLOB = "0000-00-00 00:00:00.000000".replace("0", "[0-9]")
_INSTANTS = ("start_at", "end_at", "busy_from", "busy_until", "hold_expires_at")


def ensure_guards(connection: Connection) -> None:
    """Put the guards in place, renewing any of another shape; without the table there is nothing to guard.

    The caller's transaction holds the DDL. Raises IntegrityError (PostgreSQL) or RuntimeError (SQLite) when
    claims in the table overlap already.
    """
    if not inspect(connection).has_table("appointment") or guards_present(connection):
        return
    if connection.dialect.name == "postgresql":
        _renew_constraint(connection)
    else:
        _renew_triggers(connection)


def guards_present(connection: Connection) -> bool:
    """Whether the database holds the guards exactly as this version of the program wants them."""
    if connection.dialect.name == "postgresql":
        mark = connection.scalar(
            text(
                "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint"
                " WHERE contype = 'x' AND conname = :name AND conrelid = to_regclass('appointment')"
            ),
            {"name": OVERLAP},
        )
        return bool(mark == _POSTGRESQL_MARK)
    query = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'appointment'")
    return _SQLITE_TRIGGERS.items() <= {(name, sql) for name, sql in connection.execute(query)}


def is_overlap(error: IntegrityError) -> bool:
    """Whether it was this guard that refused, and no other constraint."""
    diagnosis = getattr(error.orig, "diag", None)
    name = str(error.orig) if diagnosis is None else diagnosis.constraint_name
    return bool(name == OVERLAP)


def _renew_constraint(connection: Connection) -> None:
    for statement in (
        "CREATE EXTENSION IF NOT EXISTS btree_gist",
        f"ALTER TABLE appointment DROP CONSTRAINT IF EXISTS {OVERLAP}",
        f"ALTER TABLE appointment ADD CONSTRAINT {OVERLAP} {_POSTGRESQL_CONSTRAINT}",
        f"COMMENT ON CONSTRAINT {OVERLAP} ON appointment IS '{_POSTGRESQL_MARK}'",
    ):
        connection.exec_driver_sql(statement)


def _renew_triggers(connection: Connection) -> None:
    if connection.scalar(text(_SQLITE_OVERLAPS)):
        raise RuntimeError("claims in the appointment table overlap already; resolve them first")
    for name, sql in _SQLITE_TRIGGERS.items():
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        connection.exec_driver_sql(sql)


def _sqlite_trigger(name: str, event: str, row_itself: str) -> str:
    """A trigger that looks only at the last claim that starts before the new one ends.

    Since claims do not overlap, none before it can reach further, and one step in the index tells enough,
    however long the history. Instants are compared as text, so any other format is refused as well.
    """
    malformed = " OR ".join(f"NEW.{column} NOT GLOB '{_INSTANT_GLOB}'" for column in _INSTANTS)
    return f"""CREATE TRIGGER {name} BEFORE {event} ON appointment BEGIN
        SELECT RAISE(ABORT, '{MALFORMED_INSTANT}') WHERE {malformed};
        SELECT RAISE(ABORT, '{OVERLAP}') WHERE NEW.status IN ({_CLAIMING}) AND NEW.busy_from < (
            SELECT busy_until FROM appointment
            WHERE schedule_id = NEW.schedule_id AND busy_from < NEW.busy_until
                AND status IN ({_CLAIMING}) AND id <> {row_itself}
            ORDER BY busy_from DESC LIMIT 1
        );
    END"""  # noqa: S608 - built from constants only


_SQLITE_TRIGGERS = {
    f"{OVERLAP}_insert": _sqlite_trigger(f"{OVERLAP}_insert", "INSERT", "NEW.id"),
    f"{OVERLAP}_update": _sqlite_trigger(f"{OVERLAP}_update", "UPDATE", "OLD.id"),
}

_SQLITE_OVERLAPS = f"""
    SELECT count(*) FROM (
        SELECT busy_from, max(busy_until) OVER (
            PARTITION BY schedule_id ORDER BY busy_from, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS reached
        FROM appointment WHERE status IN ({_CLAIMING})
    ) WHERE busy_from < reached
"""  # noqa: S608 - built from constants only
