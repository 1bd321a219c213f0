"""Workers on an outbox as processes that can be killed: `python -m tests.races.outbox_worker URL PORT PACE`.

Each line on standard input forks off another worker and prints its process id; the end of input ends all. So
what takes long to import is imported once. Clocks run PACE times as fast as real time, so that leases run out
and waits are over within seconds.
"""

import os
import signal
import sys
import time
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

import consult.accounts.models
import consult.booking.models
import consult.intake.models
import consult.payments.models
import consult.practice.models
import consult.scheduling.models  # noqa: F401
from consult.db.engine import prepare_postgresql, prepare_sqlite
from consult.db.sealing import Sealer
from consult.db.transaction import transaction
from consult.notifications.mailer import SmtpMailer
from consult.notifications.sending import send_due

BEGUN_AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
KEY = bytes(range(32))


def main(url: str, port: int, pace: int) -> None:
    epoch = time.time()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    workers = []
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            work(url, port, pace, epoch)
        workers.append(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in workers:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def work(url: str, port: int, pace: int, epoch: float) -> None:
    engine = create_engine(url)
    (prepare_sqlite if engine.dialect.name == "sqlite" else prepare_postgresql)(engine)
    mailer, sealer = SmtpMailer(f"smtp://127.0.0.1:{port}"), Sealer([KEY])

    def clock() -> datetime:
        return BEGUN_AT + timedelta(seconds=(time.time() - epoch) * pace)

    with Session(engine) as session:

        def one() -> AbstractContextManager[None]:
            return transaction(session)

        while True:
            try:
                send_due(session, one, mailer, sealer, "Practice <bookings@example.org>", clock)
            except OperationalError:
                session.rollback()
            time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
