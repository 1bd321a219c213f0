"""Which numbers may get text messages."""

import pytest

from consult.notifications.numbers import NotMobile, NumberAbroad, masked, mobile_number


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("(555) 010-0123", "+15550100123"),
        ("212.555.0123", "+12125550123"),
        ("1 212 555 0123", "+12125550123"),
        ("+1 787 555 0123", "+17875550123"),
        ("+1 671 555 0123", "+16715550123"),
        ("٢١٢٥٥٥٠١٢٣", "+12125550123"),
    ],
)
def test_every_way_to_write_a_number_is_one(typed: str, number: str):
    assert mobile_number(typed) == number


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "911",
        "800 555 0199",
        "900 555 1234",
        "+44 20 7946 0958",
        "212 555 0123 x12",
        "+999 12345678",
        "1234567890123456789",
        "+1212555012O; DROP TABLE",
        "tel:+12125550123\r\nSTOP",
        "🙂" * 400,
    ],
)
def test_what_is_certainly_no_mobile_is_refused(typed: str):
    with pytest.raises(NotMobile) as refusal:
        mobile_number(typed)
    assert "555" not in str(refusal.value)


@pytest.mark.parametrize(
    "typed",
    [
        "+44 7911 123456",
        "+53 5 1234567",
        "+8816 1234 5678",
        "+882 16 1234567",
        "876 555 0123",
        "+1 809 555 0123",
        "416 555 0123",
    ],
)
def test_what_is_no_number_of_the_states_or_their_territories_is_refused(typed: str):
    with pytest.raises(NumberAbroad):
        mobile_number(typed)


def test_its_holder_knows_it_by_its_end():
    assert masked("+12125550123") == "…0123"
