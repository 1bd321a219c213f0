"""Levels, order, and when the screen may stop at once."""

import pytest

from consult.intake.questionnaire import missing_items
from consult.intake.red_flags import Disposition, Level, in_dependency_order, settled_emergencies


def settled(catalogue, answers):
    questionnaire = catalogue.questionnaire
    pending = {item.id for item in missing_items(questionnaire, answers, ["screen"], None)}
    found = settled_emergencies(catalogue.red_flags, questionnaire, answers, pending)
    return [flag.id for flag in found]


def test_levels_are_ordered_by_seriousness():
    assert sorted(Level) == [Level.NONE, Level.INFO, Level.CAUTION, Level.URGENT, Level.EMERGENCY]
    assert Level.URGENT > Level.CAUTION >= Level.CAUTION
    assert Level.NONE <= Level.INFO < Level.EMERGENCY
    assert max(Level.URGENT, Level.NONE) is Level.URGENT


@pytest.mark.parametrize(
    ("raw", "level", "disposition"),
    [
        ({"sc_main": ["chest"]}, Level.EMERGENCY, Disposition.STOP),
        ({"sc_main": ["calf"]}, Level.URGENT, Disposition.CONTINUE_AFTER_READING),
        ({"sc_main": ["cancer"]}, Level.CAUTION, Disposition.CONTINUE),
        ({"st_dur": "w6"}, Level.INFO, Disposition.CONTINUE),
        ({"sc_main": ["none"]}, Level.NONE, Disposition.CONTINUE),
        ({}, Level.NONE, Disposition.CONTINUE),
    ],
)
def test_the_level_decides_what_may_happen_next(judge, raw, level, disposition):
    outcome = judge(raw).outcome
    assert (outcome.level, outcome.disposition) == (level, disposition)


def test_flags_come_most_serious_first_and_in_file_order_within_a_level(judge):
    raw = {"age": 66, "sc_main": ["weight", "cancer", "calf"], "st_night": "constant", "st_dur": "w12"}
    assert [flag.id for flag in judge(raw).outcome.flags] == [
        "unexplained_weight_loss",
        "cancer_with_warning_signs",
        "night_pain_with_risk",
        "swollen_calf",
        "between_acute_and_chronic",
        "sleep_problem",
    ]


def test_a_flag_is_judged_after_those_it_names(catalogue):
    order = [rule.id for rule in in_dependency_order(catalogue.red_flags.flags, catalogue.definitions)]
    assert (
        order.index("serious_injury") < order.index("possible_fracture") < order.index("injury_not_checked")
    )
    assert order.index("possible_fracture") < order.index("bone_risk")


def test_a_flag_quotes_only_the_ticks_that_raised_it(judge):
    raw = {"age": 70, "sc_main": ["injury", "calf"], "sc_injury_now": ["none"]}
    flag = next(flag for flag in judge(raw).outcome.flags if flag.id == "possible_fracture")
    assert [(quote.item_id, quote.text, quote.short) for quote in flag.answers] == [
        ("sc_main", "Bad fall, crash, or hit not yet checked", "unchecked injury"),
        ("pt_dob", "70", "70"),
    ]


def test_a_settled_emergency_stops_before_any_follow_up(catalogue):
    assert settled(catalogue, {"sc_main": ["control"]}) == ["bladder_bowel_control_loss"]
    assert settled(catalogue, {"sc_main": ["control", "habit", "move"]}) == ["bladder_bowel_control_loss"]
    assert settled(catalogue, {"sc_main": ["saddle", "habit"]}) == ["saddle_numbness"]


def test_an_emergency_that_rests_on_a_follow_up_waits_for_it(catalogue, judge):
    answers = {"sc_main": ["habit", "move"]}
    assert judge(answers).outcome.level is Level.EMERGENCY
    assert settled(catalogue, answers) == []


def test_it_stops_once_the_follow_ups_are_answered(catalogue):
    answers = {
        "sc_main": ["habit", "move"],
        "sc_habit_what": ["often"],
        "sc_habit_when": "m3",
        "sc_move_side": "one",
        "sc_move_fast": "no",
    }
    assert settled(catalogue, answers) == ["bladder_bowel_change_with_nerve_signs"]
    assert settled(catalogue, answers | {"sc_habit_when": "long"}) == []


@pytest.mark.parametrize(
    ("raw", "flag"),
    [
        ({"sc_main": ["move"]}, "trouble_moving_leg"),
        ({"sc_main": ["feel"]}, "loss_of_feeling_leg"),
        ({"sc_main": ["habit"]}, "bladder_bowel_change"),
        ({"sc_main": ["fever"]}, "fever"),
        ({"sc_main": ["injury"]}, "injury_not_checked"),
    ],
)
def test_a_sign_without_its_follow_ups_is_urgent_never_nothing(judge, raw, flag):
    outcome = judge(raw).outcome
    assert outcome.level is Level.URGENT
    assert [found.id for found in outcome.flags] == [flag]


def test_a_flag_may_rest_on_one_that_stands_further_down_in_the_file(judge):
    flags = judge({"sc_main": ["injury"], "sc_injury_now": ["bone"]}).outcome.flags
    assert [flag.id for flag in flags] == ["possible_fracture"]
