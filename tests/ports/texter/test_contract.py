"""What every way out for text messages does, whichever it is."""

from typing import TYPE_CHECKING

import pytest

from consult.notifications.text_message import TextMessage
from consult.notifications.texter import BadSignature, TextInDoubt, TextRefused, TextUnavailable

if TYPE_CHECKING:
    from .conftest import Carrier

TEXT = TextMessage(
    "+12125550123",
    "ann@example.com",
    "Bookings: Your appointment, 3:00 pm & <more>\nhttp://localhost/v/x_y",
    "k",
)
FAILURES = {"refused": TextRefused, "unavailable": TextUnavailable, "in doubt": TextInDoubt}


def test_a_text_goes_out_as_it_was_written(carrier: "Carrier"):
    carrier.texter.send(TEXT)
    assert carrier.went_out() == [(TEXT.to_number, TEXT.text)]


@pytest.mark.parametrize("how", FAILURES)
def test_the_three_ways_to_fail_are_told_apart_and_repeat_nothing_of_the_text(carrier: "Carrier", how: str):
    carrier.fail_next(how)
    with pytest.raises(FAILURES[how]) as failure:
        carrier.texter.send(TEXT)
    assert type(failure.value) is FAILURES[how] or how == "refused"
    assert "555" not in str(failure.value)
    assert failure.value.__context__ is None or failure.value.__suppress_context__


def test_after_a_failure_the_next_try_goes_through(carrier: "Carrier"):
    carrier.fail_next("unavailable")
    with pytest.raises(TextUnavailable):
        carrier.texter.send(TEXT)
    carrier.texter.send(TEXT)
    assert len(carrier.went_out()) == 1


def test_what_nobody_signed_is_not_believed(carrier: "Carrier"):
    for signature in ("", "x", "é", "0" * 28):
        with pytest.raises(BadSignature):
            carrier.texter.parse_incoming("http://localhost/", {"Body": "STOP", "From": "+1"}, signature)
