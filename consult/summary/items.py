"""The only place with the ids of the questions, and of the answers, that the summary makes something of."""

PLACES, MAIN_PLACE, SPREAD = "bm_regions", "bm_main", "bm_spread"
ELSEWHERE = "other"

PAIN_NOW, PAIN_WORST, PAIN_BEST = "st_now", "st_worst", "st_best"
LIMITS_DAYS, SPOILS_JOY = "li_daily", "li_joy"
ACTIVITIES = "go_act"

DURATION, COURSE = "st_dur", "st_course"
ACUTE = ("d2w", "w6")
CHRONIC = ("m12", "y1")
ONSET, EVENT, WARMED_UP, HURT_WHEN = "st_onset", "st_event", "st_warm", "st_fall_when"
NIGHT, AFTER_BAD_NIGHT = "st_night", "st_sleepworse"
FEELS_LIKE = "fe_quality"

SHOOTING, REACH, NUMB, WEAK, TREND = "fe_shoot", "fe_shoot_reach", "fe_numb", "fe_weak", "fe_ntrend"
WALKING, STIFF, GROIN = "fe_walk", "fe_stiff", "fe_groin"
WORSE_WITH, BETTER_WITH = "wb_worse", "wb_better"
NO_SIGN = ("no", "none", "ok")
NECK = {"arm numb or weak": "ne_arm", "clumsy or unsteady": "ne_hands", "dizzy, blackouts": "ne_dizzy"}
KNEE = {
    "hurt in the last week": "kn_hurt",
    "cannot take 4 steps": "kn_steps",
    "cannot bend": "kn_bend",
    "locked": "kn_lock",
    "gives way": "kn_give",
}

SMOKES, SITS, DRIVES, REPEATS, LIFTS = "li_smoke", "li_sit", "li_drive", "li_repeat", "li_lift"
WEIGHT, ACTIVE_DAYS, SLOUCHES, STRESS, SHOES = "li_weight", "li_active", "li_slouch", "li_stress", "li_heels"
RATHER_NOT_SAY = ("skip", "unsure")

MEDICINES, MEDICINE_LIST, CONDITIONS = "tr_meds", "tr_medlist", "he_cond"
HOME, STRETCHES, TREATMENTS, DOCTOR_TOLD = "tr_self", "tr_stretch", "tr_ther", "tr_told"
BASIC_CARE, DOCTOR = "tr_enough", "tr_doc"
RATING_ORDER = ("worse", "helped", "no_change", None)
GOAL, HELP_WITH, WORRY, AVOIDS, FLOOR, KNEELS = (
    "go_want",
    "go_help",
    "go_worry",
    "go_avoid",
    "go_floor",
    "go_kneel",
)

NAME, ADDRESS, EMERGENCY_CONTACT, ACCESS = "pt_name", "pt_place", "pt_ice", "pt_access"
FILLED_IN_BY = "pt_filler"
NOT_FOR_THE_BODY = ("about", "consent", "recheck")
"""Sections whose gaps are no gaps in the story."""
