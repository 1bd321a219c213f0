"""Mails that did not arrive are counted until somebody sees to them; what mails said is forgotten."""

import uuid
from datetime import timedelta

import pytest

from consult.core.errors import NotFound
from consult.notifications.mailer import MailRefused, MailUnavailable
from consult.notifications.service import MOST_ATTEMPTS
from consult.notifications.undelivered import (
    NotUndelivered,
    Undelivered,
    count_undelivered,
    forget_payloads,
    list_undelivered,
    send_again,
    settle,
    waiting_since,
)

from .conftest import Outbox

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def refuse(outbox: Outbox, key: str = "confirmation:1") -> Undelivered:
    outbox.put(key)
    outbox.postbox.before.append(MailRefused(550))
    outbox.send()
    [mail] = list_undelivered(outbox.session, outbox.sealer)
    return mail


def forget(outbox: Outbox) -> int:
    with outbox.transaction():
        return forget_payloads(outbox.session, outbox.clock())


def test_a_mail_given_up_is_told_of_with_its_recipient_and_a_sent_one_is_not(outbox: Outbox) -> None:
    outbox.put("sent")
    outbox.send()
    mail = refuse(outbox)

    assert mail.message is not None
    assert (mail.message.to_email, mail.refused) == ("ann@example.com", True)
    assert count_undelivered(outbox.session) == 1


def test_sent_again_it_has_all_its_tries_and_is_the_same_mail(outbox: Outbox) -> None:
    mail = refuse(outbox)
    outbox.clock.advance(DAY)
    with outbox.transaction():
        send_again(outbox.session, mail.id, outbox.clock())
    assert count_undelivered(outbox.session) == 0
    for _ in range(MOST_ATTEMPTS - 1):
        outbox.postbox.before.append(MailUnavailable(451))
        assert outbox.send() == 1
        outbox.clock.advance(timedelta(hours=1))
    assert outbox.send() == 1
    assert outbox.row().status == "sent"


def test_once_dealt_with_it_is_forgotten_and_not_told_again(outbox: Outbox) -> None:
    mail = refuse(outbox)
    with outbox.transaction():
        settle(outbox.session, mail.id)

    assert count_undelivered(outbox.session) == 0
    assert outbox.row().payload_sealed is None
    assert outbox.send() == 0


def test_what_goes_by_now_is_neither_sent_again_nor_dealt_with(outbox: Outbox) -> None:
    mail = refuse(outbox)
    with outbox.transaction():
        send_again(outbox.session, mail.id, outbox.clock())
    with pytest.raises(NotUndelivered), outbox.transaction():
        send_again(outbox.session, mail.id, outbox.clock())
    with pytest.raises(NotUndelivered), outbox.transaction():
        settle(outbox.session, mail.id)
    with pytest.raises(NotFound), outbox.transaction():
        settle(outbox.session, uuid.uuid4())
    assert outbox.send() == 1


def test_what_a_sent_mail_said_is_forgotten_after_a_week_and_a_dead_one_after_ninety_days(
    outbox: Outbox,
) -> None:
    outbox.put("sent")
    outbox.send()
    dead = refuse(outbox, "dead")
    outbox.put("waiting", due_in=timedelta(days=400))

    outbox.clock.advance(7 * DAY - MINUTE)
    assert forget(outbox) == 0
    outbox.clock.advance(MINUTE)
    assert forget(outbox) == 1
    assert forget(outbox) == 0
    assert [outbox.row(key).payload_sealed is None for key in ("sent", "dead", "waiting")] == [
        True,
        False,
        False,
    ]

    outbox.clock.advance(83 * DAY)
    assert forget(outbox) == 1
    [mail] = list_undelivered(outbox.session, outbox.sealer)
    assert mail.message is None
    with pytest.raises(NotUndelivered), outbox.transaction():
        send_again(outbox.session, dead.id, outbox.clock())
    outbox.clock.advance(400 * DAY)
    assert outbox.send() == 1
    assert outbox.row("waiting").status == "sent"


def test_a_mail_without_what_it_said_is_given_up_and_never_sent_empty(outbox: Outbox) -> None:
    outbox.put()
    with outbox.transaction():
        outbox.session.merge(outbox.row()).payload_sealed = None
    outbox.put("behind")
    assert outbox.send() == 2
    assert (outbox.row().status, outbox.row().last_error) == ("dead", "PayloadForgotten")
    assert [mail["Subject"] for mail in outbox.postbox.mails] == ["Your appointment is booked"]


def test_mail_that_waits_is_told_of_after_a_quarter_of_an_hour(outbox: Outbox) -> None:
    outbox.put("due later", due_in=DAY)
    outbox.put()
    began_at = outbox.clock()
    outbox.postbox.before.append(MailUnavailable(451))
    outbox.send()

    outbox.clock.advance(15 * MINUTE - timedelta(seconds=1))
    assert waiting_since(outbox.session, outbox.clock()) is None
    outbox.clock.advance(timedelta(seconds=1))
    assert waiting_since(outbox.session, outbox.clock()) == began_at
    outbox.send()
    assert waiting_since(outbox.session, outbox.clock()) is None
    outbox.clock.advance(DAY)
    assert waiting_since(outbox.session, outbox.clock()) == began_at + DAY
