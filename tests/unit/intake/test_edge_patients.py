"""Patients at the edge of every serious rule: what a clinician must be told, and nothing more serious.

Worked out by hand from the clinical plan and its sources; where they differ the plan holds, and
docs/clinical-changes.md asks a clinician. Each names all emergencies and urgent signs that are raised, so
that a condition lost from a rule is missed.
"""

import pytest

from consult.intake.red_flags import Level

BACK = {"bm_regions": ["lowback_c"]}
BOTH_NEW = {"fe_numb": "both", "fe_ntrend": "new"}
HABIT = {"sc_main": ["habit"], "sc_habit_what": ["often"], "sc_habit_when": "m3"}
CANCER = {"he_cond": ["cancer"]}
NIGHT = {"age": 30, "st_night": "constant"}
HURT = {"sc_main": ["injury"]}
FEVER = {"sc_main": ["fever"]}
HURT_KNEE = {"bm_regions": ["knee_l"], "kn_hurt": "yes"}

EMERGENCIES = {
    "saddle_numbness": [
        {"bm_regions": ["saddle"], "fe_numb": "both", "fe_ntrend": "same"},
        {"sc_main": ["none"], "rc_same": ["saddle", "none"]},
    ],
    "bladder_bowel_new_change": [
        HABIT | {"sc_habit_what": ["leak"], "sc_habit_when": "w2"},
        HABIT | {"sc_habit_when": "w2"},
        HABIT | {"sc_habit_what": ["consti", "start"], "sc_habit_when": "w2"},
    ],
    "bladder_bowel_change bladder_bowel_change_with_nerve_signs": [
        HABIT | BACK | {"fe_weak": "bitboth", "fe_ntrend": "same"},
        HABIT | {"he_sex": "yes"},
    ],
    "bladder_bowel_change bladder_bowel_change_with_nerve_signs saddle_numbness": [
        HABIT | {"sc_main": ["habit", "saddle"]}
    ],
    "bladder_bowel_change bladder_bowel_change_with_nerve_signs trouble_moving_leg": [
        HABIT | {"sc_main": ["habit", "move"], "sc_move_side": "one", "sc_move_fast": "no"}
    ],
    "bladder_bowel_change_with_nerve_signs": [
        HABIT | BACK | {"sc_habit_what": ["consti"], "fe_shoot": "both", "fe_ntrend": "same"}
    ],
    "both_legs_nerve_signs_new_or_worse": [
        BOTH_NEW | {"bm_regions": ["thighb_l"]},
        BOTH_NEW | {"bm_regions": ["neck_l", "lowback_l"]},
        BOTH_NEW,
    ],
    "both_legs_nerve_signs_new_or_worse nerve_signs_worsening": [
        BACK | {"fe_shoot": "both", "fe_ntrend": "worse"},
        BACK | {"fe_weak": "bitboth", "fe_ntrend": "worse"},
    ],
    "trouble_moving_both_or_worsening": [{"sc_main": ["move"], "sc_move_side": "both", "sc_move_fast": "no"}],
    "loss_of_feeling_both_legs": [{"sc_main": ["feel"], "sc_feel_side": "both"}],
    "serious_injury": [
        HURT | {"age": 90, "sc_injury_now": ["deform", "bone"]},
        HURT | {"sc_injury_now": ["numb"]},
        HURT | {"sc_injury_now": ["weight4", "none"]},
    ],
    "serious_infection": [
        FEVER | {"sc_fever_what": ["high", "ill"]},
        FEVER | {"sc_fever_what": ["joint", "ill"]},
        FEVER | {"sc_fever_what": ["joint", "high"]},
        FEVER | {"sc_fever_what": ["high"], "he_cond": ["immune"]},
    ],
    "cancer_with_warning_signs night_pain_with_risk stroke_like_signs": [
        NIGHT | CANCER | {"sc_main": ["none"], "rc_same": ["stroke"]}
    ],
}

