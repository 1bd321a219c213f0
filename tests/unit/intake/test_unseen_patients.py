"""Patients nobody wrote the rules for: judged from the article and the sources first, then by the rules.

Each says why. A level is exact; flags named must be raised or must not; of the handout, lines that must be
there or must not ("stretches": not one of them).
"""

from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass(frozen=True)
class Unseen:
    """`why` is the reasoning, made before looking at what the rules say."""

    why: str
    answers: dict[str, Any]
    level: str
    booking: str
    raised: set[str] = field(default_factory=set)
    not_raised: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)


STOP, READ, GO = "stop", "continue_after_reading", "continue"
BENDING = {"knee-to-chest", "piriformis", "cat-camel", "child's pose", "seated hamstring"}

UNSEEN = {
    "young, off a bike three days ago, now a fever": Unseen(
        why="An unchecked crash without danger signs and a fever without infection risk each want a "
        "doctor before a video visit (A33, FIN); together they are two reasons, not an emergency.",
        answers={
            "age": 22,
            "sc_main": ["injury", "fever"],
            "sc_injury_now": ["none"],
            "sc_fever_what": ["high"],
            "bm_regions": ["lowback_r", "hip_r"],
        },
        level="urgent",
        booking=READ,
        raised={"injury_not_checked", "fever"},
        not_raised={"serious_injury", "serious_infection", "possible_fracture"},
        left_out={"stretches", "keep moving"},
    ),
    "young, in a crash, very sore neck": Unseen(
        why="A neck that cannot be turned after a crash may be broken at any age (CCR).",
        answers={"age": 19, "sc_main": ["injury"], "sc_injury_now": ["neck"], "bm_regions": ["neck_l"]},
        level="emergency",
        booking=STOP,
        raised={"serious_injury"},
        not_raised={"injury_not_checked", "possible_fracture"},
        left_out={"rest", "Tylenol", "stretches"},
    ),
    "81, thin bones, stooped since last month": Unseen(
        why="A visible change of the back is doctor-right-away in the article (A101); thin bones make "
        "a broken vertebra likely even without a fall (FIN). End-range bending waits (ROS).",
        answers={
            "age": 81,
            "sc_main": ["shape"],
            "bm_regions": ["midback"],
            "st_dur": "w6",
            "st_onset": "sudden",
            "he_cond": ["osteo"],
        },
        level="urgent",
        booking=READ,
        raised={"shape_change", "bone_risk", "acute"},
        not_raised={"possible_fracture", "serious_injury"},
        left_out={"stretches"},
    ),
    "68, thin bones, pain for years, nothing new": Unseen(
        why="Thin bones alone are context, not an alarm (FIN): book as normal, without bending "
        "exercises (ROS).",
        answers={
            "age": 68,
            "sc_main": ["none"],
            "bm_regions": ["lowback_c"],
            "st_dur": "y1",
            "he_cond": ["osteo"],
            "he_steroid": "no",
            "go_floor": "yes",
            "go_kneel": "yes",
        },
        level="caution",
        booking=GO,
        raised={"bone_risk", "chronic"},
        left_out=BENDING,
        kept={"glute bridge", "clamshell", "cobra", "keep moving"},
    ),
    "none of these beside a sign": Unseen(
        why="Somebody who ticks both means the sign: unknown or contradicted is never a no (A39, GIRFT).",
        answers={"age": 40, "sc_main": ["none", "saddle"]},
        level="emergency",
        booking=STOP,
        raised={"saddle_numbness"},
    ),
    "a new change in bladder habits, cannot say which": Unseen(
        why="A new change is suspected nerve pressure whichever it is (GIRFT); only constipation "
        "alone is not (YORK), and this is not known to be constipation alone.",
        answers={
            "age": 47,
            "sc_main": ["habit"],
            "sc_habit_what": ["consti", "unsure"],
            "sc_habit_when": "w2",
        },
        level="emergency",
        booking=STOP,
        raised={"bladder_bowel_new_change"},
        not_raised={"constipation_only"},
    ),
    "an old change in bladder habits, cannot say which, no doctor knows": Unseen(
        why="Not new, still unexplained: a doctor today, not the ER (A17).",
        answers={
            "age": 47,
            "sc_main": ["habit"],
            "sc_habit_what": ["unsure"],
            "sc_habit_when": "long_unk",
        },
        level="urgent",
        booking=READ,
        raised={"bladder_bowel_change"},
        not_raised={"bladder_bowel_new_change", "known_bladder_bowel_problem"},
    ),
    "chills, no thermometer, none of the lines fits": Unseen(
        why="A fever that was not measured may be a high one: a doctor today (FIN).",
        answers={"age": 36, "sc_main": ["fever"], "sc_fever_what": ["unsure"]},
        level="urgent",
        booking=READ,
        raised={"fever"},
        not_raised={"serious_infection", "mild_fever_or_unwell"},
        left_out={"stretches"},
    ),
    "maybe pregnant, told of sciatica before": Unseen(
        why="Might be pregnant counts as pregnant for medicines and positions (FDA, ACOG); known "
        "sciatica makes forward bending wait (A72). No warning sign, so the visit goes on.",
        answers={
            "age": 29,
            "sc_main": ["none"],
            "pt_preg": "maybe",
            "pt_preg_warn": "no",
            "bm_regions": ["lowback_l", "buttock_l"],
            "st_dur": "d2w",
            "fe_shoot": "no",
            "he_cond": ["disk"],
            "li_weight": "yes",
        },
        level="caution",
        booking=GO,
        raised={"pregnancy", "acute"},
        not_raised={"pregnancy_warning", "leg_numb_or_weak"},
        left_out=BENDING | {"Advil or Motrin", "cobra", "glute bridge", "healthy weight"},
        kept={"Tylenol", "heat or cold", "clamshell"},
    ),
    "had a baby in spring, headache that will not stop": Unseen(
        why="Warning signs count for a year after a pregnancy (HEARHER).",
        answers={"age": 34, "sc_main": ["none"], "pt_preg": "recent", "pt_preg_warn": "yes"},
        level="emergency",
        booking=STOP,
        raised={"pregnancy_warning"},
        not_raised={"pregnancy"},
    ),
    "72, on a blood thinner, fell last week and was looked at": Unseen(
        why="A fall at 65 or more may have broken a bone even when one can walk (FIN). A thinner "
        "forbids ibuprofen (FDA). Within two weeks of a fall no stretches.",
        answers={
            "age": 72,
            "sc_main": ["none"],
            "bm_regions": ["hip_l", "lowback_l"],
            "st_dur": "d2w",
            "st_onset": "event",
            "st_event": ["fall"],
            "st_fall_when": "w2",
            "he_thin": "yes",
            "fe_walk": "limp",
        },
        level="urgent",
        booking=READ,
        raised={"possible_fracture", "blood_thinner", "walking_difficulty", "acute"},
        not_raised={"injury_not_checked", "serious_injury"},
        left_out={"stretches", "Advil or Motrin"},
    ),
    "50, blood thinner and stomach ulcer, plain ache": Unseen(
        why="Nothing alarming in the pain; the medicines decide what not to suggest (FDA).",
        answers={
            "age": 50,
            "sc_main": ["none"],
            "bm_regions": ["lowback_c"],
            "st_dur": "w6",
            "he_thin": "yes",
            "he_cond": ["ulcer"],
            "st_now": 4,
        },
        level="caution",
        booking=GO,
        raised={"blood_thinner", "acute"},
        left_out={"Advil or Motrin"},
        kept={"Tylenol", "knee-to-chest", "cobra"},
    ),
    "74, legs heavy on walking for years, eased by leaning forward": Unseen(
        why="Both legs, but neither new nor worse: no emergency (GIRFT). Bending back would hurt "
        "(LSS), and with numb skin no heat or cold.",
        answers={
            "age": 74,
            "sc_main": ["none"],
            "bm_regions": ["lowback_c", "thighb_l", "thighb_r"],
            "st_dur": "y1",
            "fe_shoot": "no",
            "fe_numb": "both",
            "fe_ntrend": "same",
            "wb_worse": ["stand", "walk"],
            "wb_better": ["sit"],
            "fe_walk": "limp",
        },
        level="caution",
        booking=GO,
        raised={"leg_numb_or_weak", "walking_difficulty", "chronic"},
        not_raised={"both_legs_nerve_signs_new_or_worse", "nerve_signs_worsening"},
        left_out=BENDING | {"cobra", "heat or cold"},
    ),
    "33, pain down both legs since Monday": Unseen(
        why="New leg pain on both sides is a sign of pressure on the nerves of the bladder (GIRFT), "
        "without any tick in the safety check.",
        answers={
            "age": 33,
            "sc_main": ["none"],
            "bm_regions": ["lowback_l", "lowback_r"],
            "st_dur": "d2w",
            "fe_shoot": "both",
            "fe_shoot_reach": "foot",
            "fe_numb": "no",
            "fe_weak": "no",
            "fe_ntrend": "new",
        },
        level="emergency",
        booking=STOP,
        raised={"both_legs_nerve_signs_new_or_worse"},
        left_out={"rest", "stretches"},
    ),
    "no feeling in one leg, and going far more often for a month": Unseen(
        why="Either alone is a doctor today (A17, A100); together they are nerve pressure until shown "
        "otherwise.",
        answers={
            "age": 55,
            "sc_main": ["habit", "feel"],
            "sc_habit_what": ["often"],
            "sc_habit_when": "m3",
            "sc_feel_side": "one",
        },
        level="emergency",
        booking=STOP,
        raised={"bladder_bowel_change_with_nerve_signs", "loss_of_feeling_leg"},
    ),
    "59, cancer twelve years ago, strained the back, getting better": Unseen(
        why="A history of cancer alone raises attention, not an alarm (FIN, NG59).",
        answers={
            "age": 59,
            "sc_main": ["cancer"],
            "bm_regions": ["lowback_l"],
            "st_dur": "d2w",
            "st_onset": "event",
            "st_event": ["lift"],
            "st_course": "better",
            "st_night": "ok",
            "he_gen": ["none"],
            "he_cond": ["cancer"],
        },
        level="caution",
        booking=GO,
        raised={"cancer_history", "acute"},
        not_raised={"cancer_with_warning_signs", "unexplained_weight_loss", "night_pain_with_risk"},
    ),
    "41, no cancer, pain all night that nothing eases": Unseen(
        why="Night pain alone, under 50 and otherwise well, is watched (FIN): caution, not urgent.",
        answers={
            "age": 41,
            "sc_main": ["none"],
            "bm_regions": ["midback"],
            "st_dur": "w12",
            "st_night": "constant",
            "he_gen": ["none"],
        },
        level="caution",
        booking=GO,
        raised={"night_pain", "sleep_problem", "between_acute_and_chronic"},
        not_raised={"night_pain_with_risk"},
    ),
    "70, neck pain, drops cups": Unseen(
        why="Clumsy hands with neck pain may be pressure on the cord (DCM): a doctor first. No bending back.",
        answers={
            "age": 70,
            "sc_main": ["none"],
            "bm_regions": ["neck_l", "neck_r"],
            "ne_arm": "yes",
            "ne_hands": "yes",
            "ne_dizzy": "no",
        },
        level="urgent",
        booking=READ,
        raised={"neck_cord_signs"},
        not_raised={"neck_arm_nerve_signs", "neck_vessel_signs"},
        left_out={"stretches"},
    ),
    "27, twisted a knee at football, cannot take four steps": Unseen(
        why="Cannot take four steps after an injury: the knee wants an X-ray (OTTAWA).",
        answers={
            "age": 27,
            "sc_main": ["none"],
            "bm_regions": ["knee_r"],
            "kn_hurt": "yes",
            "kn_steps": "yes",
            "kn_bend": "no",
            "kn_lock": "no",
            "kn_give": "yes",
        },
        level="urgent",
        booking=READ,
        raised={"knee_cannot_load", "knee_gives_way"},
        not_raised={"knee_locked"},
        left_out={"stretches"},
    ),
    "16, plain back ache": Unseen(
        why="The form is for adults: no booking online, no tips, and no alarm either.",
        answers={"age": 16, "sc_main": ["none"], "bm_regions": ["lowback_c"], "st_dur": "w6"},
        level="info",
        booking=STOP,
        raised={"acute"},
        left_out={"rest", "Tylenol", "stretches"},
    ),
    "says nothing at all": Unseen(
        why="No answer is no finding, in either direction: nothing is raised, and nothing is withheld "
        "that only a yes withholds.",
        answers={},
        level="none",
        booking=GO,
    ),
}


