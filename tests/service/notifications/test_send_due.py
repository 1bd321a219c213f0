"""Claim, send, record: what is lost, doubled or stuck when something dies or fails on the way."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from consult.db.sealing import Sealer
from consult.notifications.mailer import MailRefused, MailUnavailable

from .conftest import LEASE, Outbox, PowerCut


def test_every_mail_that_is_due_is_sent_once(outbox: Outbox) -> None:
    for key in "abc":
        outbox.put(key)
    outbox.put("later", due_in=timedelta(hours=1))

    assert outbox.send() == 3
    assert outbox.send() == 0
    assert len({mail["Message-ID"] for mail in outbox.postbox.mails}) == len(outbox.postbox.mails) == 3
    assert (outbox.row("a").status, outbox.row("later").status) == ("sent", "ready")


def test_the_mail_goes_from_the_practice_to_its_recipient_dated_when_it_was_put_in(outbox: Outbox) -> None:
    outbox.put(due_in=timedelta(hours=1))
    written_at = outbox.clock()
    outbox.clock.advance(timedelta(hours=2))
    outbox.send()

    (mail,) = outbox.postbox.mails
    assert mail["To"] == "Ann Canary <ann@example.com>"
    assert mail["From"].addresses[0].addr_spec == "bookings@example.org"
    assert mail["Date"].datetime == written_at


def test_no_transaction_is_open_while_the_mailer_talks(outbox: Outbox) -> None:
    outbox.put()
    open_during_send: list[bool] = []
    outbox.postbox.before.append(lambda: open_during_send.append(outbox.session.in_transaction()))
    outbox.send()

    assert open_during_send == [False]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_dies_loses_nothing_and_the_copy_knows_itself(outbox: Outbox, moment: str) -> None:
    outbox.put()
    getattr(outbox.postbox, moment).append(PowerCut())
    with pytest.raises(PowerCut):
        outbox.send()
    sent_by_then = [bytes(mail) for mail in outbox.postbox.mails]

    assert outbox.send() == 0
    outbox.clock.advance(LEASE)
    assert outbox.send() == 1
    assert outbox.row().status == "sent"
    copies = [bytes(mail) for mail in outbox.postbox.mails]
    assert len(copies) == len(sent_by_then) + 1
    assert len(set(copies)) == 1


def test_a_worker_that_comes_back_late_does_not_undo_what_another_recorded(outbox: Outbox) -> None:
    outbox.put()

    def overtaken() -> None:
        outbox.clock.advance(LEASE)
        assert outbox.send() == 1
        outbox.clock.advance(timedelta(minutes=1))
        raise MailUnavailable

    outbox.postbox.before.append(overtaken)
    outbox.send()

    row = outbox.row()
    assert (row.status, row.attempts, row.last_error) == ("sent", 2, None)
    assert row.sent_at == outbox.clock() - timedelta(minutes=1)


def test_a_mail_put_off_is_tried_again_later_with_the_same_message_id(outbox: Outbox) -> None:
    outbox.put()
    outbox.postbox.before.append(MailUnavailable("ann@example.com is busy"))
    outbox.send()
    row = outbox.row()
    assert (row.status, row.attempts, row.last_error) == ("ready", 1, "MailUnavailable")
    assert row.due_at > outbox.clock()

    assert outbox.send() == 0
    outbox.clock.advance(timedelta(seconds=4))
    assert outbox.send() == 1
    assert (outbox.row().status, outbox.row().last_error) == ("sent", None)


def test_a_refused_mail_is_dead_at_once_and_the_next_one_goes(outbox: Outbox) -> None:
    outbox.put("refused")
    outbox.put("good", due_in=timedelta(0))
    outbox.postbox.before.append(MailRefused(550))
    outbox.send()

    assert sorted([outbox.row("refused").status, outbox.row("good").status]) == ["dead", "sent"]
    assert outbox.send() == 0


@pytest.mark.parametrize(
    "email", ["", "no address", "ann@example.com, eve@example.com", "ann@example.com\r\nBcc: eve@example.org"]
)
def test_a_poisoned_address_is_dead_and_never_reaches_the_mailer(outbox: Outbox, email: str) -> None:
    outbox.put(email=email)

    assert outbox.send() == 1
    assert (outbox.row().status, outbox.row().last_error) == ("dead", "InvalidAddress")
    assert outbox.postbox.mails == []


def test_a_payload_moved_from_another_row_is_dead(outbox: Outbox) -> None:
    outbox.put("mine")
    outbox.put("yours", due_in=timedelta(hours=1))
    with outbox.transaction():
        outbox.session.execute(
            text(
                "UPDATE outbox_message SET payload_sealed ="
                " (SELECT payload_sealed FROM outbox_message WHERE dedupe_key = 'yours')"
                " WHERE dedupe_key = 'mine'"
            )
        )
    outbox.send()

    assert (outbox.row("mine").status, outbox.row("mine").last_error) == ("dead", "SealBroken")
    assert outbox.postbox.mails == []


def test_a_lost_key_is_waited_for_since_the_operator_may_bring_it_back(outbox: Outbox) -> None:
    outbox.put()
    outbox.send(sealer=Sealer([bytes(32)]))
    assert (outbox.row().status, outbox.row().last_error) == ("ready", "UnknownKey")

    outbox.clock.advance(timedelta(minutes=1))
    outbox.send()
    assert outbox.row().status == "sent"


def test_a_fault_nobody_thought_of_holds_up_nothing_else(outbox: Outbox) -> None:
    outbox.put("first")
    outbox.put("second")
    outbox.postbox.before.append(RuntimeError("ann@example.com"))

    assert outbox.send() == 2
    rows = {outbox.row(key).status: outbox.row(key).last_error for key in ("first", "second")}
    assert rows == {"ready": "RuntimeError", "sent": None}
