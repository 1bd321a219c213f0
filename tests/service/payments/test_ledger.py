"""Sums over what moved, and the inbox of webhooks."""

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from consult.booking.models import Booking
from consult.core.errors import NotFound
from consult.core.money import Money
from consult.db.transaction import transaction
from consult.payments import ledger, service
from consult.payments.models import LedgerEntry, Payment

PRICE = Money(9000, "usd")
NOTHING = Money(0, "usd")


@pytest.fixture
def arrive(session, clock):
    def event(event_id="evt_1", gateway="stripe"):
        with transaction(session):
            return service.record_event(
                session, gateway, event_id, "checkout.session.completed", "cs_1", clock()
            )

    return event


def test_one_bookings_money_is_not_anothers(paid, booking_id, new_booking, kept):
    assert kept(booking_id) == PRICE
    assert kept(new_booking()) == NOTHING


def test_each_currency_is_summed_by_itself(paid, booking_id, session):
    assert ledger.net(session, booking_id, "eur") == Money(0, "eur")


def test_a_fact_is_posted_once(session, paid, clock):
    with transaction(session):
        again = ledger.post_once(session, paid.id, "charge", PRICE, paid.checkout_id, clock())
    assert again is False
    assert session.query(LedgerEntry).count() == 1


def test_a_purged_booking_takes_a_payment_that_moved_nothing_along(till, start, session, booking_id):
    start(till)
    with transaction(session):
        session.execute(delete(Booking).where(Booking.id == booking_id))
    assert session.query(Payment).count() == 0


def test_a_booking_with_money_in_the_ledger_cannot_be_purged(paid, session, booking_id):
    with pytest.raises(IntegrityError), transaction(session):
        session.execute(delete(Booking).where(Booking.id == booking_id))
    assert session.query(Payment).count() == 1


def test_an_event_is_dealt_with_once(arrive, session, clock):
    assert arrive()
    with transaction(session):
        service.event_processed(session, "stripe", "evt_1", clock())
    assert not arrive()


def test_an_event_that_was_not_dealt_with_is_worth_another_try(arrive):
    assert arrive()
    assert arrive()


def test_the_same_id_from_another_gateway_is_another_event(arrive, session, clock):
    arrive()
    with transaction(session):
        service.event_processed(session, "stripe", "evt_1", clock())
    assert arrive(gateway="another")
    assert arrive("evt_2")


def test_an_event_that_never_arrived_cannot_be_processed(session, clock):
    with pytest.raises(NotFound), transaction(session):
        service.event_processed(session, "stripe", "evt_1", clock())