@pytest.fixture(params=UNSEEN)
def unseen(request):
    return UNSEEN[request.param]


def test_an_unseen_patient_gets_the_care_the_sources_ask_for(unseen, judge):
    outcome = judge(unseen.answers).outcome
    assert (outcome.level, outcome.disposition) == (unseen.level, unseen.booking), unseen.why
    raised = {flag.id for flag in outcome.flags}
    assert unseen.raised <= raised, unseen.why
    assert not unseen.not_raised & raised, unseen.why


def test_an_unseen_patient_gets_no_tip_that_could_harm(unseen, judge):
    handout = judge(unseen.answers).handout
    shown = {line.id for line in (*handout.stretches, *handout.tips)}
    assert unseen.kept <= shown, unseen.why
    assert not unseen.left_out & shown, unseen.why
    assert "stretches" not in unseen.left_out or not handout.stretches, unseen.why


def test_a_sign_that_starts_after_booking_counts_from_then_on(judge):
    """A calf that swells after booking is seen the same day (VTE), whatever was ticked before."""
    answers = {"age": 45, "sc_main": ["none"], "he_surg": "yes", "rc_same": ["calf"]}
    assert judge(answers, stage="intake").outcome.level == "caution"
    later = judge(answers, stage="recheck").outcome
    assert (later.level, later.disposition) == ("urgent", READ)
    assert {flag.id for flag in later.flags} == {"swollen_calf", "recent_surgery"}
