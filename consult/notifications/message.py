"""One mail to one person, before it is MIME. Pure, apart from email-validator, which reads addresses."""

import base64
import json
from dataclasses import asdict, dataclass

from email_validator import EmailNotValidError, validate_email

from consult.core.errors import ConsultError


@dataclass(eq=False)
class InvalidAddress(ConsultError):
    """Not one plain e-mail address. Which text it was is not told, since refusals end in logs."""


@dataclass(frozen=True, slots=True)
class Message:
    """What the outbox holds, sealed.

    `calendar` is an iTIP object and `calendar_method` its method; both or neither. `dedupe_key` names the
    fact the mail tells of: the same key is never sent as two different mails. At `wishes_url` the reader
    turns such mails off; None for what is necessary.
    """

    to_name: str
    to_email: str
    subject: str
    text: str
    html: str
    dedupe_key: str
    calendar: bytes | None = None
    calendar_method: str | None = None
    wishes_url: str | None = None

    def __post_init__(self) -> None:
        if (self.calendar is None) != (self.calendar_method is None):
            raise ValueError("a calendar object and its method go together")

    def to_json(self) -> str:
        calendar = None if self.calendar is None else base64.b64encode(self.calendar).decode()
        return json.dumps({**asdict(self), "calendar": calendar})

    @classmethod
    def from_json(cls, text: str) -> "Message":
        """Of a text that `to_json` wrote."""
        values = json.loads(text)
        if values["calendar"] is not None:
            values["calendar"] = base64.b64decode(values["calendar"])
        return cls(**values)


def plain_address(text: str) -> str:
    """The one address `text` is, its domain in lower case and ASCII. Raises InvalidAddress.

    Non-ASCII before the @ is refused, since few servers take it (RFC 6531). Whether mail arrives there is not
    looked up.
    """
    try:
        valid = validate_email(
            text, check_deliverability=False, allow_smtputf8=False, test_environment=True, strict=True
        )
    except EmailNotValidError:
        raise InvalidAddress from None
    if valid.ascii_email is None:
        raise InvalidAddress
    return valid.ascii_email
