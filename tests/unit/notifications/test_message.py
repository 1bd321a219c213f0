from collections.abc import Callable

import pytest

from consult.notifications.message import InvalidAddress, Message, plain_address


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("ann@example.com", "ann@example.com"),
        ("O'Brien+x@Example.COM", "O'Brien+x@example.com"),
        ("ann@müller.example", "ann@xn--mller-kva.example"),
        ("ann@clinic.test", "ann@clinic.test"),
    ],
)
def test_one_plain_address_is_taken_with_its_domain_in_ascii(typed: str, address: str) -> None:
    assert plain_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ann",
        "ann@",
        "@example.com",
        "ann@example.com, eve@example.com",
        "ann@example.com;eve@example.com",
        "Ann <ann@example.com>",
        "ann@example.com\r\nBcc: eve@example.com",
        "ann@example.com\n",
        "ann\x00@example.com",
        "ann@exam\u2028ple.com",
        "ann @example.com",
        '"ann lee"@example.com',
        "jörg@example.com",
        "ann@[127.0.0.1]",
        "ann@localhost",
        "a" * 65 + "@example.com",
        "ann@" + "x" * 300 + ".com",
        "ann@example.com\ud800",
    ],
)
def test_anything_else_is_refused_without_being_repeated(typed: str) -> None:
    with pytest.raises(InvalidAddress) as refusal:
        plain_address(typed)

    assert str(refusal.value) == ""
    assert refusal.value.__suppress_context__


def test_a_message_survives_the_outbox_whole(message: Callable[..., Message]) -> None:
    plain = message(to_name="Zoë 🙂")
    invited = message(calendar=b"BEGIN:VCALENDAR\r\n\x00\xff", calendar_method="REQUEST")

    assert Message.from_json(plain.to_json()) == plain
    assert Message.from_json(invited.to_json()) == invited


@pytest.mark.parametrize("half", [{"calendar": b"x"}, {"calendar_method": "REQUEST"}])
def test_a_calendar_and_its_method_go_together(
    message: Callable[..., Message], half: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="together"):
        message(**half)
