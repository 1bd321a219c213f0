"""Signing in and out."""

import unicodedata
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError, NotFound
from consult.core.tokens import digest, new_token

from .models import Account, SignIn
from .roles import Role

IDLE_LIMIT = timedelta(minutes=30)
ABSOLUTE_LIMIT = timedelta(hours=12)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 128
_TOUCH_EVERY = timedelta(minutes=1)

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_DUMMY_HASH = _hasher.hash("the time an unknown address takes")


@dataclass(eq=False)
class PasswordRefused(ConsultError):
    """Too short to resist guessing, or too long to be a password."""

    shortest: int = SHORTEST_PASSWORD
    longest: int = LONGEST_PASSWORD


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is behind a browser."""

    account_id: uuid.UUID
    therapist_id: uuid.UUID | None
    email: str
    role: Role
    seen_at: datetime


def add_account(
    session: Session, *, email: str, password: str, role: Role, therapist_id: uuid.UUID | None, now: datetime
) -> Account:
    """A new account. Raises PasswordRefused."""
    plain = _normalised(password)
    if not SHORTEST_PASSWORD <= len(plain) <= LONGEST_PASSWORD:
        raise PasswordRefused
    account = Account(
        email=email.strip().lower(),
        password_hash=_hasher.hash(plain),
        role=role.value,
        therapist_id=therapist_id,
        created_at=now,
    )
    session.add(account)
    session.flush()
    return account


def therapist_email(session: Session, therapist_id: uuid.UUID) -> str:
    """Where the therapist gets mail. Raises NotFound when no account is theirs."""
    email = session.scalar(select(Account.email).where(Account.therapist_id == therapist_id).limit(1))
    if email is None:
        raise NotFound
    return email


def check_password(session: Session, email: str, password: str) -> uuid.UUID | None:
    """The account's id, or None. An unknown address takes as long as a wrong password."""
    account = session.scalar(select(Account).where(Account.email == email.strip().lower()))
    password = password[: LONGEST_PASSWORD + 1]
    try:
        _hasher.verify(account.password_hash if account else _DUMMY_HASH, _normalised(password))
    except (VerifyMismatchError, InvalidHashError):
        return None
    return account.id if account else None


def sign_in(session: Session, account_id: uuid.UUID, now: datetime) -> str:
    """Start a sign-in; returns the token that the browser's cookie carries."""
    token = new_token()
    session.add(SignIn(account_id=account_id, token_digest=digest(token), created_at=now, last_seen_at=now))
    session.flush()
    return token


def find_signed_in(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Who holds this token, unless it was signed out, idle too long or too old."""
    row = session.execute(
        select(SignIn, Account)
        .join(Account, Account.id == SignIn.account_id)
        .where(SignIn.token_digest == digest(token))
    ).first()
    if row is None:
        return None
    current, account = row
    if now - current.last_seen_at > IDLE_LIMIT or now - current.created_at > ABSOLUTE_LIMIT:
        return None
    return SignedIn(account.id, account.therapist_id, account.email, Role(account.role), current.last_seen_at)


def needs_touch(signed_in: SignedIn, now: datetime) -> bool:
    """Whether the sign-in's last sight is old enough to be worth a write."""
    return now - signed_in.seen_at > _TOUCH_EVERY


def touch(session: Session, token: str, now: datetime) -> None:
    current = session.scalar(select(SignIn).where(SignIn.token_digest == digest(token)))
    if current is not None:
        current.last_seen_at = now


def sign_out(session: Session, token: str) -> None:
    session.execute(delete(SignIn).where(SignIn.token_digest == digest(token)))


def forget_old_sign_ins(session: Session, now: datetime) -> None:
    session.execute(delete(SignIn).where(SignIn.created_at < now - ABSOLUTE_LIMIT))


def _normalised(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
