"""The floor: the same answers from Flask and SQL written by hand on one open connection, nothing between.

It knows what the practices measured have: weekly hours, time off, claims. Parameters are believed. What is
wanted of it is the least that such an answer can cost, so it is short, and nobody should build on it.
"""

import hashlib
import json
import os
import sqlite3
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg
from flask import Flask, Response, redirect, request, session

DATABASE = "FLOOR_DATABASE"

app = Flask(__name__)
app.config.update(SECRET_KEY=os.environ.get("SECRET_KEY"), SESSION_COOKIE_NAME="consult")
_DAY = timedelta(days=1)
_LOCK = " FOR NO KEY UPDATE"
_SQLITE_SECONDS = "CAST(ROUND((julianday({0}) - 2440587.5) * 86400) AS INTEGER)"
_POSTGRESQL_SECONDS = "CAST(EXTRACT(EPOCH FROM {0}) AS BIGINT)"


class _Database:
    """One connection; statements are written with ? and in SQLite's functions."""

    def __init__(self, address: str) -> None:
        self.on_sqlite = address.startswith("sqlite:///")
        if self.on_sqlite:
            self.connection: Any = sqlite3.connect(
                urlsplit(address).path.removeprefix("/"), isolation_level=None
            )
            for pragma in (
                "synchronous = FULL",
                "foreign_keys = ON",
                "busy_timeout = 15000",
                "secure_delete = ON",
            ):
                self.connection.execute(f"PRAGMA {pragma}")
        else:
            self.connection = psycopg.connect(address.replace("+psycopg", ""), autocommit=True)
        self.begin = "BEGIN IMMEDIATE" if self.on_sqlite else "BEGIN"

    def rows(self, statement: str, *values: object) -> Sequence[Any]:
        return self.run(statement, *values).fetchall()  # type: ignore[no-any-return]

    def run(self, statement: str, *values: object) -> Any:
        return self.connection.execute(self._own(statement), [self._stored(value) for value in values])

    @cache  # noqa: B019 - there is one of this class in a process
    def _own(self, statement: str) -> str:
        seconds = _SQLITE_SECONDS if self.on_sqlite else _POSTGRESQL_SECONDS
        for column in ("busy_from", "busy_until"):
            statement = statement.replace(f"seconds({column})", seconds.format(column))
        return statement.removesuffix(_LOCK) if self.on_sqlite else statement.replace("?", "%s")

    def _stored(self, value: object) -> object:
        if self.on_sqlite and isinstance(value, uuid.UUID):
            return value.hex
        if self.on_sqlite and isinstance(value, datetime):
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        return value.isoformat() if self.on_sqlite and isinstance(value, date) else value

    def time(self, value: Any) -> time:
        return time.fromisoformat(value) if self.on_sqlite else value  # type: ignore[no-any-return]

    def day(self, value: Any) -> date:
        return date.fromisoformat(value) if self.on_sqlite else value  # type: ignore[no-any-return]


@cache
def _database() -> _Database:
    """Opened by the worker that uses it, never by the process it is forked from."""
    return _Database(os.environ[DATABASE])


@app.get("/ready")
def ready() -> str:
    _database().run("SELECT 1")
    return "ready"


@app.get("/times.json")
def times() -> Response:
    database, now = _database(), datetime.now(UTC)
    type_id, zone = uuid.UUID(request.args["session_type"]), ZoneInfo(request.args["zone"])
    first_on, days = date.fromisoformat(request.args["from"]), int(request.args["days"])
    [(schedule_id, own_zone, notice, horizon, step, minutes, before, after)] = database.rows(
        "SELECT s.id, s.zone, s.notice_minutes, s.horizon_days, s.slot_step_minutes, t.minutes,"
        " t.buffer_before_minutes, t.buffer_after_minutes"
        " FROM session_type t JOIN schedule s ON s.id = t.schedule_id WHERE t.id = ? AND t.active",
        type_id,
    )
    clocks = ZoneInfo(own_zone)
    last_on = now.astimezone(clocks).date() + timedelta(days=horizon + 1)
    from_at = max(now + timedelta(minutes=notice), datetime.combine(first_on, time(), zone))
    until_at = min(
        datetime.combine(first_on + timedelta(days=days), time(), zone),
        datetime.combine(last_on, time(), clocks),
    )
    busy = database.rows(
        "SELECT seconds(busy_from), seconds(busy_until) FROM appointment"
        " WHERE schedule_id = ? AND status IN ('held', 'booked', 'done', 'no_show')"
        " AND busy_from >= ? AND busy_from < ? AND busy_until > ?"
        " AND NOT (status = 'held' AND hold_expires_at <= ?) ORDER BY busy_from",
        schedule_id,
        from_at - _DAY,
        until_at + _DAY,
        from_at - timedelta(minutes=before),
        now,
    )
    spans = _open_spans(database, schedule_id, clocks, from_at.astimezone(clocks).date(), days + 1)
    starts = _starts(
        spans,
        busy,
        minutes * 60,
        (before * 60, after * 60),
        step * 60,
        int(from_at.timestamp()),
        int(until_at.timestamp()),
    )
    answer = {
        "zone": zone.key,
        "session_type": str(type_id),
        "minutes": minutes,
        "slots": [f"{datetime.fromtimestamp(start, UTC).isoformat()[:19]}Z" for start in starts],
    }
    return Response(json.dumps(answer, separators=(",", ":")), content_type="application/json")


