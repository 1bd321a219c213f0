import email
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default

import pytest

from consult.notifications.message import InvalidAddress, Message
from consult.notifications.mime import mime

CREATED = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
ICS = "BEGIN:VCALENDAR\r\nSUMMARY:Zoë 🙂\r\nEND:VCALENDAR\r\n".encode()

Make = Callable[..., Message]


def built(message: Message, mail_from: str = "Dr. Olivia Patel <bookings@example.org>") -> EmailMessage:
    return mime(message, mail_from=mail_from, created_at=CREATED)


def arrived(message: Message) -> EmailMessage:
    """As somebody else's program reads it."""
    return email.message_from_bytes(bytes(built(message)), policy=default)


def test_an_invitation_hangs_in_a_mail_twice_as_rfc_6047_and_mail_programs_want_it(message: Make) -> None:
    mail = arrived(message(calendar=ICS, calendar_method="REQUEST"))

    assert mail.get_content_type() == "multipart/mixed"
    alternative, attachment = mail.iter_parts()
    assert alternative.get_content_type() == "multipart/alternative"
    plain, html, calendar = alternative.iter_parts()
    assert [part.get_content_type() for part in (plain, html)] == ["text/plain", "text/html"]
    assert calendar.get_content_type() == "text/calendar"
    assert dict(calendar["Content-Type"].params) == {"method": "REQUEST", "charset": "UTF-8"}
    assert calendar["Content-Transfer-Encoding"] == "base64"
    assert calendar["Content-Disposition"] is None
    assert attachment.get_content_type() == "application/ics"
    assert attachment.get_filename() == "invite.ics"
    assert attachment.get_content_disposition() == "attachment"
    assert calendar.get_payload(decode=True) == attachment.get_payload(decode=True) == ICS


def test_the_method_of_a_cancellation_stands_in_its_part(message: Make) -> None:
    mail = arrived(message(calendar=ICS, calendar_method="CANCEL"))
    (calendar,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]

    assert calendar.get_param("method") == "CANCEL"


def test_a_mail_without_invitation_is_text_and_html(message: Make) -> None:
    mail = arrived(message(text="Zoë\n", html="<p>Zoë</p>\n"))

    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content().strip() for part in mail.iter_parts()] == ["Zoë", "<p>Zoë</p>"]


def test_the_headers_are_the_few_a_machines_mail_needs(message: Make) -> None:
    mail = arrived(message())

    assert mail["From"] == '"Dr. Olivia Patel" <bookings@example.org>'
    assert mail["To"] == "Ann Lee <ann@example.com>"
    assert mail["Subject"] == "Your appointment is booked"
    assert mail["Date"].datetime == CREATED
    assert mail["Auto-Submitted"] == "auto-generated"
    assert {name.lower() for name in mail} == {
        "from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type",
    }  # fmt: skip


def test_the_message_id_follows_from_the_dedupe_key_and_our_domain_alone(message: Make) -> None:
    first = built(message())["Message-ID"]

    assert first == built(message(subject="x", text="y\n"))["Message-ID"]
    assert first != built(message(dedupe_key="confirmation:2"))["Message-ID"]
    assert len(first) == len("<@example.org>") + 32
    assert first.endswith("@example.org>")
    assert "confirmation" not in first


def test_the_same_message_is_the_same_bytes(message: Make) -> None:
    one = message(calendar=ICS, calendar_method="REQUEST")

    assert bytes(built(one)) == bytes(built(one))


@pytest.mark.parametrize(
    "name",
    [
        "Ann\r\nBcc: eve@example.org",
        "Ann\nLee",
        "Ann\x00\x0b\x0c\x85\u2028\u2029Lee",
        'Ann "the boss" \\ Lee',
        "Lee, Ann; (x) <eve@example.org>",
        "👩‍⚕️ Zoë Ωμέγα",
        "\u202eeeL nnA\u202c",
        "x" * 300,
        "🙂" * 300,
        "Ann\ud800",
        "=?utf-8?q?x?=",
        "",
    ],
)
def test_no_name_or_subject_breaks_out_of_its_header(message: Make, name: str) -> None:
    mail = arrived(message(to_name=name, subject=name))

    assert [address.addr_spec for address in mail["To"].addresses] == ["ann@example.com"]
    assert mail["Bcc"] is None
    assert len(mail.keys()) == 8
    assert mail.get_body(("plain",)).get_content().split() == ["Hello", "Ann,"]
    wire = bytes(built(message(to_name=name, subject=name)))
    assert wire.isascii()
    assert all(len(line) <= 998 for line in wire.split(b"\r\n"))
    assert wire.count(b"\r\n") == wire.count(b"\n") == wire.count(b"\r")


@pytest.mark.parametrize(
    "address", ["", "ann@example.com, eve@example.com", "ann@example.com\r\nBcc: eve@x.org"]
)
def test_a_poisoned_address_is_refused_for_recipient_and_sender(message: Make, address: str) -> None:
    with pytest.raises(InvalidAddress):
        built(message(to_email=address))
    with pytest.raises(InvalidAddress):
        built(message(), mail_from="not an address")


def test_where_to_unsubscribe_stands_there_unbroken_for_machines(message: Make) -> None:
    off = f"https://book.example.org/reminders/{'x' * 43}"
    raw = bytes(built(message(wishes_url=off)))

    assert f"\r\nList-Unsubscribe: <{off}/off>\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
