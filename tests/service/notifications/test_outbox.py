"""The rows: what is due, whose it is, how it ends."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from consult.notifications.message import Message
from consult.notifications.models import OutboxMessage
from consult.notifications.service import MOST_ATTEMPTS, enqueue, wait_after, withdraw

from .conftest import LEASE, Outbox

SECOND = timedelta(seconds=1)


def test_the_same_key_is_put_in_once(outbox: Outbox) -> None:
    assert outbox.put() is True
    assert outbox.put() is False
    assert outbox.put("confirmation:2") is True

    assert outbox.session.scalar(text("SELECT count(*) FROM outbox_message")) == 2


def test_a_known_key_leaves_the_rest_of_the_transaction_alone(outbox: Outbox) -> None:
    outbox.put()
    message = Message("", "ann@example.com", "x", "x", "x", dedupe_key="confirmation:1")
    with outbox.transaction():
        outbox.session.add(
            OutboxMessage(
                kind="x",
                dedupe_key="beside",
                payload_sealed=b"",
                status="dead",
                attempts=0,
                due_at=outbox.clock(),
                created_at=outbox.clock(),
            )
        )
        again = enqueue(outbox.session, kind="x", message=message, sealer=outbox.sealer, now=outbox.clock())

    assert again is False
    assert outbox.row("beside").kind == "x"


def test_a_mail_for_a_booking_that_does_not_exist_is_no_duplicate_but_an_error(outbox: Outbox) -> None:
    message = Message("", "ann@example.com", "x", "x", "x", dedupe_key="k")
    with pytest.raises(IntegrityError), outbox.transaction():
        enqueue(
            outbox.session,
            kind="x",
            message=message,
            sealer=outbox.sealer,
            now=outbox.clock(),
            booking_id=uuid.uuid4(),
        )


def test_a_fact_rolled_back_takes_its_mail_along(outbox: Outbox) -> None:
    message = Message("", "ann@example.com", "x", "x", "x", dedupe_key="k")

    def refused_booking() -> None:
        with outbox.transaction():
            enqueue(outbox.session, kind="x", message=message, sealer=outbox.sealer, now=outbox.clock())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        refused_booking()
    assert outbox.claim() == []


def test_the_stored_message_shows_neither_address_nor_name_nor_text(outbox: Outbox) -> None:
    outbox.put()
    row = outbox.session.execute(text("SELECT * FROM outbox_message")).one()

    stored = b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    for secret in (b"ann@", b"example.com", b"Canary", b"Hello"):
        assert secret not in stored


def test_a_mail_is_claimed_when_it_is_due_and_not_before(outbox: Outbox) -> None:
    outbox.put(due_in=timedelta(hours=1))

    outbox.clock.advance(timedelta(hours=1) - SECOND)
    assert outbox.claim() == []
    outbox.clock.advance(SECOND)
    assert len(outbox.claim()) == 1


def test_what_is_due_longest_goes_first_and_no_more_than_asked_for(outbox: Outbox) -> None:
    for key, minutes in (("late", 3), ("early", 1), ("middle", 2)):
        outbox.put(key, due_in=timedelta(minutes=minutes))
    outbox.clock.advance(timedelta(minutes=5))

    assert [claim.id for claim in outbox.claim(2)] == [outbox.row("early").id, outbox.row("middle").id]
    assert [claim.id for claim in outbox.claim(2)] == [outbox.row("late").id]


def test_a_claimed_mail_is_nobody_elses_until_the_lease_runs_out(outbox: Outbox) -> None:
    outbox.put()
    (first,) = outbox.claim()

    outbox.clock.advance(LEASE - SECOND)
    assert outbox.claim() == []
    outbox.clock.advance(SECOND)
    (second,) = outbox.claim()
    assert second.id == first.id
    assert second.lease_token != first.lease_token


def test_a_late_worker_can_say_nothing_about_a_mail_that_passed_to_another(outbox: Outbox) -> None:
    outbox.put()
    (late,) = outbox.claim()
    outbox.clock.advance(LEASE)
    (present,) = outbox.claim()

    assert outbox.finish(late) is False
    assert outbox.fail(late, permanent=True) is False
    row = outbox.row()
    assert (row.status, row.lease_token, row.sent_at) == ("leased", present.lease_token, None)

    assert outbox.finish(present) is True
    assert outbox.finish(present) is False
    assert outbox.fail(late) is False
    assert (outbox.row().status, outbox.row().sent_at) == ("sent", outbox.clock())


def test_a_sent_mail_is_never_claimed_again(outbox: Outbox) -> None:
    outbox.put()
    outbox.finish(outbox.claim()[0])
    outbox.clock.advance(timedelta(days=365))

    assert outbox.claim() == []


def test_a_failure_for_good_ends_it(outbox: Outbox) -> None:
    outbox.put()
    assert outbox.fail(outbox.claim()[0], permanent=True) is True
    outbox.clock.advance(timedelta(days=365))

    assert outbox.claim() == []
    assert (outbox.row().status, outbox.row().last_error) == ("dead", "MailUnavailable")


def test_waits_grow_fourfold_up_to_an_hour() -> None:
    seconds = [wait_after(attempts).total_seconds() for attempts in range(1, MOST_ATTEMPTS)]

    assert seconds == [4, 16, 64, 256, 1024, 3600, 3600, 3600, 3600]


def test_a_mail_that_fails_ten_times_is_dead(outbox: Outbox) -> None:
    outbox.put()
    for attempts in range(1, MOST_ATTEMPTS):
        assert outbox.fail(outbox.claim()[0]) is True
        assert outbox.row().status == "ready"
        outbox.clock.advance(wait_after(attempts) - SECOND)
        assert outbox.claim() == []
        outbox.clock.advance(SECOND)

    outbox.fail(outbox.claim()[0])
    assert (outbox.row().status, outbox.row().attempts) == ("dead", 10)


def test_a_mail_that_kills_every_worker_ends_as_dead_and_lets_the_next_one_through(outbox: Outbox) -> None:
    outbox.put()
    for _ in range(MOST_ATTEMPTS):
        assert len(outbox.claim()) == 1
        outbox.clock.advance(LEASE)
    outbox.put("behind")

    assert [claim.id for claim in outbox.claim(1)] == [outbox.row("behind").id]
    assert (outbox.row().status, outbox.row().last_error) == ("dead", "LeaseRanOut")


def test_a_mail_outlives_its_booking(outbox: Outbox, booking_id: uuid.UUID) -> None:
    message = Message("", "ann@example.com", "x", "x", "x", dedupe_key="k")
    with outbox.transaction():
        enqueue(
            outbox.session,
            kind="x",
            message=message,
            sealer=outbox.sealer,
            now=outbox.clock(),
            booking_id=booking_id,
        )
    assert outbox.row("k").booking_id == booking_id

    with outbox.transaction():
        outbox.session.execute(text("DELETE FROM booking"))
    assert outbox.row("k").booking_id is None


@pytest.fixture
def put_for(outbox: Outbox, booking_id: uuid.UUID) -> Callable[..., None]:
    def put(kind: str, *, of: uuid.UUID | None = booking_id) -> None:
        message = Message("", "ann@example.com", "x", "x", "x", dedupe_key=kind)
        with outbox.transaction():
            enqueue(
                outbox.session,
                kind=kind,
                message=message,
                sealer=outbox.sealer,
                now=outbox.clock(),
                booking_id=of,
            )

    return put


def _withdraw(outbox: Outbox, booking_id: uuid.UUID, *kinds: str) -> set[str]:
    with outbox.transaction():
        return withdraw(outbox.session, booking_id, kinds)


def _left(outbox: Outbox) -> set[str]:
    outbox.session.rollback()
    return set(outbox.session.scalars(select(OutboxMessage.kind)))


def test_what_was_overtaken_is_taken_back_and_may_be_said_anew(
    outbox: Outbox, booking_id: uuid.UUID, put_for: Callable[..., None]
) -> None:
    put_for("moved")
    put_for("alert")
    put_for("moved-elsewhere", of=None)

    assert _withdraw(outbox, booking_id, "moved", "cancelled", "moved-elsewhere") == {"moved"}
    assert _left(outbox) == {"alert", "moved-elsewhere"}
    put_for("moved")
    assert "moved" in _left(outbox)


def test_what_a_worker_has_or_has_sent_is_not_taken_back(
    outbox: Outbox, booking_id: uuid.UUID, put_for: Callable[..., None]
) -> None:
    put_for("moved")
    [claim] = outbox.claim()
    assert _withdraw(outbox, booking_id, "moved") == set()
    outbox.finish(claim)
    assert _withdraw(outbox, booking_id, "moved") == set()
    assert _left(outbox) == {"moved"}


def test_what_was_tried_before_may_have_arrived(
    outbox: Outbox, booking_id: uuid.UUID, put_for: Callable[..., None]
) -> None:
    put_for("moved")
    outbox.fail(outbox.claim()[0])

    assert _withdraw(outbox, booking_id, "moved") == set()
    assert _left(outbox) == set()
