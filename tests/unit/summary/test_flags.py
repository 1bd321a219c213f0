"""Flags as the sheet prints them."""

from collections.abc import Callable

import pytest

from consult.summary.flags import flag_lines
from consult.summary.reading import Reading

Reads = Callable[..., Reading]


@pytest.mark.parametrize(
    ("raw", "flag_id", "quotes"),
    [
        ({"fe_numb": "one", "fe_ntrend": "same"}, "leg_numb_or_weak", "“one side”"),
        ({"bm_regions": ["knee_l"], "kn_lock": "yes"}, "knee_locked", "knee locked: “yes”"),
        ({"st_now": 9}, "severe_pain", "pain now: “9”"),
        (
            {"st_night": "constant", "pt_dob": "1960-01-01"},
            "night_pain_with_risk",
            "“nothing eases it at night”, age: “66”",
        ),
    ],
)
def test_answers_are_quoted_with_their_question_where_they_say_nothing_alone(
    reads: Reads, raw: dict, flag_id: str, quotes: str
):
    lines = {line.raised.id: line.quotes for line in flag_lines(reads(**raw), ())}
    assert lines[flag_id] == quotes


@pytest.mark.parametrize(
    ("screened", "to_tick"), [({"swollen_calf"}, True), (set(), False), ({"cannot_walk"}, False)]
)
def test_only_urgent_advice_known_before_payment_had_to_be_ticked(reads: Reads, screened: set, to_tick: bool):
    [line] = flag_lines(reads(sc_main=["calf"]), screened)
    assert line.to_tick is to_tick


def test_an_emergency_is_never_ticked_away(reads: Reads):
    [line] = flag_lines(reads(sc_main=["chest"]), {"chest_or_breathing"})
    assert not line.to_tick
    assert line.serious
