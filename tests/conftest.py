"""Fixtures every test may use."""

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from consult.core.clock import FixedClock
from consult.db.base import Base
from consult.db.engine import prepare_sqlite
from consult.db.sealing import Sealer

ROOT = Path(__file__).parent.parent
for module in sorted((ROOT / "consult").glob("*/models.py")):
    importlib.import_module(f"consult.{module.parent.name}.models")


@pytest.fixture
def clock() -> FixedClock:
    """A Monday noon, far from any change of daylight saving."""
    return FixedClock(datetime(2026, 6, 1, 12, 0, tzinfo=UTC))


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([bytes(range(32))])


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A session on a fresh SQLite file with every table; use `with transaction(session):` to write."""
    engine = create_engine(f"sqlite:///{tmp_path}/test.db")
    prepare_sqlite(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()
