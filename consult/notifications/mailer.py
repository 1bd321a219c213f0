"""The way out for mail: to a server, or to files where there is none."""

import smtplib
import ssl
import tempfile
from collections import deque
from contextlib import closing, suppress
from datetime import UTC
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

_TIMEOUT_SECONDS = 10
_PORTS = {"smtp": 587, "smtps": 465}
_PERMANENT = range(500, 600)


class MailRefused(Exception):
    """The server will never take this mail (RFC 5321, a 5xx answer to its recipient or content)."""


class MailUnavailable(Exception):
    """It did not go this time: no connection, a 4xx answer, or an account or sender that needs mending."""


class Mailer(Protocol):
    """May be called again for a mail that went out unnoticed; its Message-ID then tells it is the same."""

    def send(self, mail: EmailMessage) -> None:
        """Return when somebody else is responsible for `mail`. Raises MailRefused or MailUnavailable."""


class FileMailer:
    """Writes `<utc>-<id>.eml` into a folder, for development and demonstration; the same mail only once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._failures: deque[MailRefused | MailUnavailable] = deque()

    def fail_next(self, *failures: MailRefused | MailUnavailable) -> None:
        """Raise these, one for each of the next mails, to show what then happens."""
        self._failures.extend(failures)

    def send(self, mail: EmailMessage) -> None:
        if self._failures:
            raise self._failures.popleft()
        dated_at = mail["Date"].datetime.astimezone(UTC)
        key = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        try:
            self._write(f"{dated_at:%Y%m%dT%H%M%SZ}-{key}.eml", bytes(mail))
        except OSError as error:
            raise MailUnavailable from error

    def _write(self, name: str, body: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
            file.write(body)
        Path(file.name).replace(self._folder / name)


class SmtpMailer:
    """Sends through `smtp://user:password@host:port` or `smtps://…`; user and password percent-encoded.

    STARTTLS is used whenever it is offered, certificates are always checked, and a password is never said in
    the clear. Raises ValueError for any other kind of address.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("SMTP_URL must look like smtp://user:password@host:port or smtps://…")
        self._implicit_tls = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")

    def send(self, mail: EmailMessage) -> None:
        sender, recipient = (mail[name].addresses[0].addr_spec for name in ("From", "To"))
        try:
            with closing(self._connected()) as server:
                # send_message() would write lines that begin with "From " as ">From ".
                server.sendmail(sender, [recipient], bytes(mail))
                # The mail is theirs now; a server that stumbles over the good-bye must not get it twice.
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            raise _failure(*[code for code, _ in error.recipients.values()]) from None
        except smtplib.SMTPDataError as error:
            raise _failure(error.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:
            raise MailUnavailable(type(error).__name__) from None

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._implicit_tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=_TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        try:
            self._introduce(server, context)
        except BaseException:
            server.close()
            raise
        return server

    def _introduce(self, server: smtplib.SMTP, context: ssl.SSLContext) -> None:
        server.ehlo_or_helo_if_needed()
        encrypted = self._implicit_tls
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=context)
            encrypted = True
        if self._user:
            if not encrypted:
                raise smtplib.SMTPNotSupportedError("no encryption offered, so the password is not said")
            server.login(self._user, self._password)


def _failure(*codes: int) -> MailRefused | MailUnavailable:
    # 5xx to the connection, the account or the sender is the operator's to mend, and then the mail is good.
    refused = all(code in _PERMANENT for code in codes)
    return MailRefused(*codes) if refused else MailUnavailable(*codes)
