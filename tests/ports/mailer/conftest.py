"""Two post offices that behave alike: a folder, and a real SMTP server on loopback."""

import email
import socket
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

from consult.notifications.mailer import FileMailer, Mailer, MailRefused, MailUnavailable, SmtpMailer
from consult.notifications.message import Message
from consult.notifications.mime import mime


class PostOffice(Protocol):
    mailer: Mailer

    def refuse_next(self) -> None: ...
    def put_off_next(self) -> None: ...
    def delivered(self) -> list[EmailMessage]: ...


class FolderOffice:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mailer = FileMailer(folder)

    def refuse_next(self) -> None:
        self.mailer.fail_next(MailRefused())

    def put_off_next(self) -> None:
        self.mailer.fail_next(MailUnavailable())

    def delivered(self) -> list[EmailMessage]:
        return [
            email.message_from_bytes(path.read_bytes(), policy=default)
            for path in sorted(self.folder.glob("*"))
        ]


class SmtpOffice:
    """Answers RCPT, DATA and QUIT from a script, otherwise takes everything."""

    def __init__(self) -> None:
        self.recipient_answers: deque[str] = deque()
        self.data_answers: deque[str] = deque()
        self.dies_after_data: deque[bool] = deque()
        self.dies_at_farewell = False
        self.envelopes: list[Envelope] = []
        self.sessions: list[SmtpSession] = []

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_answers:
            return self.recipient_answers.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        if self.dies_after_data:
            self.dies_after_data.popleft()
            server.transport.abort()
            return ""
        if self.data_answers:
            return self.data_answers.popleft()
        self.envelopes.append(envelope)
        self.sessions.append(session)
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        if self.dies_at_farewell:
            server.transport.abort()
        return "221 Bye"

    mailer: Mailer

    def refuse_next(self) -> None:
        self.recipient_answers.append("550 No such mailbox")

    def put_off_next(self) -> None:
        self.recipient_answers.append("451 Try again later")

    def delivered(self) -> list[EmailMessage]:
        return [email.message_from_bytes(envelope.content, policy=default) for envelope in self.envelopes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Start an SMTP server for an office; its port. Further arguments are aiosmtpd's."""
    started: list[Controller] = []

    def start(office: SmtpOffice, **options: Any) -> int:
        controller = Controller(office, hostname="127.0.0.1", port=free_port(), **options)
        controller.start()
        started.append(controller)
        return controller.port

    yield start
    for controller in started:
        controller.stop()


@pytest.fixture
def smtp_office(serve: Callable[..., int]) -> SmtpOffice:
    office = SmtpOffice()
    office.mailer = SmtpMailer(f"smtp://127.0.0.1:{serve(office)}")
    return office


@pytest.fixture
def folder_office(tmp_path: Path) -> FolderOffice:
    return FolderOffice(tmp_path / "mail")


@pytest.fixture(params=["folder", "smtp"])
def office(request: pytest.FixtureRequest) -> PostOffice:
    chosen: PostOffice = request.getfixturevalue(f"{request.param}_office")
    return chosen


@pytest.fixture
def mail() -> Callable[..., EmailMessage]:
    def make(key: str = "confirmation:1", name: str = "Ann Lee", text: str = "Hello Ann,\n") -> EmailMessage:
        message = Message(
            to_name=name,
            to_email="ann@example.com",
            subject="Your appointment is booked",
            text=text,
            html="<p>Hello</p>\n",
            dedupe_key=key,
            calendar=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
            calendar_method="REQUEST",
        )
        return mime(
            message,
            mail_from="Dr. Olivia Patel <bookings@example.org>",
            created_at=datetime(2026, 6, 1, 12, 0, tzinfo=UTC),
        )

    return make
