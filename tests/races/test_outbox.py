"""Several workers on one outbox, killed at random, and a mail server that refuses, stalls and dies."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from consult.db.sealing import Sealer
from consult.db.transaction import transaction
from consult.notifications.message import Message
from consult.notifications.models import OutboxMessage
from consult.notifications.service import enqueue
from consult.notifications.undelivered import count_undelivered

from .outbox_worker import BEGUN_AT, KEY

ROOT = Path(__file__).parents[2]
PACE = 100
"""A lease of five minutes runs out in three seconds."""

MAILS = {"fine": 24, "busy": 8, "never": 7, "dies": 6, "silent": 6}
KILLED_AT = {6, 14, 22, 30, 38}
"""A worker is killed while the server has its hands on the mail of this number."""

PATIENCE_SECONDS = 60


class Workers:
    """Three processes; one that is killed is followed by another."""

    def __init__(self, engine: Engine, port: int) -> None:
        url = engine.url.render_as_string(hide_password=False)
        command = [sys.executable, "-m", "tests.races.outbox_worker", url, str(port), str(PACE)]
        self._nursery = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT)  # noqa: S603
        self._running = [self._another() for _ in range(3)]
        self.killed = 0

    def kill_one(self) -> None:
        os.kill(self._running.pop(random.randrange(3)), signal.SIGKILL)  # noqa: S311
        self.killed += 1
        self._running.append(self._another())

    def end(self) -> None:
        self._nursery.communicate(timeout=PATIENCE_SECONDS)

    def _another(self) -> int:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write("another\n")
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline())


class Office:
    """Does to a mail what its recipient's name says; `arrived` are those it has taken."""

    def __init__(self) -> None:
        self.workers: Workers | None = None
        self.arrived: dict[str, list[bytes]] = defaultdict(list)
        self.silent = 0
        self._seen: Counter[str] = Counter()
        self._mails = 0

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._seen[address] += 1
        if address.startswith("never"):
            return "550 No such mailbox"
        if address.startswith("busy") and self._seen[address] <= 2:
            return "451 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        [address] = envelope.rcpt_tos
        first, self._mails = self._seen[address] == 1, self._mails + 1
        if self.workers is not None and self._mails in KILLED_AT:
            self.workers.kill_one()
        if first and address.startswith("dies"):
            server.transport.abort()
            return ""
        assert isinstance(envelope.content, bytes)
        self.arrived[address].append(envelope.content)
        if first and address.startswith("silent"):
            self.silent += 1
            server.transport.abort()
            return ""
        return "250 OK"


@pytest.fixture
def office() -> Iterator[tuple[Office, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    office = Office()
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    yield office, port
    controller.stop()


def test_no_mail_is_lost_and_none_goes_twice_but_where_a_receipt_was_lost(
    engine: Engine, office: tuple[Office, int]
) -> None:
    server, port = office
    wanted = [f"{kind}-{number}@example.com" for kind, count in MAILS.items() for number in range(count)]
    _put(engine, wanted)
    workers = server.workers = Workers(engine, port)
    try:
        _wait_until_done(engine)
    finally:
        server.workers = None
        workers.end()

    assert workers.killed == len(KILLED_AT)
    never = {address for address in wanted if address.startswith("never")}
    assert set(server.arrived) == set(wanted) - never
    with Session(engine) as session:
        assert count_undelivered(session) == len(never)
        assert _statuses(session) == {"sent": len(wanted) - len(never), "dead": len(never)}

    copies = {address: len(mails) for address, mails in server.arrived.items()}
    assert all(len(set(mails)) == 1 for mails in server.arrived.values()), "a copy that is not known as one"
    lost_receipts = server.silent + workers.killed
    assert server.silent == MAILS["silent"]
    assert server.silent <= sum(copies.values()) - len(copies) <= lost_receipts


def _put(engine: Engine, addresses: list[str]) -> None:
    sealer = Sealer([KEY])
    random.shuffle(addresses)
    with Session(engine) as session, transaction(session):
        for address in addresses:
            message = Message("Ann", address, "Booked", "Hello,\n", "<p>Hello,</p>\n", dedupe_key=address)
            enqueue(session, kind="confirmation", message=message, sealer=sealer, now=BEGUN_AT)


def _wait_until_done(engine: Engine) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    with Session(engine) as session:
        while _statuses(session).keys() - {"sent", "dead"}:
            session.rollback()
            assert time.monotonic() < until, _statuses(session)
            time.sleep(0.1)


def _statuses(session: Session) -> dict[str, int]:
    rows = session.execute(select(OutboxMessage.status, func.count()).group_by(OutboxMessage.status))
    return dict(rows.all())  # type: ignore[arg-type]
