"""The page before a session: flags first and whole, then every answer by topic."""

from datetime import date
from typing import Any

import pytest

from consult.intake.content import Catalogue
from consult.intake.reading import read_answers
from consult.intake.red_flags import Level
from consult.summary.builder import Summary, build_summary
from consult.summary.numbers import side_pattern

TODAY = date(2026, 6, 1)


def summary(catalogue: Catalogue, **raw: Any) -> Summary:
    return build_summary(catalogue, read_answers(catalogue.questionnaire, raw), TODAY)


@pytest.mark.parametrize(
    ("marked", "side"),
    [
        (set(), ""),
        ({"lowback_l"}, "left side"),
        ({"lowback_l", "hip_l", "lowback_c"}, "left side"),
        ({"knee_r"}, "right side"),
        ({"lowback_l", "knee_r"}, "both sides"),
        ({"neck_l", "neck_r"}, "both sides"),
        ({"lowback_c"}, "middle"),
        ({"midback", "saddle"}, "middle"),
        ({"other"}, ""),
    ],
)
def test_the_side_follows_from_the_places_marked(marked: set[str], side: str):
    assert side_pattern(frozenset(marked)) == side


def test_flags_stand_most_serious_first_and_none_is_left_out(catalogue: Catalogue):
    made = summary(
        catalogue,
        sc_main=["cancer", "calf", "chest", "weight"],
        st_dur="w6",
        pt_dob="1950-01-01",
        fe_walk="few",
    )
    serious, other = ([line.raised for line in lines] for lines in (made.serious, made.other))
    levels = [flag.level.seriousness for flag in (*serious, *other)]
    assert levels == sorted(levels, reverse=True)
    assert {flag.level for flag in serious} == {Level.EMERGENCY, Level.URGENT}
    assert all(flag.level < Level.URGENT for flag in other)
    assert serious[0].id == "chest_or_breathing"
    assert [*serious, *other] == list(made.assessment.outcome.flags)
    assert {"swollen_calf", "unexplained_weight_loss", "cannot_walk"} <= {flag.id for flag in serious}


def test_every_flag_says_by_which_rule_on_which_words_and_from_where(catalogue: Catalogue):
    [line] = summary(catalogue, sc_main=["calf"]).serious
    flag = line.raised
    assert line.quotes == "“swollen calf”"
    assert flag.rule == "sc_main is calf"
    assert [answer.short for answer in flag.answers] == ["swollen calf"]
    assert flag.sources == ("VTE",)
    assert flag.therapist_text
    assert flag.patient_text


def test_urgent_advice_had_to_be_ticked_only_if_it_came_up_before_payment(catalogue: Catalogue):
    lines = summary(catalogue, sc_main=["calf"], fe_walk="few").serious
    assert {line.raised.id: line.to_tick for line in lines} == {"swollen_calf": True, "cannot_walk": False}


def test_access_needs_and_who_filled_it_in_are_said_or_not_answered(catalogue: Catalogue):
    made = summary(catalogue, pt_access=["captions", "interp"], pt_filler="helper")
    assert (made.access, made.filled_in_by) == ("captions; interpreter", "helper")
    assert summary(catalogue).access == "not answered"


def test_the_rules_version_is_that_of_the_flag_rules(catalogue: Catalogue):
    assert summary(catalogue).rules_version == catalogue.reviews["rules/red_flags.yaml"].version


def test_answers_stand_under_their_topics_in_the_order_of_the_form_with_their_sources(catalogue: Catalogue):
    made = summary(
        catalogue,
        go_want="Walk",
        st_now="3",
        bm_regions=["hip_l"],
        bm_main="hip_l",
        sc_main=["none"],
        st_dur="w6",
    )
    assert [section.title for section in made.sections] == [
        "Quick safety check (about 30 seconds)",
        "Where it hurts",
        "Your pain story",
        "Your goals",
    ]
    story = made.sections[2].rows
    assert [(row.item.id, row.answer) for row in story] == [("st_dur", "2 to 6 weeks"), ("st_now", "3 of 10")]
    assert story[0].sources == ("A5", "A6", "A90")


def test_an_answer_whose_question_is_no_longer_open_is_not_shown(catalogue: Catalogue):
    made = summary(catalogue, st_onset="slow", st_event=["lift"], sc_main=["none"], sc_move_side="both")
    shown = {row.item.id for section in made.sections for row in section.rows}
    assert shown == {"st_onset", "sc_main"}
    assert made.serious == []


def test_age_places_and_main_place(catalogue: Catalogue):
    made = summary(
        catalogue, pt_dob="1980-06-02", bm_regions=["knee_l", "lowback_c"], bm_main="knee_l", sc_main=["none"]
    )
    assert made.age == 45
    assert made.marked == {"knee_l", "lowback_c"}
    assert made.main_region == "knee_l"
    assert made.side == "left side"
    assert made.marked <= {region.id for region in made.regions}


def test_without_any_answer_there_is_still_a_page(catalogue: Catalogue):
    made = summary(catalogue)
    assert (made.age, made.side, made.main_region) == (None, "", None)
    assert list(made.serious) == list(made.other) == list(made.sections) == []
    assert made.sheet.gaps.parts
    assert not made.sheet.overleaf
