"""gunicorn with two synchronous workers, as each of the applications compared is served."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from .load import ask_all, get

ROOT = Path(__file__).parents[2]
WORKERS = 2
_STARTING_SECONDS = 30


def processor_seconds(pid: int) -> float:
    """What a process and all it has started have used of the processors so far."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(spent.user + spent.system for spent in times)


@dataclass(frozen=True)
class Server:
    port: int
    pid: int


@contextmanager
def served(application: str, folder: Path, environ: Mapping[str, str], ready: str) -> Iterator[Server]:
    """`application` ("module:name") on a port of its own; `ready` is a path that answers 200 when it can.

    Runs in `folder`, so that no .env of the project is read, and keeps its log there.
    """
    log = folder / f"{application.partition(':')[0]}.log"
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening, log.open("ab") as output:
        port, number = listening.getsockname()[1], listening.fileno()
        arguments = [
            *(sys.executable, "-m", "gunicorn", application, "--bind", f"fd://{number}"),
            *("--workers", str(WORKERS), "--worker-class", "sync", "--preload", "--no-control-socket"),
            *("--pythonpath", str(ROOT), "--log-level", "warning", "--timeout", "60"),
        ]
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            arguments,
            cwd=folder,
            env={**os.environ, **environ},
            pass_fds=[number],
            stdout=output,
            stderr=output,
        )
        try:
            _warm_up(process, port, ready, log)
            yield Server(port, process.pid)
        finally:
            process.terminate()
            process.wait(_STARTING_SECONDS)


def _warm_up(process: "subprocess.Popen[bytes]", port: int, ready: str, log: Path) -> None:
    """Whoever asks before a worker listens waits in the backlog, unless the server has died."""
    try:
        statuses = ask_all(port, [get(ready)] * 4 * WORKERS, clients=2 * WORKERS).statuses
    except (OSError, TimeoutError) as error:
        raise RuntimeError(f"{application_log(log)}") from error
    if process.poll() is not None or set(statuses) != {200}:
        raise RuntimeError(f"{ready} answered {dict(statuses)}\n{application_log(log)}")


def application_log(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-4000:]
