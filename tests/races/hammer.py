"""Sixteen processes that want the same hours: `python -m tests.races.hammer`, its orders as JSON on stdin.

A process of its own, so that the sixteen are forked while nothing is connected. Prints how the tries ended,
as JSON: the word of each outcome, and how many tries had it.
"""

import json
import multiprocessing
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import click
from psycopg.errors import LockNotAvailable
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

import consult.app  # noqa: F401 - every table
from consult.db.engine import WRITE, prepare_postgresql, prepare_sqlite
from consult.db.transaction import transaction
from consult.scheduling import rulebook, service
from consult.scheduling.errors import SlotNotOffered, SlotTaken

PROCESSES = 16
HELD, TAKEN, NOT_OFFERED, DATABASE_REFUSED = "held", "taken", "not offered", "database refused"
_PATIENCE = 20
_MOMENT_SECONDS = 0.01
_HOLD_TTL = timedelta(minutes=10)
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Try:
    """One patient's wish; ids in hex, the instant in ISO 8601."""

    booking_id: str
    session_type_id: str
    start_at: str


@dataclass(frozen=True)
class Orders:
    """Without `lock` the schedule's row is not locked, and SQLite's driver is left as it comes. With
    `hesitate` everybody waits a moment between looking whether the time is free and taking it.
    """

    url: str
    now: str
    tries: Sequence[Try]
    lock: bool = True
    hesitate: bool = False


def hammer(orders: Orders) -> Counter[str]:
    """Run it, in the process it needs; how the tries ended."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.races.hammer"],
        cwd=_ROOT,
        input=json.dumps(asdict(orders)),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Counter(json.loads(done.stdout))


def _main() -> None:
    given = json.load(sys.stdin)
    orders = Orders(**given | {"tries": [Try(**each) for each in given["tries"]]})
    engine = _prepared_engine(orders)
    if orders.lock:
        _compile_all(engine, orders)
    fork = multiprocessing.get_context("fork")
    gate, outcomes = fork.Barrier(PROCESSES), fork.Queue()
    workers = [
        fork.Process(target=_work, args=(engine, orders, number, gate, outcomes))
        for number in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    total: Counter[str] = Counter()
    for _ in workers:
        total += outcomes.get(timeout=580)
    for worker in workers:
        worker.join()
    click.echo(json.dumps(total))


def _prepared_engine(orders: Orders) -> Engine:
    engine = create_engine(orders.url)
    if orders.hesitate:
        service.require_free = _hesitating(service.require_free)
    if not orders.lock:
        rulebook._LOCK_BY_TYPE = rulebook._VERSION_BY_TYPE
    elif engine.dialect.name == "sqlite":
        prepare_sqlite(engine)
    else:
        prepare_postgresql(engine)
    return engine


def _hesitating(look: Callable[..., None]) -> Callable[..., None]:
    def look_and_wait(*arguments: Any) -> None:
        look(*arguments)
        time.sleep(_MOMENT_SECONDS)

    return look_and_wait


def _compile_all(engine: Engine, orders: Orders) -> None:
    """The statements, once for all sixteen; nothing is stored and no connection is left."""
    with Session(engine) as session:
        session.connection(execution_options={WRITE: True})
        _hold(session, orders, orders.tries[0])
        session.rollback()
    engine.dispose()


def _work(
    engine: Engine, orders: Orders, number: int, gate: Barrier, outcomes: "Queue[Counter[str]]"
) -> None:
    with engine.connect():
        gate.wait()
    outcomes.put(Counter(_outcome(engine, orders, wish) for wish in orders.tries[number::PROCESSES]))


def _outcome(engine: Engine, orders: Orders, wish: Try) -> str:
    """Who waited too long for the lock is told to try again, and does."""
    for _ in range(_PATIENCE):
        try:
            with Session(engine) as session, transaction(session):
                _hold(session, orders, wish)
        except SlotTaken:
            return TAKEN
        except SlotNotOffered:
            return NOT_OFFERED
        except OperationalError as error:
            if not _waited_in_vain(error):
                return f"{DATABASE_REFUSED}: {error.orig!r}"
        except Exception as error:
            return f"stray: {error!r}"
        else:
            return HELD
    return f"{DATABASE_REFUSED}: {_PATIENCE} times"


def _waited_in_vain(error: OperationalError) -> bool:
    """As long as anybody waits for the lock. SQLite lets whoever has just written write again at once: on a
    busy machine the last of sixteen waits for most of the run. Refused at any other statement, it has read
    first and writes now, and would be refused whatever the patience.
    """
    return isinstance(error.orig, LockNotAvailable) or error.statement == "BEGIN IMMEDIATE"


def _hold(session: Session, orders: Orders, wish: Try) -> None:
    service.place_hold(
        session,
        booking_id=uuid.UUID(wish.booking_id),
        session_type_id=uuid.UUID(wish.session_type_id),
        start_at=datetime.fromisoformat(wish.start_at),
        now=datetime.fromisoformat(orders.now),
        hold_ttl=_HOLD_TTL,
    )


if __name__ == "__main__":
    _main()
