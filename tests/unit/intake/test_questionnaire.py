"""Which questions open, and which answers count."""

from datetime import date

import pytest

from consult.intake.questionnaire import age_on, live_answers, missing_items, visible_items

DAY = date(2026, 6, 1)
ORDER = [
    "screen",
    "about",
    "where",
    "story",
    "feel",
    "wb",
    "life",
    "health",
    "neck",
    "knee",
    "tried",
    "goals",
    "consent",
    "recheck",
]
REGION_BOUND = {"fe_groin", "fe_muscle", "fe_tender", "tr_stretch"}


@pytest.fixture
def form(catalogue):
    return catalogue.questionnaire


def ids(items):
    return [item.id for item in items]


def test_sections_come_in_the_order_the_patient_meets_them(form):
    assert [section.id for section in form.sections] == ORDER
    assert len(form.items) == 103


def test_the_screen_begins_with_one_question(form):
    assert ids(visible_items(form, {}, ["screen"])) == ["sc_main"]


def test_follow_ups_open_under_the_line_that_was_ticked(form):
    opened = ids(visible_items(form, {"sc_main": ["move", "injury"]}, ["screen"]))
    assert opened == ["sc_main", "sc_move_side", "sc_move_fast", "sc_injury_now"]


def test_an_answer_whose_question_was_closed_again_does_not_count(form):
    answers = {"sc_main": ["none"], "sc_habit_what": ["leak"], "sc_habit_when": "w2"}
    assert live_answers(form, answers, DAY) == {"sc_main": ["none"]}


def test_a_closed_question_opens_nothing_further(form):
    answers = {"st_onset": "slow", "st_event": ["fall"], "st_fall_when": "w2"}
    assert live_answers(form, answers, DAY) == {"st_onset": "slow"}
    assert "st_fall_when" not in ids(visible_items(form, answers))


def test_none_beside_a_sign_is_the_sign(form):
    assert live_answers(form, {"sc_main": ["saddle", "none"]}, DAY) == {"sc_main": ["saddle"]}
    tried = {"tr_self": {"rest": "worse", "none": None}}
    assert live_answers(form, tried, DAY) == {"tr_self": {"rest": "worse"}}


def test_none_alone_stays(form):
    assert live_answers(form, {"sc_main": ["none"]}, DAY) == {"sc_main": ["none"]}


def test_an_empty_screen_is_missing_and_so_are_open_follow_ups(form):
    assert ids(missing_items(form, {}, ["screen"], DAY)) == ["sc_main"]
    assert ids(missing_items(form, {"sc_main": []}, ["screen"], DAY)) == ["sc_main"]
    partly = {"sc_main": ["habit"], "sc_habit_when": "w2"}
    assert ids(missing_items(form, partly, ["screen"], DAY)) == ["sc_habit_what"]


def test_an_optional_question_is_never_missing(form):
    assert "pt_access" not in ids(missing_items(form, {}, ["about"], DAY))


@pytest.mark.parametrize(
    ("regions", "neck", "knee", "trunk"),
    [
        (["neck_l"], True, False, False),
        (["knee_r"], False, True, False),
        (["lowback_c"], False, False, True),
        (["thighb_l", "knee_l"], False, True, True),
        ([], True, True, True),
    ],
)
def test_the_body_chart_opens_what_concerns_its_regions(form, regions, neck, knee, trunk):
    shown = set(ids(visible_items(form, {"bm_regions": regions} if regions else {})))
    assert ("ne_arm" in shown) is neck
    assert ("kn_lock" in shown) is knee
    assert (shown & REGION_BOUND == REGION_BOUND) is trunk
    assert bool(shown & REGION_BOUND) is trunk
    assert {"fe_numb", "fe_weak"} <= shown


def test_a_sign_at_the_recheck_counts_beside_those_of_the_screen(form):
    answers = {"sc_main": ["weight"], "rc_same": ["move"], "sc_move_side": "one", "sc_move_fast": "no"}
    live = live_answers(form, answers, DAY)
    assert live["sc_main"] == ["move", "weight"]
    assert live["sc_move_side"] == "one"


def test_none_at_the_recheck_takes_nothing_back(form):
    assert live_answers(form, {"sc_main": ["weight"], "rc_same": ["none"]}, DAY)["sc_main"] == ["weight"]


def test_a_sign_at_the_recheck_replaces_none_at_the_screen(form):
    assert live_answers(form, {"sc_main": ["none"], "rc_same": ["calf"]}, DAY)["sc_main"] == ["calf"]


def test_the_recheck_asks_the_follow_ups_of_what_is_ticked_there(form):
    answers = {"sc_main": ["injury"], "rc_same": ["feel"]}
    assert ids(visible_items(form, answers, ["recheck"])) == ["rc_same", "sc_feel_side"]
    assert ids(missing_items(form, answers, ["recheck"], DAY)) == ["sc_feel_side"]


def test_the_recheck_offers_the_lines_of_the_screen(form):
    assert form.items["rc_same"].options == form.items["sc_main"].options


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        ("2008-06-01", date(2026, 6, 1), 18),
        ("2008-06-02", date(2026, 6, 1), 17),
        ("2008-02-29", date(2026, 2, 28), 17),
        ("2008-02-29", date(2026, 3, 1), 18),
        ("2027-01-01", date(2026, 6, 1), -1),
        ("", date(2026, 6, 1), None),
        ("someday", date(2026, 6, 1), None),
        (None, date(2026, 6, 1), None),
    ],
)
def test_age_is_counted_in_whole_years(born, day, age):
    assert age_on(born, day) == age
