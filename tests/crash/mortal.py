"""The application in processes that are killed: `python -m tests.crash.mortal`, orders on stdin, a line each.

The application is made when told to, and forked for every order after that, so that each has a process of
its own that costs little. Told back, a line of JSON each: how it ended, and the boundaries it met.
"""

import json
import os
import signal
import subprocess
import sys
import uuid
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import stripe
from flask import Flask

from consult.app import create_app
from consult.booking import checkout
from consult.booking.changes import commands as changes
from consult.booking.changes.taking_back import Actor
from consult.booking.models import Booking
from consult.booking.upkeep import Upkeep
from consult.core.clock import FixedClock
from consult.deps import counter, deps
from consult.settings import Settings
from tests.crash.boundaries import Boundaries, watch

_ROOT = Path(__file__).parents[2]
_DEADLY = -signal.SIGKILL


@dataclass(frozen=True)
class Told:
    killed: bool
    met: list[str]


class Mortals:
    """Processes to be ordered about, one after the other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def become(self, environ: Mapping[str, str], now: datetime) -> None:
        """The application with these settings."""
        self.order("become", now, environ=dict(environ))

    def order(self, what: str, now: datetime, *, die_at: int | None = None, **given: object) -> Told:
        """Do this at that time, and die at this boundary, the first being 0. Raises RuntimeError when it
        fails in any other way.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"what": what, "now": now.isoformat(), "die_at": die_at, "given": given})
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the processes ended")
        told = json.loads(answer)
        if told["status"] not in (0, _DEADLY):
            raise RuntimeError(f"{what} ended with {told['status']}: {told['met']}")
        return Told(told["status"] == _DEADLY, told["met"])

    def deliver(self, body: bytes, headers: Mapping[str, str], now: datetime, die_at: int | None) -> Told:
        return self.order("receive", now, die_at=die_at, body=b64encode(body).decode(), headers=dict(headers))


@contextmanager
def mortals() -> Iterator[Mortals]:
    """Ready to be told what to become until the block ends."""
    command = [sys.executable, "-m", "tests.crash.mortal"]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Mortals(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)


def _main() -> None:
    stripe.HTTPClient.INITIAL_DELAY = 0
    clock = FixedClock(datetime.fromisoformat("2026-06-01T12:00:00+00:00"))
    app: Flask | None = None
    for line in sys.stdin:
        order = json.loads(line)
        clock.now = datetime.fromisoformat(order["now"])
        if order["what"] == "become":
            app = create_app(Settings.from_environ(order["given"]["environ"]), clock=clock)
            _warm_up(app)
        ended = (
            {"status": 0, "met": []} if order["what"] == "become" else _in_a_process_of_its_own(app, order)
        )
        sys.stdout.write(f"{json.dumps(ended)}\n")
        sys.stdout.flush()


def _warm_up(app: Flask) -> None:
    """Everything is loaded and compiled before the first fork, and no connection is left."""
    with app.app_context():
        _work()
        app.extensions["sqlalchemy"].engine.dispose()


def _in_a_process_of_its_own(app: Flask | None, order: dict[str, Any]) -> dict[str, Any]:
    assert app is not None
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            _obey(app, order, writing)
            status = 0
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        met = pipe.read().splitlines()
    return {"status": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "met": met}


def _obey(app: Flask, order: dict[str, Any], pipe: int) -> None:
    def die(_where: str) -> None:
        os.write(pipe, "\n".join(boundaries.passed).encode())
        os.kill(os.getpid(), signal.SIGKILL)

    boundaries = Boundaries(die)
    watch(app, boundaries)
    boundaries.arm(order["die_at"])
    if order["what"] == "receive":
        _receive(app, **order["given"])
    else:
        with app.app_context():
            _ORDERS[order["what"]](**order["given"])
    os.write(pipe, "\n".join(boundaries.passed).encode())


def _open(booking: str) -> None:
    checkout.open_checkout(counter(), uuid.UUID(booking))


def _come_back(payment: str) -> None:
    checkout.settle(counter(), uuid.UUID(payment))


def _cancel(booking: str) -> None:
    d = deps()
    with d.transaction():
        visit = d.session.get_one(Booking, uuid.UUID(booking))
        changes.cancel(d.session, visit, d.now(), d.ports, by=Actor.PATIENT)


def _work() -> None:
    Upkeep(counter(), deps().mailer, "bookings@example.org").run_due()


def _receive(app: Flask, body: str, headers: dict[str, str]) -> None:
    status = app.test_client().post("/webhooks/stripe", data=b64decode(body), headers=headers).status_code
    if status != 200:
        raise RuntimeError(f"answered {status}")


_ORDERS: dict[str, Callable[..., None]] = {
    "open": _open,
    "come_back": _come_back,
    "cancel": _cancel,
    "work": _work,
}


if __name__ == "__main__":
    _main()
