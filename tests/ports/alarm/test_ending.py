"""The real commands, told to end while the mail server has its hands on a mail."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from flask import Flask
from sqlalchemy import Engine, select

from consult.cli.alarm import PATIENCE_SECONDS
from consult.core.clock import system_clock
from consult.db.sealing import new_key
from consult.deps import deps
from consult.notifications.message import Message
from consult.notifications.models import OutboxMessage
from consult.notifications.service import enqueue
from tests.service.scheduling.conftest import empty_postgres, postgres_engine  # noqa: F401 - fixtures

from .conftest import LONG, free_port

ROOT = Path(__file__).parents[3]
TO_START = 120
"""Seconds until the command has to be at work, on a machine that has much else to do."""


class SlowOffice:
    """Takes its time over a mail until it is told to go on, and a moment more."""

    def __init__(self) -> None:
        self.has_it, self.go_on = threading.Event(), threading.Event()
        self.arrived = 0

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        self.has_it.set()
        await asyncio.to_thread(self.go_on.wait, LONG)
        await asyncio.sleep(0.5)
        self.arrived += 1
        return "250 OK"


@pytest.fixture
def office() -> Iterator[tuple[SlowOffice, str]]:
    office = SlowOffice()
    controller = Controller(office, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield office, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


@pytest.mark.parametrize(
    ("command", "told"), [("worker", "SIGTERM"), ("serve", "SIGTERM"), ("serve", "SIGINT")]
)
def test_on_sqlite_the_mail_at_hand_is_sent_and_known_to_be(
    command: str,
    told: str,
    office: tuple[SlowOffice, str],
    make_app: Callable[..., Flask],
    tmp_path: Path,
) -> None:
    _end_at_a_mail(command, told, office, make_app, {"CONSULT_DATA": str(tmp_path / "data")})


@pytest.mark.postgres
def test_on_postgresql_and_redis_the_mail_at_hand_is_sent_and_known_to_be(
    office: tuple[SlowOffice, str],
    make_app: Callable[..., Flask],
    empty_postgres: Engine,  # noqa: F811 - a fixture
    redis_url: str,
    tmp_path: Path,
) -> None:
    url = empty_postgres.url.render_as_string(hide_password=False)
    environ = {"CONSULT_DATA": str(tmp_path / "data"), "DATABASE_URL": url, "REDIS_URL": redis_url}
    _end_at_a_mail("worker", "SIGTERM", office, make_app, environ)


def _end_at_a_mail(
    command: str,
    told: str,
    office: tuple[SlowOffice, str],
    make_app: Callable[..., Flask],
    environ: dict[str, str],
) -> None:
    post, smtp_url = office
    environ = environ | {"SMTP_URL": smtp_url, "ENCRYPTION_KEYS": new_key(), "PORT": str(free_port())}
    app = make_app(**environ)
    with _running(command, environ) as process:
        _put_mail(app)
        assert post.has_it.wait(TO_START)
        process.send_signal(signal.Signals[told])
        post.go_on.set()
        assert process.wait(PATIENCE_SECONDS + LONG) == 0
    assert post.arrived == 1
    with app.app_context():
        assert deps().session.scalars(select(OutboxMessage.status)).all() == ["sent"]


def _put_mail(app: Flask) -> None:
    with app.app_context(), deps().transaction():
        message = Message("Ann", "ann@example.com", "Booked", "Hello", "<p>Hello</p>", dedupe_key="a")
        enqueue(deps().session, kind="x", message=message, sealer=deps().ports.sealer, now=system_clock())


@contextmanager
def _running(command: str, environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "flask", "--app", "wsgi", command],
        cwd=ROOT,
        env=os.environ | {"PUBLIC_URL": "http://localhost", "SECRET_KEY": "x" * 43} | environ,
        stdout=subprocess.DEVNULL,
        # Tests that a shell runs in the background are started deaf to SIGINT, and so is what they start.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(LONG)
