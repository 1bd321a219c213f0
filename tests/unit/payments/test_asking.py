"""How often a gateway is asked."""

from datetime import UTC, datetime, timedelta

from consult.payments.asking import next_ask

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def waits(end: timedelta, count: int) -> list[int]:
    """Seconds between the first `count` times of asking about a payment that moved at START."""
    asked, found = START, []
    for _ in range(count):
        at = next_ask(START, START + end, asked)
        found.append(int((at - asked).total_seconds()))
        asked = at
    return found


def test_the_waits_double_from_ten_seconds_to_ten_minutes():
    assert waits(timedelta(days=1), 10) == [10, 10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_at_its_end_a_payment_is_asked_about_however_recently_it_was():
    assert waits(timedelta(seconds=50), 4) == [10, 10, 20, 10]


def test_a_gateway_that_is_silent_at_the_end_is_asked_again_soon_and_then_less():
    end = START + timedelta(minutes=35)
    assert next_ask(START, end, end) == end + timedelta(seconds=10)
    assert next_ask(START, end, end + timedelta(seconds=40)) == end + timedelta(seconds=80)
    assert next_ask(START, end, end + timedelta(hours=2)) == end + timedelta(hours=2, minutes=10)
