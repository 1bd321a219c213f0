"""Whether it is safe, and allowed, to go on."""

from datetime import date
from typing import Any

import pytest

from consult.booking.answers.screening import screening
from consult.intake.content import Catalogue

TODAY = date(2026, 6, 1)
FINE = {"sc_main": ["none"]}


def verdict(catalogue: Catalogue, answers: dict[str, Any]) -> str:
    judged = screening(catalogue, answers, TODAY)
    if judged.stopped:
        return "stop"
    if not judged.screened:
        return "ask"
    return "advise" if judged.has_advice else "go on"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, "ask"),
        (FINE, "go on"),
        ({"sc_main": ["control"]}, "stop"),
        ({"sc_main": ["none", "control"]}, "stop"),
        ({"sc_main": ["calf"]}, "advise"),
        ({"sc_main": ["cancer"]}, "go on"),
        ({"sc_main": ["habit"]}, "ask"),
        ({"sc_main": ["habit"], "sc_habit_what": ["consti"]}, "ask"),
        ({"sc_main": ["habit"], "sc_habit_what": ["consti"], "sc_habit_when": "w2"}, "go on"),
        ({"sc_main": ["habit"], "sc_habit_what": ["start"], "sc_habit_when": "w2"}, "stop"),
        ({"sc_main": ["habit"], "sc_habit_what": ["start"], "sc_habit_when": "m3"}, "advise"),
        ({"sc_main": ["habit", "stroke"]}, "stop"),
        ({"sc_main": ["fever"], "sc_fever_what": ["high", "ill"]}, "stop"),
        ({"sc_main": ["injury"], "sc_injury_now": ["none"]}, "advise"),
        ({"sc_main": ["injury"], "sc_injury_now": ["neck"]}, "stop"),
        ({**FINE, "pt_dob": "2010-01-01"}, "stop"),
        ({**FINE, "pt_dob": "2008-06-01"}, "go on"),
        ({**FINE, "pt_state": "OTHER"}, "stop"),
        ({"pt_dob": "2010-01-01"}, "ask"),
        ({**FINE, "pt_preg": "yes", "pt_preg_warn": "yes"}, "stop"),
        ({**FINE, "pt_preg": "no", "pt_preg_warn": "yes"}, "go on"),
    ],
)
def test_the_answers_so_far_lead_to(catalogue: Catalogue, answers: dict[str, Any], expected: str):
    assert verdict(catalogue, answers) == expected


def test_an_emergency_is_settled_only_when_no_open_question_could_take_it_back(catalogue: Catalogue):
    judged = screening(catalogue, {"sc_main": ["move", "chest"]}, TODAY)
    assert [flag.id for flag in judged.emergencies] == ["chest_or_breathing"]
    assert [item.id for item in judged.pending] == ["sc_move_side", "sc_move_fast"]


def test_a_policy_is_named_unless_an_emergency_says_more(catalogue: Catalogue):
    young = {"pt_dob": "2010-01-01"}
    assert screening(catalogue, {**FINE, **young}, TODAY).policy_stop == "under_18"
    assert screening(catalogue, {"sc_main": ["chest"], **young}, TODAY).policy_stop is None
    assert screening(catalogue, FINE, TODAY).policy_stop is None


def test_advice_is_every_urgent_sign_and_only_those(catalogue: Catalogue):
    judged = screening(catalogue, {"sc_main": ["calf", "weight", "cancer"]}, TODAY)
    assert [flag.id for flag in judged.advice] == [
        "unexplained_weight_loss",
        "cancer_with_warning_signs",
        "swollen_calf",
    ]


def test_the_same_answers_may_be_too_young_one_day_and_old_enough_the_next(catalogue: Catalogue):
    answers = {**FINE, "pt_dob": "2008-06-02"}
    assert screening(catalogue, answers, TODAY).stopped
    assert not screening(catalogue, answers, date(2026, 6, 2)).stopped
