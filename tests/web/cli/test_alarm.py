"""When a worker is rung for."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from consult.deps import deps
from consult.notifications.message import Message
from consult.notifications.service import enqueue


def test_a_mail_rings_once_it_is_committed_and_not_before(app: Flask, tmp_path: Path):
    file = tmp_path / "data" / "alarm.db"

    def put(key: str) -> None:
        d = deps()
        message = Message("", "ann@example.com", "x", "x", "x", dedupe_key=key)
        enqueue(d.session, kind="x", message=message, sealer=d.ports.sealer, now=d.now())

    def put_and_fail() -> None:
        with deps().transaction():
            put("a")
            raise PowerCut

    with app.app_context():
        with pytest.raises(PowerCut):
            put_and_fail()
        with deps().transaction():
            put("b")
            put("b")
            assert not file.exists()
        with closing(sqlite3.connect(file)) as queue:
            assert queue.execute("SELECT count(*) FROM task").fetchall() == [(1,)]


class PowerCut(Exception):
    pass