URGENT = {
    "bladder_bowel_change": [
        {"sc_main": ["habit"]},
        HABIT | {"sc_habit_when": "long_unk"},
        {"sc_main": ["habit"], "sc_habit_what": ["start"]},
    ],
    "trouble_moving_leg": [
        {"sc_main": ["move"]},
        {"sc_main": ["move", "habit"], "sc_habit_what": ["often"], "sc_habit_when": "long"},
    ],
    "loss_of_feeling_leg": [{"sc_main": ["feel"]}],
    "shape_change": [{"he_bone": ["bownew", "none"]}],
    "nerve_signs_worsening": [
        BACK | {"fe_weak": "drag", "fe_ntrend": "better"},
        BACK | {"fe_weak": "drag", "fe_ntrend": "worse", "fe_numb": "no"},
        BACK | {"fe_shoot": "no", "fe_numb": "one", "fe_ntrend": "worse"},
        CANCER | BACK | {"fe_weak": "drag", "fe_ntrend": "new"},
        {"bm_regions": ["neck_r"], "fe_shoot": "both", "fe_ntrend": "worse"},
    ],
    "unexplained_weight_loss": [{"he_gen": ["weight", "none"]}],
    "cancer_with_warning_signs unexplained_weight_loss": [{"sc_main": ["cancer", "weight"]}],
    "cancer_with_warning_signs": [
        CANCER | {"he_gen": ["appetite"]},
        CANCER | {"he_gen": ["unwell"]},
    ],
    "cancer_with_warning_signs night_pain_with_risk": [NIGHT | CANCER],
    "night_pain_with_risk unexplained_weight_loss": [NIGHT | {"he_gen": ["weight"]}],
    "night_pain_with_risk": [
        NIGHT | {"age": 50},
        NIGHT | {"he_gen": ["mildfever"]},
        NIGHT | FEVER | {"sc_fever_what": ["mild"]},
    ],
    "fever": [
        FEVER,
        FEVER | {"sc_fever_what": ["ill"]},
        FEVER | {"sc_fever_what": ["risk"]},
        FEVER | {"sc_fever_what": ["high"], "he_surg": "yes"},
    ],
    "hot_swollen_joint": [
        FEVER | {"sc_fever_what": ["joint"]},
        FEVER | {"sc_fever_what": ["joint", "mild"]},
        FEVER | {"sc_fever_what": ["joint", "risk"]},
    ],
    "swollen_calf": [{"sc_main": ["none"], "rc_same": ["calf"]}],
    "injury_not_checked": [HURT | {"age": 64}, HURT | {"sc_injury_now": ["none"]}],
    "possible_fracture": [
        HURT | {"sc_injury_now": ["bone"]},
        HURT | {"age": 65, "sc_injury_now": ["none"]},
        HURT | {"he_bone": ["fract"]},
        HURT | {"he_cond": ["paget"]},
        HURT | {"he_steroid": "yes"},
    ],
    "cannot_walk": [{"fe_walk": "few"}],
    "neck_cord_signs": [{"bm_regions": ["shoulder_r"], "ne_hands": "yes"}],
    "neck_vessel_signs": [{"bm_regions": ["neck_r"], "ne_dizzy": "yes", "ne_hands": "no"}],
    "knee_cannot_load": [HURT_KNEE | {"kn_steps": "yes"}, HURT_KNEE | {"kn_bend": "yes"}],
    "knee_locked": [{"bm_regions": ["knee_r"], "kn_hurt": "no", "kn_lock": "yes", "kn_steps": "yes"}],
}

NEITHER = {
    "nothing ticked but none": {
        "sc_main": ["none"],
        "he_gen": ["none"],
        "he_cond": ["none"],
        "he_bone": ["none"],
    },
    "an answer to a question that was closed again": {
        "sc_main": ["none"],
        "sc_habit_what": ["start"],
        "sc_habit_when": "w2",
        "sc_move_side": "both",
        "sc_feel_side": "both",
        "sc_injury_now": ["weight4"],
        "sc_fever_what": ["high", "ill"],
        "pt_preg": "no",
        "pt_preg_warn": "yes",
    },
    "neck and knee answers of a back that hurts": BACK
    | {"ne_hands": "yes", "ne_dizzy": "yes", "kn_hurt": "yes", "kn_steps": "yes", "kn_lock": "yes"},
    "a fall told of before the start turned out slow": BACK
    | {"age": 80, "st_onset": "slow", "st_event": ["fall"], "st_fall_when": "w2"},
    "a fall three weeks ago at 80": {
        "age": 80,
        "st_onset": "event",
        "st_event": ["fall"],
        "st_fall_when": "m3",
        **BACK,
    },
    "constipation alone, new": HABIT | {"sc_habit_what": ["consti"], "sc_habit_when": "w2"},
    "long known to a doctor": HABIT | {"sc_habit_when": "long", "he_sex": "yes"},
    "both legs, the same for years": BACK | {"fe_shoot": "both", "fe_weak": "bitboth", "fe_ntrend": "same"},
    "both legs, getting better": BACK | {"fe_numb": "both", "fe_ntrend": "better"},
    "one leg, new": BACK | {"fe_numb": "one", "fe_ntrend": "new"},
    "neck only, one arm and one leg": {
        "bm_regions": ["neck_l"],
        "ne_arm": "yes",
        "fe_numb": "one",
        "fe_ntrend": "new",
    },
    "neck only, both legs as ever": {"bm_regions": ["neck_l"], "fe_numb": "both", "fe_ntrend": "same"},
    "pain between the legs, nothing numb": {"bm_regions": ["saddle"], "fe_numb": "no"},
    "cancer long ago, numb as ever": CANCER
    | BACK
    | {"fe_numb": "one", "fe_weak": "bit", "fe_ntrend": "same"},
    "cancer long ago, new pain down one leg": CANCER | BACK | {"fe_shoot": "one"},
    "cancer, and a leg newly numb": CANCER | BACK | {"fe_numb": "one", "fe_ntrend": "new"},
    "both legs newly numb, only the hip marked": BOTH_NEW | {"bm_regions": ["hip_r"]},
    "both legs newly numb, only the neck marked": BOTH_NEW | {"bm_regions": ["neck_l", "shoulder_l"]},
    "mild fever and a risk": FEVER | {"sc_fever_what": ["mild", "risk"]},
    "mild fever and very sick": FEVER | {"sc_fever_what": ["mild", "ill", "unsure"]},
    "mild fever alone": FEVER | {"sc_fever_what": ["mild", "unsure"]},
    "night pain at 49": NIGHT | {"age": 49},
    "thin bones, no fall": {"age": 80, "he_cond": ["osteo"], "st_onset": "sudden"},
    "a sore knee that was not hurt": {"bm_regions": ["knee_l"], "kn_hurt": "no", "kn_steps": "yes"},
    "a knee that was hurt and carries": HURT_KNEE | {"kn_steps": "no", "kn_bend": "no", "kn_give": "yes"},
    "rather not say to being pregnant": {"pt_preg": "skip", "pt_preg_warn": "yes"},
}

