"""What text messages say, and that each fits into two."""

from datetime import UTC, datetime

import pytest

from consult.notifications import text_message as words
from consult.notifications.text_message import TextMessage

GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""3GPP TS 23.038, the basic table: one character each."""

MOST_SEGMENTS = 2
ALONE, IN_A_ROW = 160, 153
"""Characters of a message in one segment, and of each of several."""

AT = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
LINK = "https://book.example.org/v/" + "x_-" * 14 + "x"
ABOUT_A_VISIT = (words.reminder, words.moved, words.cancelled, words.reinstated)
NAMES = (
    "Bookings",
    "The Long-Established Practice of Dr. Bartholomew Featherstonehaugh & Daughters",
    "Zoë’s Büro, Łódź",
    "Приём врача",
    "🙂" * 60,
    "{}[]~^|\\€" * 10,
    "Evil\nSTOP\r\n\u202eflipped\x00",
    "ﷺ" * 30,
    "",
)


def segments(text: str) -> int:
    """How many messages a carrier makes, and bills, of a text in that alphabet."""
    return 1 if len(text) <= ALONE else -(-len(text) // IN_A_ROW)


def all_texts(name: str) -> list[str]:
    zones = ("America/New_York", "Asia/Kathmandu", "Pacific/Apia")
    told = [say(name, AT, zone, LINK) for say in ABOUT_A_VISIT for zone in zones]
    return [*told, words.welcome(name, "(555) 010-0199")]


@pytest.mark.parametrize("name", NAMES)
def test_whatever_the_sender_is_called_a_text_is_at_most_two_of_the_cheap_alphabet(name: str):
    for text in all_texts(name):
        assert set(text) <= GSM, set(text) - GSM
        assert segments(text) <= MOST_SEGMENTS, len(text)
        assert "\n" not in text


def test_each_says_when_in_the_patients_zone_and_where_to_look():
    for say in ABOUT_A_VISIT:
        text = say("Bookings", AT, "America/New_York", LINK)
        assert text.startswith("Bookings: Your online appointment ")
        assert "Tue, Nov 24, 3:00 pm EST" in text
        assert text.endswith(LINK)
    assert "Tue, Nov 24, 10:00 am HST" in words.reminder("Bookings", AT, "Pacific/Honolulu", LINK)
    assert "Wed, Nov 25, 1:45 am UTC+0545" in words.reminder("Bookings", AT, "Asia/Kathmandu", LINK)


def test_the_four_are_told_apart():
    assert "has moved to" in words.moved("", AT, "UTC", LINK)
    assert "is cancelled" in words.cancelled("", AT, "UTC", LINK)
    assert "takes place" in words.reinstated("", AT, "UTC", LINK)


def test_the_first_text_says_all_that_carriers_ask_for():
    text = words.welcome("Bookings", "(555) 010-0199")
    for said in ("Bookings: ", "about 2 for each", "Msg & data rates may apply", "STOP", "HELP", "010-0199"):
        assert said in text


def test_segments_are_of_160_alone_and_153_in_a_row():
    assert [segments("x" * length) for length in (1, 160, 161, 306, 307)] == [1, 1, 2, 2, 3]


def test_a_text_is_read_as_it_was_written():
    text = TextMessage("+12125550123", "ann@example.com", 'a "quoted" € text', "key")
    assert TextMessage.from_json(text.to_json()) == text
