"""What every mailer does, whichever it is."""

from collections.abc import Callable
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from consult.notifications.mailer import MailRefused, MailUnavailable

if TYPE_CHECKING:
    from .conftest import PostOffice

Make = Callable[..., EmailMessage]


def test_a_mail_arrives_as_it_was_written(office: "PostOffice", mail: Make) -> None:
    text = "Zoë 🙂\n\n.\n.leading dots\nFrom here\n" + "long " * 400 + "\n"
    office.mailer.send(mail(name="Zoë Ωμέγα", text=text))

    (arrived,) = office.delivered()
    assert arrived["To"].addresses[0].display_name == "Zoë Ωμέγα"
    assert arrived["Message-ID"] == mail()["Message-ID"]
    plain = arrived.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().splitlines() == text.splitlines()
    calendars = [
        part for part in arrived.walk() if part.get_content_type() in ("text/calendar", "application/ics")
    ]
    assert [part.get_payload(decode=True) for part in calendars] == [
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    ] * 2


def test_two_mails_arrive_as_two(office: "PostOffice", mail: Make) -> None:
    office.mailer.send(mail(key="a"))
    office.mailer.send(mail(key="b"))

    assert len({str(arrived["Message-ID"]) for arrived in office.delivered()}) == 2


def test_a_refusal_for_good_is_told_apart_from_one_for_now(office: "PostOffice", mail: Make) -> None:
    office.refuse_next()
    with pytest.raises(MailRefused):
        office.mailer.send(mail())

    office.put_off_next()
    with pytest.raises(MailUnavailable):
        office.mailer.send(mail())

    assert office.delivered() == []


def test_after_a_failure_the_next_try_goes_through(office: "PostOffice", mail: Make) -> None:
    office.put_off_next()
    with pytest.raises(MailUnavailable):
        office.mailer.send(mail())
    office.mailer.send(mail())

    assert len(office.delivered()) == 1


def test_a_failure_repeats_nothing_of_the_mail(office: "PostOffice", mail: Make) -> None:
    office.refuse_next()
    with pytest.raises(MailRefused) as failure:
        office.mailer.send(mail())

    assert "ann@" not in str(failure.value)
    assert failure.value.__context__ is None or failure.value.__suppress_context__