LONG_STIFF = {"fe_stiff": "am_long", "st_dur": "y1"}
SURGERY = {"fe_weak": "bit", "fe_ntrend": "same", "li_joy": 7, "st_dur": "m12"}
NOT_BETTER = {"tr_enough": "no", "tr_doc": "no"}

MILDER = {
    "chronic inflammatory_features": [LONG_STIFF | {"wb_worse": ["rest"]}],
    "chronic inflammatory_features sleep_problem": [LONG_STIFF | {"st_night": "wakeup"}],
    "chronic inflammatory_features mild_fever_or_unwell": [
        LONG_STIFF | {"he_gen": ["mildfever"]},
        LONG_STIFF | {"he_gen": ["appetite"]},
        LONG_STIFF | {"he_gen": ["unwell"]},
    ],
    "chronic": [LONG_STIFF, {"fe_stiff": "am_short", "st_dur": "y1", "wb_better": ["move"]}],
    "mild_fever_or_unwell": [{"he_gen": ["appetite"]}, {"he_gen": ["unwell"]}],
    "walking_difficulty": [{"fe_walk": "hard"}],
    "pregnancy": [{"pt_preg": "recent", "pt_preg_warn": "no"}],
    "steroid_or_biologic": [{"tr_meds": ["steroid"]}],
    "sleep_problem": [{"st_night": "fall"}],
    "not_improving": [NOT_BETTER],
    "": [{"tr_enough": "some", "tr_doc": "no"}, {"li_daily": 9}, {"li_stress": 6, "st_now": 7}],
    "between_acute_and_chronic pt_suitable": [{"st_dur": "w12", "li_daily": 4}],
    "chronic leg_numb_or_weak surgery_talk": [SURGERY, SURGERY | {"fe_weak": "bitboth"}],
    "chronic leg_numb_or_weak": [
        SURGERY | {"li_joy": 6},
        {key: SURGERY[key] for key in SURGERY if key != "li_joy"},
    ],
    "acute leg_numb_or_weak": [SURGERY | {"st_dur": "w6"}],
}

CASES = [(flags, answers) for known in (EMERGENCIES, URGENT) for flags in known for answers in known[flags]]


@pytest.mark.parametrize(("flags", "answers"), CASES)
def test_at_the_edge_the_serious_signs_are_these_and_no_others(flags, answers, judge):
    outcome = judge(answers).outcome
    assert sorted(flag.id for flag in outcome.flags if flag.level >= Level.URGENT) == flags.split()
    assert outcome.level == ("emergency" if flags in EMERGENCIES else "urgent")


@pytest.mark.parametrize(("flags", "answers"), [(flags, one) for flags in MILDER for one in MILDER[flags]])
def test_what_only_the_therapist_weighs_is_this_and_no_more(flags, answers, judge):
    assert sorted(flag.id for flag in judge(answers).outcome.flags) == flags.split()


@pytest.mark.parametrize("name", NEITHER)
def test_just_beyond_the_edge_there_is_none(name, judge):
    outcome = judge(NEITHER[name]).outcome
    assert outcome.level in ("none", "info", "caution")
    assert outcome.disposition == "continue"


def test_not_said_whether_pregnant_is_not_taken_for_a_no(judge):
    handout = judge({"pt_preg": "skip", "li_weight": "yes"}).handout
    shown = {line.id for line in (*handout.stretches, *handout.tips)}
    assert not {"Advil or Motrin", "knee-to-chest", "cobra", "glute bridge", "healthy weight"} & shown
    assert {"Tylenol", "clamshell"} <= shown
    assert not judge({"pt_preg": "skip"}).outcome.flags


@pytest.mark.parametrize(
    "sign", [{"fe_shoot": "one"}, {"bm_spread": "leg"}, {"he_cond": ["disk"]}, {"fe_weak": "bit"}]
)
def test_a_sign_of_a_pressed_nerve_keeps_forward_bending_back(sign, judge):
    kept = {line.id for line in judge(BACK | sign).handout.stretches}
    assert kept == {"cobra", "glute bridge", "clamshell"}
