"""Which mails beyond the necessary an address wants, and the link in them that changes it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.tokens import digest, new_token
from consult.db.sealing import Place, Sealer

from .models import MailPreference


@dataclass(frozen=True, slots=True)
class Wishes:
    """Columns of `mail_preference`, and the fields' names. Whoever said nothing wants all of them."""

    reminder_day_before: bool = True
    reminder_hour_before: bool = True
    intake_reminders: bool = True


NOTHING = Wishes(False, False, False)


def read_wishes(session: Session, email_digests: Sequence[str]) -> Wishes:
    """Of the address with one of these keyed digests."""
    row = _of_address(session, email_digests)
    return _wishes(row) if row else Wishes()


def give_link(session: Session, email_digests: Sequence[str], sealer: Sealer, now: datetime) -> str:
    """The token of the link that changes this address's wishes: one for all its mails, so that an old mail
    still works.
    """
    row = _of_address(session, email_digests)
    if row is not None:
        return sealer.open(row.token_sealed, _place(row))
    token = new_token()
    row = MailPreference(
        email_digest=email_digests[0], token_digest=digest(token), updated_at=now, **asdict(Wishes())
    )
    row.token_sealed = sealer.seal(token, _place(row))
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # Another mail to the address was the first at the same instant.
        row = _of_address(session, email_digests)
        if row is None:
            raise
        return sealer.open(row.token_sealed, _place(row))
    return token


def find_wishes(session: Session, token: str) -> Wishes:
    """Raises NotFound."""
    return _wishes(_of_token(session, token))


def whose_link(session: Session, token: str) -> str:
    """The keyed digest of the address. Raises NotFound."""
    return _of_token(session, token).email_digest


def save_wishes(session: Session, token: str, wishes: Wishes, now: datetime) -> None:
    """Raises NotFound."""
    row = _of_token(session, token)
    for name, wanted in asdict(wishes).items():
        setattr(row, name, wanted)
    row.updated_at = now
    session.flush()


def _of_address(session: Session, email_digests: Sequence[str]) -> MailPreference | None:
    return session.scalar(
        select(MailPreference).where(MailPreference.email_digest.in_(email_digests)).limit(1)
    )


def _of_token(session: Session, token: str) -> MailPreference:
    row = session.scalar(select(MailPreference).where(MailPreference.token_digest == digest(token)))
    if row is None:
        raise NotFound
    return row


def _wishes(row: MailPreference) -> Wishes:
    return Wishes(*(getattr(row, name) for name in Wishes.__dataclass_fields__))


def _place(row: MailPreference) -> Place:
    return Place("mail_preference", "token", row.id)
