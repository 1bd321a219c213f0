"""Signing in and out, on a fresh database."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts import service as accounts
from consult.accounts.models import Account, SignIn
from consult.accounts.roles import Role
from consult.core.clock import FixedClock
from consult.core.errors import NotFound
from consult.db.transaction import transaction

PASSWORD = "correct horse battery"


@pytest.fixture
def account_id(session: Session, clock: FixedClock) -> uuid.UUID:
    with transaction(session):
        account = accounts.add_account(
            session,
            email=" Olivia@Example.COM ",
            password=PASSWORD,
            role=Role.THERAPIST,
            therapist_id=None,
            now=clock(),
        )
        return account.id


def test_an_address_is_kept_in_one_form_and_a_password_only_as_a_hash(
    session: Session, account_id: uuid.UUID
):
    account = session.get_one(Account, account_id)
    assert account.email == "olivia@example.com"
    assert account.password_hash.startswith("$argon2id$")
    assert PASSWORD not in account.password_hash


@pytest.mark.parametrize(
    ("email", "password", "known"),
    [
        ("olivia@example.com", PASSWORD, True),
        (" OLIVIA@example.com\n", PASSWORD, True),
        ("olivia@example.com", PASSWORD.upper(), False),
        ("olivia@example.com", f"{PASSWORD} ", False),
        ("olivia@example.com", "", False),
        ("nobody@example.com", PASSWORD, False),
        ("", "", False),
    ],
)
def test_a_password_opens_its_own_account_only(
    session: Session, account_id: uuid.UUID, email: str, password: str, known: bool
):
    assert accounts.check_password(session, email, password) == (account_id if known else None)


def test_a_password_typed_on_another_keyboard_is_the_same_password(session: Session, clock: FixedClock):
    with transaction(session):
        account = accounts.add_account(
            session,
            email="zoe@example.com",
            password="cafe\u0301 au lait",
            role=Role.THERAPIST,
            therapist_id=None,
            now=clock(),
        )
    assert accounts.check_password(session, "zoe@example.com", "caf\u00e9 au lait") == account.id


@pytest.mark.parametrize("password", ["", "nine char", "x" * 129])
def test_a_password_too_short_or_too_long_is_refused(session: Session, clock: FixedClock, password: str):
    with pytest.raises(accounts.PasswordRefused), transaction(session):
        accounts.add_account(
            session,
            email="a@example.com",
            password=password,
            role=Role.THERAPIST,
            therapist_id=None,
            now=clock(),
        )
    assert session.scalar(select(Account)) is None


@pytest.mark.parametrize("password", ["ten chars!", "x" * 128])
def test_the_shortest_and_the_longest_password_are_taken(session: Session, clock: FixedClock, password: str):
    with transaction(session):
        accounts.add_account(
            session,
            email="a@example.com",
            password=password,
            role=Role.THERAPIST,
            therapist_id=None,
            now=clock(),
        )
    assert accounts.check_password(session, "a@example.com", password) is not None


def test_a_sign_in_is_found_by_its_token_and_stored_only_as_a_digest(
    session: Session, account_id: uuid.UUID, clock: FixedClock
):
    with transaction(session):
        token = accounts.sign_in(session, account_id, clock())
    found = accounts.find_signed_in(session, token, clock())
    assert found == accounts.SignedIn(account_id, None, "olivia@example.com", Role.THERAPIST, clock())
    assert accounts.find_signed_in(session, "another", clock()) is None
    [row] = session.scalars(select(SignIn))
    assert token not in (row.token_digest, str(row.id))


@pytest.mark.parametrize(
    ("idle", "valid"), [(timedelta(minutes=30), True), (timedelta(minutes=30, seconds=1), False)]
)
def test_a_sign_in_ends_when_idle(
    session: Session, account_id: uuid.UUID, clock: FixedClock, idle: timedelta, valid: bool
):
    with transaction(session):
        token = accounts.sign_in(session, account_id, clock())
    clock.advance(idle)
    assert (accounts.find_signed_in(session, token, clock()) is not None) is valid


def test_a_sign_in_ends_after_twelve_hours_though_used(
    session: Session, account_id: uuid.UUID, clock: FixedClock
):
    with transaction(session):
        token = accounts.sign_in(session, account_id, clock())
    for _ in range(24):
        clock.advance(timedelta(minutes=30))
        assert accounts.find_signed_in(session, token, clock()) is not None
        with transaction(session):
            accounts.touch(session, token, clock())
    clock.advance(timedelta(seconds=1))
    assert accounts.find_signed_in(session, token, clock()) is None


def test_a_sign_in_is_not_written_at_every_look(session: Session, account_id: uuid.UUID, clock: FixedClock):
    with transaction(session):
        token = accounts.sign_in(session, account_id, clock())
    found = accounts.find_signed_in(session, token, clock())
    assert found is not None
    clock.advance(timedelta(minutes=1))
    assert not accounts.needs_touch(found, clock())
    clock.advance(timedelta(seconds=1))
    assert accounts.needs_touch(found, clock())


def test_signing_out_ends_this_sign_in_and_no_other(
    session: Session, account_id: uuid.UUID, clock: FixedClock
):
    with transaction(session):
        first, second = (accounts.sign_in(session, account_id, clock()) for _ in range(2))
    with transaction(session):
        accounts.sign_out(session, first)
        accounts.sign_out(session, "another")
    assert accounts.find_signed_in(session, first, clock()) is None
    assert accounts.find_signed_in(session, second, clock()) is not None


def test_the_therapists_mail_goes_to_the_account_or_nowhere(session: Session, account_id: uuid.UUID):
    with pytest.raises(NotFound):
        accounts.therapist_email(session, uuid.uuid4())
