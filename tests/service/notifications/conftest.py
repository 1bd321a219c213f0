import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.clock import FixedClock
from consult.db.sealing import Sealer
from consult.db.transaction import transaction
from consult.notifications.message import Message
from consult.notifications.models import OutboxMessage
from consult.notifications.sending import send_due
from consult.notifications.service import Claim, claim_due, enqueue, fail, finish
from tests.rows import new_booking, save, save_session_type

LEASE = timedelta(minutes=5)


class PowerCut(BaseException):
    """The worker dies on the spot."""


class Postbox:
    """A mailer that keeps what it is given; `before` and `after` happen around each mail, once each."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.before: list[Callable[[], None] | BaseException] = []
        self.after: list[Callable[[], None] | BaseException] = []

    def send(self, mail: EmailMessage) -> None:
        _next(self.before)
        self.mails.append(mail)
        _next(self.after)


def _next(script: list[Callable[[], None] | BaseException]) -> None:
    if not script:
        return
    step = script.pop(0)
    if isinstance(step, BaseException):
        raise step
    step()


class Outbox:
    """The outbox on a database, each command in a transaction of its own."""

    def __init__(self, session: Session, clock: FixedClock, sealer: Sealer) -> None:
        self.session, self.clock, self.sealer = session, clock, sealer
        self.postbox = Postbox()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with transaction(self.session):
            yield

    def put(
        self, key: str = "confirmation:1", *, due_in: timedelta | None = None, email: str = "ann@example.com"
    ) -> bool:
        message = Message(
            to_name="Ann Canary",
            to_email=email,
            subject="Your appointment is booked",
            text="Hello Ann,\n",
            html="<p>Hello Ann,</p>\n",
            dedupe_key=key,
        )
        with self.transaction():
            return enqueue(
                self.session,
                kind="confirmation",
                message=message,
                sealer=self.sealer,
                now=self.clock(),
                due_at=None if due_in is None else self.clock() + due_in,
            )

    def claim(self, limit: int = 10) -> list[Claim]:
        with self.transaction():
            return claim_due(self.session, self.clock(), limit, LEASE)

    def finish(self, claim: Claim) -> bool:
        with self.transaction():
            return finish(self.session, claim.id, claim.lease_token, self.clock())

    def fail(self, claim: Claim, *, permanent: bool = False) -> bool:
        with self.transaction():
            return fail(
                self.session,
                claim.id,
                claim.lease_token,
                self.clock(),
                permanent=permanent,
                error_class="MailUnavailable",
            )

    def send(self, sealer: Sealer | None = None) -> int:
        return send_due(
            self.session,
            self.transaction,
            self.postbox,
            sealer or self.sealer,
            "Dr. Olivia Patel <bookings@example.org>",
            self.clock,
        )

    def row(self, key: str = "confirmation:1") -> OutboxMessage:
        self.session.rollback()
        return self.session.scalars(select(OutboxMessage).where(OutboxMessage.dedupe_key == key)).one()


@pytest.fixture
def outbox(session: Session, clock: FixedClock, sealer: Sealer) -> Outbox:
    return Outbox(session, clock, sealer)


@pytest.fixture
def booking_id(session: Session, clock: FixedClock) -> uuid.UUID:
    with transaction(session):
        booking = new_booking(save_session_type(session).id, started_at=clock())
        save(session, booking)
        return booking.id
