"""What wakes the worker: huey, an existing engine, as an alarm clock and nothing more.

A ring says "look", never what to do: what is due stands in the tables, and is claimed there with a lease. So
rings may be lost, doubled or late, and while the queue is away the worker looks in its own rounds.
"""

import json
import logging
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from huey import RedisHuey, SqliteHuey  # type: ignore[import-untyped]
from huey.consumer import Consumer, Scheduler  # type: ignore[import-untyped]
from huey.registry import Message  # type: ignore[import-untyped]
from huey.serializer import Serializer  # type: ignore[import-untyped]
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry

ROUND_SECONDS = 5
"""How often a worker looks though nobody rings; a divisor of 60."""

PATIENCE_SECONDS = 10
"""How long a worker that is to end may take over the pass it is at."""

_QUEUE = "consult"
_PAGE_WAITS_SECONDS = 1
_LONGEST_NAP_SECONDS = 0.5
"""How long a ring on the file, which cannot be listened to, may go unheard."""

_END_IN_PEACE = (False, True)
"""Huey's words for it: no new start, and what is at hand is finished."""

_log = logging.getLogger("consult.alarm")


class PlainSerializer(Serializer):  # type: ignore[misc]
    """JSON: huey's own is pickle, by which whoever can write to the queue could run anything here."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(data))


class Alarm:
    """One for each application. The queue is on Redis if there is one, else a file in `folder`."""

    def __init__(self, folder: Path, redis_url: str | None) -> None:
        self._folder, self._redis_url = folder, redis_url
        self._look: Callable[[], object] | None = None
        self._opening, self._looking = threading.Lock(), threading.Lock()
        self._huey: Any = None
        self._opened_by: int | None = None

    def ring(self) -> bool:
        """Have some worker look at once; whether that could be said. One ring waiting is enough for all."""
        try:
            huey, task = self._opened()
            if not huey.pending_count():
                task()
        except Exception as error:
            _log.warning("a worker could not be woken: %s", type(error).__name__)
            return False
        return True

    def consumer(self, look: Callable[[], object], *, signals: bool) -> Consumer:
        """Huey's consumer, not started, with one thread that looks whenever there was a ring.

        `look` must not raise. With `signals`, SIGINT and SIGTERM end it once the pass at hand is over, and
        a second one at once; without, they are left to whoever runs beside it.
        """
        self._look = look
        huey, _ = self._opened()
        kind = _with_rounds(self._round, signals)
        return kind(
            huey,
            workers=1,
            max_delay=_LONGEST_NAP_SECONDS,
            health_check_interval=ROUND_SECONDS,
            shutdown_timeout=PATIENCE_SECONDS,
        )

    def _round(self) -> None:
        if not self.ring():
            self._answer()

    def _answer(self) -> None:
        """The one task. One pass at a time: what a second one could do, the next round does."""
        if self._look is not None and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()

    def _opened(self) -> tuple[Any, Any]:
        """The queue and its task, opened anew in a forked process: connections are not shared."""
        with self._opening:
            if self._huey is None or self._opened_by != os.getpid():
                huey = self._new_queue()
                self._huey = huey, huey.task(name="look")(self._answer)
                self._opened_by = os.getpid()
            return self._huey  # type: ignore[no-any-return]

    def _new_queue(self) -> Any:
        plain = {"results": False, "serializer": PlainSerializer()}
        if self._redis_url is None:
            file = self._folder / "alarm.db"
            on_file = {"filename": str(file), "timeout": _PAGE_WAITS_SECONDS, "fsync": False, **plain}
            try:
                return SqliteHuey(_QUEUE, **on_file)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                # Written without waiting for the disk, so a power cut may spoil it: nothing in it is missed.
                file.unlink(missing_ok=True)
                return SqliteHuey(_QUEUE, **on_file)
        pool = ConnectionPool.from_url(
            self._redis_url,
            socket_connect_timeout=_PAGE_WAITS_SECONDS,
            # Longer than the second for which a worker listens.
            socket_timeout=3 * _PAGE_WAITS_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        return RedisHuey(_QUEUE, connection_pool=pool, **plain)


def _with_rounds(go_round: Callable[[], None], signals: bool) -> Any:
    """A consumer whose clock counts in seconds: huey's own periodic tasks count in minutes."""

    class Rounds(Scheduler):  # type: ignore[misc]
        periodic_task_seconds = ROUND_SECONDS

        def enqueue_periodic_tasks(self, now: object) -> None:
            go_round()

    class Waker(Consumer):  # type: ignore[misc]
        scheduler_class = Rounds

        def _set_signal_handlers(self) -> None:
            # Huey would drop what it is at on SIGTERM, and a mail whose receipt is lost goes twice.
            self._signal_actions = dict.fromkeys((signal.SIGINT, signal.SIGTERM), _END_IN_PEACE)
            if signals:
                super()._set_signal_handlers()

    return Waker
