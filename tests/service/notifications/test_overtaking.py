"""Mails that the server put off until a newer one made them untrue."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import update

from consult.db.transaction import transaction
from consult.notifications.models import OutboxMessage

from .conftest import Outbox

SECOND = timedelta(seconds=1)


def two_mails(outbox: Outbox, booking_id: uuid.UUID, older: str, newer: str) -> None:
    """Both due; the older was tried in vain when the newer was written."""
    outbox.put(older)
    outbox.clock.advance(SECOND)
    outbox.put(newer)
    outbox.clock.advance(SECOND)
    with transaction(outbox.session):
        for kind in (older, newer):
            of_kind = update(OutboxMessage).where(OutboxMessage.dedupe_key == kind)
            outbox.session.execute(of_kind.values(kind=kind, booking_id=booking_id))


def keys(outbox: Outbox) -> list[str]:
    """What may go now."""
    rows = outbox.session.query(OutboxMessage)
    claimed = {claim.id for claim in outbox.claim()}
    return [row.dedupe_key for row in rows.order_by(OutboxMessage.created_at) if row.id in claimed]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("confirmation", "moved"),
        ("moved", "cancelled"),
        ("therapist_new_booking", "therapist_cancelled"),
        ("safety_release", "cancelled"),
        ("payment_refused", "confirmation"),
    ],
)
def test_once_the_newer_has_gone_the_older_never_does(
    outbox: Outbox, booking_id: uuid.UUID, older: str, newer: str
) -> None:
    two_mails(outbox, booking_id, older, newer)
    assert keys(outbox) == [older, newer]
    outbox.clock.advance(timedelta(hours=1))
    with transaction(outbox.session):
        sent = update(OutboxMessage).where(OutboxMessage.dedupe_key == newer)
        outbox.session.execute(sent.values(status="sent", lease_token=None, leased_until=None))
    assert keys(outbox) == []
    assert outbox.session.query(OutboxMessage).count() == 1


def test_a_reminder_gives_way_to_a_move_that_only_waits(outbox: Outbox, booking_id: uuid.UUID) -> None:
    two_mails(outbox, booking_id, "day_reminder", "moved")
    assert keys(outbox) == ["moved"]


def test_nothing_of_a_visit_that_came_back_goes_before_its_cancel(
    outbox: Outbox, booking_id: uuid.UUID
) -> None:
    two_mails(outbox, booking_id, "cancelled", "reinstated")
    assert keys(outbox) == ["cancelled"]


def test_news_about_money_gives_way_to_nothing(outbox: Outbox, booking_id: uuid.UUID) -> None:
    two_mails(outbox, booking_id, "refund_notice", "confirmation")
    with transaction(outbox.session):
        sent = update(OutboxMessage).where(OutboxMessage.dedupe_key == "confirmation")
        outbox.session.execute(sent.values(status="sent"))
    assert keys(outbox) == ["refund_notice"]
