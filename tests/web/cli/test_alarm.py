"""What wakes the worker: a ring through huey, or its own rounds when the queue is away."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask

from consult.cli.alarm import Alarm
from consult.deps import deps
from consult.notifications.message import Message
from consult.notifications.service import enqueue

NOWHERE = "redis://127.0.0.1:1/0"
LONG = 30


@contextmanager
def waking(alarm: Alarm, look: Callable[[], object]) -> Iterator[None]:
    consumer = alarm.consumer(look, signals=False)
    thread = threading.Thread(target=consumer.run)
    thread.start()
    try:
        yield
    finally:
        consumer.stop(graceful=True)
        thread.join(LONG)
        assert not thread.is_alive()


def waiting(folder: Path) -> list[bytes]:
    with closing(sqlite3.connect(folder / "alarm.db")) as file:
        return [data for (data,) in file.execute("SELECT data FROM task")]


def test_a_ring_from_another_process_makes_a_worker_look(tmp_path: Path):
    seen = threading.Semaphore(0)
    with waking(Alarm(tmp_path, None), seen.release):
        assert seen.acquire(timeout=LONG), "its first round"
        assert Alarm(tmp_path, None).ring()
        assert seen.acquire(timeout=LONG)
    assert waiting(tmp_path) == []


def test_rings_that_nobody_hears_are_one_and_say_nothing_that_could_be_run(tmp_path: Path):
    alarm = Alarm(tmp_path, None)
    assert all(alarm.ring() for _ in range(5))
    [ring] = waiting(tmp_path)
    assert b'"consult.cli.alarm.look"' in ring
    assert ring.startswith(b"[")


def test_without_its_queue_the_worker_still_makes_its_rounds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    seen = threading.Event()
    alarm = Alarm(tmp_path, NOWHERE)
    assert alarm.ring() is False
    assert "ConnectionError" in caplog.text
    with waking(alarm, seen.set):
        assert seen.wait(LONG)


def test_a_spoilt_file_is_begun_anew(tmp_path: Path):
    (tmp_path / "alarm.db").write_bytes(b"not a database" * 100)
    seen = threading.Event()
    with waking(Alarm(tmp_path, None), seen.set):
        assert seen.wait(LONG)


def test_a_mail_rings_once_it_is_committed_and_not_before(app: Flask, tmp_path: Path):
    folder = tmp_path / "data"

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
            assert not (folder / "alarm.db").exists()
        assert len(waiting(folder)) == 1


class PowerCut(Exception):
    pass
