"""A message as it goes over the wire.

With an invitation (RFC 6047): multipart/mixed of multipart/alternative (plain, html, text/calendar last) and
the same calendar bytes once more as a file. Some mail programs show buttons only for the inner part, others
read only the file.
"""

import hashlib
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr

from consult.core.text import clean_text

from .message import Message, plain_address

_NAME_LIMIT = 60
_SUBJECT_LIMIT = 150


class _AsItStands(UnstructuredHeader, BaseHeader):
    """Left on one line: the library would write a long address as encoded words (RFC 2047), which no mail
    program decodes here, so that nobody could unsubscribe.
    """

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _AsItStands)
_POLICY = SMTP.clone(header_factory=_HEADERS)


def mime(message: Message, *, mail_from: str, created_at: datetime) -> EmailMessage:
    """The same bytes each time, Message-ID and Date included, so that a mail sent twice is known as one.

    `mail_from` is `Name <address>` or a bare address; `created_at` an aware instant. Raises InvalidAddress
    for sender or recipient, ValueError for what cannot be written.
    """
    key = hashlib.sha256(message.dedupe_key.encode()).hexdigest()[:32]
    sender = _mailbox(*parseaddr(mail_from))
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = sender
    mail["To"] = _mailbox(message.to_name, message.to_email)
    mail["Subject"] = clean_text(message.subject, _SUBJECT_LIMIT)
    mail["Date"] = format_datetime(created_at)
    mail["Message-ID"] = f"<{key}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if message.wishes_url is not None:
        # One click (RFC 8058): the mail program posts there by itself, so the address is not the page's.
        mail["List-Unsubscribe"] = f"<{message.wishes_url}/off>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    if message.calendar is not None and message.calendar_method is not None:
        _hang_in(mail, message.calendar, message.calendar_method)
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{key}_{number}")
    return mail


def _mailbox(name: str, address: str) -> Address:
    """A name must not hold an encoded word (RFC 2047): written into the header it would be decoded there, and
    with it any line break that it spells.
    """
    shown = clean_text(name, _NAME_LIMIT)
    if "=?" in shown:
        shown = shown.replace("=", "")
    return Address(shown, addr_spec=plain_address(address))


def _hang_in(mail: EmailMessage, calendar: bytes, method: str) -> None:
    mail.add_alternative(
        calendar,
        maintype="text",
        subtype="calendar",
        params={"method": method, "charset": "UTF-8"},
        cte="base64",
    )
    mail.add_attachment(calendar, maintype="application", subtype="ics", filename="invite.ics", cte="base64")
