"""What is on the disk when the queue is a file, and when that is spoilt."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from consult.cli.alarm import Alarm

from .conftest import LONG, Waking


def test_a_ring_says_nothing_that_could_be_run(tmp_path: Path) -> None:
    assert Alarm(tmp_path, None).ring()
    with closing(sqlite3.connect(tmp_path / "alarm.db")) as file:
        [(ring,)] = file.execute("SELECT data FROM task")
    assert b'"consult.cli.alarm.look"' in ring
    assert ring.startswith(b"[")


def test_a_spoilt_file_is_begun_anew(tmp_path: Path, waking: Waking) -> None:
    (tmp_path / "alarm.db").write_bytes(b"not a database" * 100)
    seen = threading.Event()
    with waking(Alarm(tmp_path, None), seen.set):
        assert seen.wait(LONG)
