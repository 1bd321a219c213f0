"""The alarm on each queue there may be: a file, and a real Redis of this test run's own."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from consult.cli.alarm import Alarm

LONG = 30
MakeAlarm = Callable[[], Alarm]
Waking = Callable[[Alarm, Callable[[], object]], AbstractContextManager[None]]


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must ring through a real Redis, and there is no `redis-server`", pytrace=False)
        pytest.skip("there is no `redis-server` on the PATH")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="consult-redis-") as folder:
        address = ["--port", str(port), "--bind", "127.0.0.1"]
        server = subprocess.Popen(  # noqa: S603
            [program, *address, "--dir", folder, "--save", "", "--loglevel", "warning"],
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(LONG)


@pytest.fixture(params=["file", "redis"])
def queue_url(request: pytest.FixtureRequest) -> str | None:
    """None means the file."""
    if request.param == "file":
        return None
    url: str = request.getfixturevalue("redis_url")
    with Redis.from_url(url) as redis:
        redis.flushall()
    return url


@pytest.fixture
def make_alarm(tmp_path: Path, queue_url: str | None) -> MakeAlarm:
    """Each is another process's, as far as the queue can tell."""
    return lambda: Alarm(tmp_path, queue_url)


@pytest.fixture
def waking() -> Waking:
    return _waking


@contextmanager
def _waking(alarm: Alarm, look: Callable[[], object]) -> Iterator[None]:
    consumer = alarm.consumer(look, signals=False)
    thread = threading.Thread(target=consumer.run)
    thread.start()
    try:
        yield
    finally:
        consumer.stop(graceful=True)
        thread.join(LONG)
        assert not thread.is_alive()


def _wait_for(port: int) -> None:
    until = time.monotonic() + LONG
    with Redis(port=port) as redis:
        while True:
            try:
                redis.ping()
            except NoConnection:
                assert time.monotonic() < until
                time.sleep(0.02)
            else:
                return


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
