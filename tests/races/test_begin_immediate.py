"""On SQLite a transaction that writes has the file to itself from its first look on."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from consult.db.engine import prepare_sqlite
from consult.db.transaction import transaction


def test_nobody_writes_between_its_look_and_its_write(tmp_path: Path) -> None:
    file = tmp_path / "one.db"
    engine = create_engine(f"sqlite:///{file}")
    prepare_sqlite(engine)
    somebody_else = sqlite3.connect(file, timeout=0, isolation_level=None)
    with Session(engine) as session:
        with transaction(session):
            session.execute(text("SELECT 1"))
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                somebody_else.execute("BEGIN IMMEDIATE")
        session.execute(text("SELECT 1"))
        somebody_else.execute("BEGIN IMMEDIATE")
    somebody_else.close()
    engine.dispose()
