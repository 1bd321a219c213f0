"""What can be changed, as the patient told it."""

from collections.abc import Callable

import pytest

from consult.summary.factors import FACTORS, factor_lines, found_factors, untold_factors
from consult.summary.reading import Reading

Reads = Callable[..., Reading]

NONE_OF_THEM = {
    "li_smoke": "never",
    "li_sit": "lt4",
    "li_drive": "no",
    "li_repeat": "no",
    "li_lift": "no",
    "li_weight": "no",
    "li_active": "d5",
    "li_slouch": "no",
    "li_stress": 6,
    "li_heels": "low",
    "wb_worse": ["sit"],
}


@pytest.mark.parametrize(
    ("raw", "words", "facts"),
    [
        ({"li_smoke": "daily"}, "smoking (every day)", ("A37f", "A70")),
        ({"li_smoke": "some"}, "smoking (some days)", ("A37f", "A70")),
        ({"li_sit": "gt8"}, "long sitting (over 8 hours a day)", ("A37e", "A59")),
        ({"li_drive": "yes"}, "long driving", ("A37e",)),
        ({"li_repeat": "yes"}, "repeated movements", ("A37d", "A57")),
        ({"wb_worse": ["repeat"]}, "repeated movements", ("A37d", "A57")),
        ({"li_lift": "yes"}, "heavy or wrong lifting", ("A37a", "A56")),
        ({"st_onset": "event", "st_event": ["lifttwist"]}, "heavy or wrong lifting", ("A37a", "A56")),
        ({"li_weight": "yes"}, "weight", ("A37c", "A55")),
        ({"li_active": "d0"}, "low activity (0 to 1 days a week)", ("A54",)),
        ({"wb_worse": ["slouch"]}, "slouching", ("A58",)),
        ({"li_stress": 7}, "stress (7 of 10)", ("A60",)),
        ({"wb_worse": ["stress"], "li_stress": 2}, "stress (2 of 10)", ("A60",)),
        ({"li_heels": "high"}, "high heels", ("A68",)),
    ],
)
def test_an_answer_shows_a_factor_with_the_facts_it_rests_on(
    reads: Reads, raw: dict, words: str, facts: tuple[str, ...]
):
    [found] = found_factors(reads(**(NONE_OF_THEM | raw)))
    assert (found.words, found.sources) == (words, facts)


@pytest.mark.parametrize(
    "raw", [{"li_smoke": "past"}, {"li_weight": "skip"}, {"li_stress": 6}, {"li_sit": "lt4"}]
)
def test_these_answers_show_none(reads: Reads, raw: dict):
    assert found_factors(reads(**(NONE_OF_THEM | raw))) == ()


def test_each_fact_of_a_factor_is_the_articles(reads: Reads, catalogue):
    for factor in FACTORS:
        assert {fact.rstrip("abcdef") for fact in factor.facts} <= set(catalogue.facts)


def test_with_every_question_answered_nothing_is_left_untold(reads: Reads):
    reading = reads(**NONE_OF_THEM)
    assert untold_factors(reading) == ()
    [line] = factor_lines(reading)
    assert [part.words for part in line.parts] == ["none among the answers given"]


def test_what_was_not_answered_is_named_not_taken_for_a_no(reads: Reads):
    found, gaps = factor_lines(reads(li_smoke="daily", li_lift="no"))
    assert [part.words for part in found.parts] == ["smoking (every day)"]
    assert gaps.label == "Not answered"
    assert [part.words for part in gaps.parts] == [
        "long sitting",
        "long driving",
        "repeated movements",
        "weight",
        "low activity",
        "slouching",
        "stress",
        "high heels",
    ]


def test_rather_not_say_about_weight_is_not_a_no(reads: Reads):
    assert untold_factors(reads(**(NONE_OF_THEM | {"li_weight": "skip"}))) == ("weight",)


def test_without_any_answer_the_line_says_just_that(reads: Reads):
    [line] = factor_lines(reads())
    assert line.parts == ()