def _open_spans(
    database: _Database, schedule_id: Any, clocks: ZoneInfo, first_on: date, days: int
) -> list[tuple[int, int]]:
    """Open time in seconds since 1970."""
    weekly = database.rows(
        "SELECT weekday, start_time, end_time FROM availability_rule"
        " WHERE schedule_id = ? ORDER BY start_time",
        schedule_id,
    )
    off = [
        (
            _second(database.day(row[0]), database.time(row[1]), clocks),
            _second(database.day(row[2]), database.time(row[3]), clocks),
        )
        for row in database.rows(
            "SELECT starts_on, start_time, ends_on, end_time FROM time_off"
            " WHERE schedule_id = ? AND ends_on >= ? AND starts_on <= ? ORDER BY starts_on, start_time",
            schedule_id,
            first_on,
            first_on + days * _DAY,
        )
    ]
    rules: dict[int, list[tuple[time, time]]] = {}
    for weekday, start, end in weekly:
        rules.setdefault(weekday, []).append((database.time(start), database.time(end)))
    spans = []
    for number in range(days):
        day = first_on + number * _DAY
        for start, end in rules.get(day.weekday(), ()):
            span = (_second(day, start, clocks), _second(day, end, clocks))
            spans += _without(span, off)
    return spans


def _second(day: date, wall: time, clocks: ZoneInfo) -> int:
    return int(datetime.combine(day, wall, clocks).timestamp())


def _without(span: tuple[int, int], off: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    start, end = span
    left = []
    for off_from, off_until in off:
        if off_until > start and off_from < end:
            if off_from > start:
                left.append((start, off_from))
            start = max(start, off_until)
    return [*left, (start, end)] if start < end else left


def _starts(
    spans: Sequence[tuple[int, int]],
    busy: Sequence[tuple[int, int]],
    length: int,
    buffers: tuple[int, int],
    step: int,
    earliest: int,
    latest: int,
) -> list[int]:
    found, current = [], 0
    before, after = buffers[0], length + buffers[1]
    for start, end in spans:
        while start + length <= end and start < latest:
            while current < len(busy) and busy[current][1] <= start - before:
                current += 1
            if start >= earliest and (current == len(busy) or busy[current][0] >= start + after):
                found.append(start)
            start += step
    return found


@app.post("/book/time")
def hold() -> Any:
    """Find the visitor, lock, end stale holds, give back the former hold, insert past the guard, commit."""
    database, now = _database(), datetime.now(UTC)
    token = hashlib.sha256(session["visit"].encode()).hexdigest()
    start_at = datetime.fromisoformat(request.form["start"])
    database.run(database.begin)
    try:
        [(booking_id, type_id)] = database.rows(
            f"SELECT id, session_type_id FROM booking WHERE token_digest = ?{_LOCK}",  # noqa: S608 - a constant
            token,
        )
        [(schedule_id, minutes, before, after)] = database.rows(
            "SELECT schedule_id, minutes, buffer_before_minutes, buffer_after_minutes"
            " FROM session_type WHERE id = ?",
            type_id,
        )
        database.rows(f"SELECT id FROM schedule WHERE id = ?{_LOCK}", schedule_id)  # noqa: S608 - a constant
        database.run(
            "UPDATE appointment SET status = 'expired', updated_at = ?"
            " WHERE schedule_id = ? AND status = 'held' AND hold_expires_at <= ?",
            *(now, schedule_id, now),
        )
        database.run(
            "UPDATE appointment SET status = 'released', updated_at = ?"
            " WHERE booking_id = ? AND status = 'held'",
            *(now, booking_id),
        )
        end_at = start_at + timedelta(minutes=minutes)
        database.run(
            "INSERT INTO appointment (id, schedule_id, booking_id, session_type_id, status, start_at, end_at,"
            " busy_from, busy_until, hold_expires_at, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, 'held', ?, ?, ?, ?, ?, ?, ?)",
            *(uuid.uuid4(), schedule_id, booking_id, type_id, start_at, end_at),
            *(start_at - timedelta(minutes=before), end_at + timedelta(minutes=after)),
            *(now + timedelta(minutes=10), now, now),
        )
        database.run("COMMIT")
    except Exception:
        database.run("ROLLBACK")
        raise
    return redirect("/book/check", code=303)


@app.get("/feed.ics")
def feed() -> Response:
    """Stored events between a head and a tail that are handed in."""
    database = _database()
    head, tail = os.environ["FLOOR_FEED_HEAD"].encode(), b"END:VCALENDAR\r\n"
    rows = database.rows(
        "SELECT vevent_therapist FROM calendar_object"
        " WHERE start_at >= ? AND start_at < ? ORDER BY start_at, id",
        datetime.fromisoformat(os.environ["FLOOR_FEED_FROM"]),
        datetime.fromisoformat(os.environ["FLOOR_FEED_UNTIL"]),
    )
    return Response(b"".join([head, *(bytes(row[0]) for row in rows), tail]), content_type="text/calendar")
