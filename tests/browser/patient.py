"""What a patient with pain in the back, neck and knee answers, by the names of the questions.

A question that an answer opens comes after that answer. The counts of pages are those without scripts.
"""

from tests.browser.visitor import Given

PLACE = "12 Long Example Street, Apartment 4B, Albany"
GOAL = "To sit through a working day without my leg going numb"

YOU: Given = {
    "pt_dob-month": "4",
    "pt_dob-day": "27",
    "pt_dob-year": "1979",
    "pt_filler": "self",
}
CONTACT: Given = {"pt_email": "jo.oneil@example.com", "pt_phone": "(555) 010-0123"}
WHERE_TO_BE: Given = {"pt_state": "NY", "pt_place": PLACE, "pt_ice": "Pat, (555) 010-0188"}
NEEDS: Given = {"pt_access": ["captions"], "pt_preg": "no"}

_STORY: Given = {
    "st_dur": "w6",
    "st_onset": "event",
    "st_event": ["fall", "lifttwist"],
    "st_fall_when": "m3",
    "st_course": "onoffworse",
    "st_now": "6",
    "st_worst": "10",
    "st_best": "0",
    "st_night": "ok",
}
STORY_PAGES = 3

_FEEL: Given = {
    "fe_quality": ["shoot", "tingle"],
    "fe_shoot": "one",
    "fe_shoot_reach": "foot",
    "fe_numb": "one",
    "fe_weak": "no",
    "fe_ntrend": "same",
    "fe_groin": "no",
    "fe_stiff": "sit",
    "fe_rom": "yes",
    "fe_tender": ["back", "buttock"],
    "fe_swell": "no",
    "fe_muscle": ["none"],
    "fe_walk": "limp",
    "fe_comf": "yes",
}
FEEL_PAGES = 2

FIRST_TOPICS: dict[str, Given] = {
    "where": {"bm_regions": ["lowback_l", "knee_r", "neck_r"], "bm_main": "lowback_l", "bm_spread": "leg"},
    "story": _STORY,
    "feel": _FEEL,
}
LATER_TOPICS: dict[str, Given] = {
    "wb": {"wb_worse": ["sit", "bend", "drive"], "wb_better": ["standwalk"]},
    "life": {
        "li_sit": "gt8",
        "li_drive": "yes",
        "li_active": "d0",
        "li_lift": "no",
        "li_repeat": "no",
        "li_slouch": "yes",
        "li_weight": "skip",
        "li_stress": "7",
        "li_smoke": "past",
        "li_heels": "low",
        "li_sleeppos": "mix",
        "li_daily": "6",
        "li_joy": "8",
        "li_work": "Bookkeeper, at a desk all day",
    },
    "health": {
        "he_gen": ["none"],
        "he_cond": ["oa", "heart"],
        "he_bone": ["none"],
        "he_steroid": "no",
        "he_thin": "yes",
        "he_surg": "no",
        "he_drink": "no",
        "he_nsaidall": "no",
        "he_famas": "no",
    },
    "neck": {"ne_arm": "yes", "ne_hands": "no", "ne_dizzy": "no"},
    "knee": {"kn_hurt": "no", "kn_steps": "no", "kn_bend": "no", "kn_lock": "no", "kn_give": "yes"},
    "tried": {
        "tr_self": ["rest", "heatcold", "advil"],
        "tr_self-rest-rating": "no_change",
        "tr_self-heatcold-rating": "helped",
        "tr_self-advil-rating": "worse",
        "tr_stretch": ["ham"],
        "tr_stretch-ham-rating": "worse",
        "tr_meds": ["otc"],
        "tr_medlist": "Ibuprofen 400 mg now and then.\nWarfarin.\nNo allergies.",
        "tr_ther": ["none"],
        "tr_doc": "yes",
        "tr_enough": "some",
    },
    "goals": {
        "go_act-0-activity": "Sitting through a meeting",
        "go_act-0-score": "3",
        "go_act-1-activity": "Putting on socks",
        "go_act-1-score": "4",
        "go_want": GOAL,
        "go_help": ["ex", "posture"],
        "go_avoid": ["surg"],
        "go_worry": "That it never goes away",
        "go_floor": "yes",
        "go_kneel": "no",
    },
    "consent": {
        "co_emerg": "yes",
        "co_nodx": "yes",
        "co_tele": "yes",
        "co_priv": "yes",
        "co_true": "yes",
        "co_sign": "As above",
    },
}
RECHECK_FINE: Given = {"rc_same": ["none"]}
RECHECK_EMERGENCY: Given = {"rc_same": ["control"]}
