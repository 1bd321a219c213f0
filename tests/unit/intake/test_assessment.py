"""Everything together: hints, handout, stages, the printed shape."""

import json
from datetime import date

import pytest

from consult.intake.assessment import as_json, assess
from consult.intake.reading import UnknownItems
from consult.intake.red_flags import Level

SCIATICA = {
    "fe_shoot": "one",
    "fe_numb": "one",
    "fe_ntrend": "same",
    "wb_worse": ["sit"],
    "bm_spread": "stay",
}


def test_hints_are_ranked_by_fits_minus_against(judge):
    found = judge(SCIATICA).patterns
    assert [(match.id, match.weight, match.mixed) for match in found] == [
        ("back_like", 3, True),
        ("disc_or_nerve_like", 3, True),
    ]
    clear = judge(SCIATICA | {"fe_quality": ["burn"]}).patterns
    assert [(match.id, match.mixed) for match in clear] == [
        ("disc_or_nerve_like", False),
        ("back_like", False),
    ]


def test_a_hint_needs_as_many_fits_as_opposites(judge):
    hip = {"fe_groin": "same", "fe_walk": "limp"}
    assert "hip_like" in {match.id for match in judge(hip).patterns}
    against = hip | {"fe_shoot": "one", "wb_worse": ["sit"], "bm_spread": "stay"}
    assert "hip_like" not in {match.id for match in judge(against).patterns}


def test_the_si_joint_hint_says_what_can_look_the_same(judge):
    match = judge({"fe_comf": "yes", "wb_worse": ["run"]}).patterns[0]
    assert match.id == "si_joint_like"
    assert "(A48)" in match.note


@pytest.mark.parametrize(
    ("raw", "withheld", "reason"),
    [
        ({"bm_spread": "leg"}, "piriformis", "forward bending waits"),
        ({"he_thin": "yes", "he_drink": "yes"}, "Advil or Motrin", "takes a blood thinner; 3 or more drinks"),
        ({"he_surg": "yes"}, "clamshell", "surgery in the last 12 weeks"),
        ({"sc_main": ["calf"]}, "keep moving", "urgent sign"),
        ({"bm_regions": ["neck_l"]}, "cobra", "neck pain"),
    ],
)
def test_what_is_left_out_says_why(judge, raw, withheld, reason):
    because = {line.id: line.because for line in judge(raw).handout.withheld}
    assert reason in because[withheld]


def test_a_tip_for_some_is_neither_shown_to_others_nor_called_withheld(judge):
    handout = judge({"li_smoke": "never"}).handout
    assert "quit smoking" not in {line.id for line in handout.tips} | {line.id for line in handout.withheld}
    assert "quit smoking" in {line.id for line in judge({"li_smoke": "some"}).handout.tips}


@pytest.mark.parametrize("raw", [{"sc_main": ["stroke"]}, {"age": 15}])
def test_there_is_no_handout_in_an_emergency_or_for_a_child(judge, raw):
    handout = judge(raw).handout
    assert not handout.shown
    assert handout.stretches == handout.tips == ()
    assert handout.withheld


def test_the_age_follows_from_the_birth_date(judge):
    assert [policy.id for policy in judge({"pt_dob": "2008-06-02"}).outcome.policies] == ["under_18"]
    assert judge({"pt_dob": "2008-06-01"}).outcome.policies == ()


def test_a_given_age_stands_in_for_a_birth_date(judge):
    assert judge({"pt_dob": "1950-01-01", "age": 15}).outcome.policies[0].id == "under_18"


def test_a_stage_looks_at_what_is_known_by_then_and_forgets_nothing(judge):
    raw = {"sc_main": ["cancer"], "st_night": "constant", "rc_same": ["control"]}
    assert judge(raw, stage="screen").outcome.level is Level.CAUTION
    assert judge(raw, stage="intake").outcome.level is Level.URGENT
    assert judge(raw, stage="recheck").outcome.level is Level.EMERGENCY
    assert judge(raw).outcome.level is Level.EMERGENCY


def test_a_recheck_alone_is_judged_like_a_screen(judge):
    sign = {"rc_same": ["habit"], "sc_habit_what": ["sense"], "sc_habit_when": "w2"}
    assert judge(sign, stage="recheck").outcome.level is Level.EMERGENCY
    assert judge({"rc_same": ["none"]}, stage="recheck").outcome.level is Level.NONE


def test_unknown_questions_are_refused(catalogue):
    with pytest.raises(UnknownItems):
        assess(catalogue, {"sc_mian": ["calf"]}, on=date(2026, 6, 1))


def test_the_printed_shape_is_plain_json(judge):
    printed = json.loads(json.dumps(as_json(judge(SCIATICA | {"age": 46, "li_smoke": "daily"}))))
    assert set(printed) == {"level", "booking", "flags", "policies", "patterns", "handout"}
    assert printed["level"] == "caution"
    assert printed["booking"] == "continue"
    assert printed["flags"][0] == {
        "id": "leg_numb_or_weak",
        "level": "caution",
        "rule": "((fe_numb is both or one or fe_weak is bit or bitboth) and not flag nerve_signs_worsening "
        "and not flag both_legs_nerve_signs_new_or_worse)",
        "answers": [
            {
                "item": "fe_numb",
                "ask": "Is any part of your leg or foot numb or tingly?",
                "answer": "Yes, on one side",
            }
        ],
        "sources": ["A16", "A38"],
    }
    assert printed["patterns"][0] == {
        "id": "back_like",
        "fits": [
            "stays in back or buttock (A24)",
            "shooting leg pain (A25)",
            "worse sitting or bending (A25)",
        ],
        "against": [],
    }
    assert "cobra" in printed["handout"]["stretches"]
    assert "quit smoking" in printed["handout"]["tips"]
    assert {
        "id": "piriformis",
        "because": "leg nerve signs or a known disk problem: forward bending waits",
    } in (printed["handout"]["withheld"])
