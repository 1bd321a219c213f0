"""Consent on PostgreSQL, where two requests about one number really meet."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, delete, event
from sqlalchemy.orm import Session, sessionmaker

from consult.core.clock import FixedClock
from consult.db.engine import prepare_postgresql
from consult.db.sealing import Sealer
from consult.db.transaction import transaction
from consult.notifications.models import SmsConsent
from consult.notifications.text_consent import (
    Consent,
    end_consents,
    find_consent,
    give_consent,
    stop_number,
    wants_texts,
)

ANN, ANNS = "+12125550123", "ann@example.com"


@pytest.fixture
def two_servers(postgres_url: str) -> Iterator[tuple[Session, Session]]:
    """On the PostgreSQL of the whole test run, where others may have made the table."""
    engine = create_engine(postgres_url)
    SmsConsent.__table__.create(engine, checkfirst=True)
    with engine.begin() as connection:
        connection.execute(delete(SmsConsent))
    prepare_postgresql(engine)
    sessions = sessionmaker(engine)
    with sessions() as session, sessions() as other:
        yield session, other
    engine.dispose()


@pytest.mark.postgres
def test_a_first_consent_given_twice_at_the_same_instant_is_one(
    two_servers: tuple[Session, Session], clock: FixedClock, sealer: Sealer
) -> None:
    session, other = two_servers

    def first(*_: object) -> None:
        with transaction(other):
            assert give_consent(other, ANN, ANNS, clock(), sealer)

    event.listen(session, "before_flush", first, once=True)
    with transaction(session):
        assert not give_consent(session, ANN, ANNS, clock(), sealer)
        assert find_consent(session, ANN, ANNS, sealer) is Consent.GIVEN


@pytest.mark.postgres
def test_a_stop_that_came_in_between_is_not_undone_by_the_page(
    two_servers: tuple[Session, Session], clock: FixedClock, sealer: Sealer
) -> None:
    session, other = two_servers
    with transaction(session):
        give_consent(session, ANN, ANNS, clock(), sealer)
        end_consents(session, [ANN], ANNS, clock(), sealer)
    with transaction(session):
        assert find_consent(session, ANN, ANNS, sealer) is Consent.NONE
        with transaction(other):
            stop_number(other, ANN, clock(), sealer)
        give_consent(session, ANN, ANNS, clock(), sealer)
        assert not wants_texts(session, ANN, ANNS, sealer)
