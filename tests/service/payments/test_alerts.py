"""Facts about money that wait for a person, each noted once."""

import uuid

import pytest

from consult.core.errors import NotFound
from consult.db.transaction import transaction
from consult.payments.alerts import AlertKind, find_alert, open_alerts, raise_alert, settle, settle_itself


@pytest.fixture
def raised(session, clock):
    """Raise an alert in a transaction of its own."""

    def note(key="orphan-cs_1", kind=AlertKind.ORPHAN):
        with transaction(session):
            return raise_alert(session, key, kind, clock(), gateway_ref="cs_1")

    return note


def test_the_same_fact_is_noted_once_also_after_it_was_settled(session, raised, clock):
    alert = raised()
    assert raised() is None
    with transaction(session):
        settle(session, alert.id, "Refunded by hand.", clock())
    assert raised() is None
    assert open_alerts(session) == []


def test_settled_twice_the_first_note_stands_on_one_line(session, raised, clock):
    alert = raised()
    for note in ("Refunded\nby hand.", "Another."):
        with transaction(session):
            settle(session, alert.id, note, clock())
    assert (alert.settled_note, alert.settled_at) == ("Refunded by hand.", clock())


def test_an_unknown_alert_cannot_be_settled(session, clock):
    with pytest.raises(NotFound), transaction(session):
        settle(session, uuid.uuid4(), "", clock())


def test_what_was_over_by_itself_and_begins_again_is_a_new_alert(session, raised, clock):
    first = raised()
    with transaction(session):
        settle_itself(session, "orphan-cs_1", "Gone.", clock())
        settle_itself(session, "nothing such", "Gone.", clock())
    assert open_alerts(session) == []
    assert raised().id != first.id
    assert find_alert(session, "orphan-cs_1").settled_at is None
