"""Which topics a patient is asked, and which comes next."""

from datetime import date

import pytest

from consult.booking.answers.intake_plan import following, intake_sections, next_section
from consult.intake.content import Catalogue

TODAY = date(2026, 6, 1)
ALWAYS = ["where", "story", "feel", "wb", "life", "health", "tried", "goals", "consent", "recheck"]
WHERE = {"bm_regions": ["lowback_l"], "bm_main": "lowback_l", "bm_spread": "stay"}


def asked(catalogue: Catalogue, regions: list[str]) -> list[str]:
    sections = intake_sections(catalogue.questionnaire, {"bm_regions": regions}, TODAY)
    return [section.id for section in sections]


@pytest.mark.parametrize(
    ("regions", "besides"),
    [
        (["lowback_l"], set()),
        (["neck_l"], {"neck"}),
        (["knee_r"], {"knee"}),
        (["neck_r", "lowback_c", "knee_l"], {"neck", "knee"}),
    ],
)
def test_the_topics_follow_from_where_it_hurts(catalogue: Catalogue, regions: list[str], besides: set[str]):
    sections = asked(catalogue, regions)
    assert set(sections) == {*ALWAYS, *besides}
    assert [section for section in sections if section in ALWAYS] == ALWAYS


def test_what_was_asked_before_payment_is_not_asked_again(catalogue: Catalogue):
    assert {"screen", "about"} & set(asked(catalogue, ["neck_l", "knee_l"])) == set()


def test_the_recheck_comes_last(catalogue: Catalogue):
    assert asked(catalogue, ["knee_l"])[-1] == "recheck"


@pytest.mark.parametrize(
    ("answers", "done", "due"),
    [
        ({}, [], "where"),
        (WHERE, [], "where"),
        (WHERE, ["where"], "story"),
        (WHERE, ["where", "feel", "wb"], "story"),
        ({**WHERE, "bm_regions": ["neck_l"]}, ["where"], "story"),
        ({"bm_regions": ["lowback_l"]}, ["where"], "where"),
    ],
)
def test_the_next_topic_is_the_first_not_finished_or_opened_again(
    catalogue: Catalogue, answers: dict, done: list[str], due: str
):
    section = next_section(catalogue.questionnaire, answers, done, TODAY)
    assert section is not None
    assert section.id == due


def test_the_topic_after_one_is_found_and_nothing_after_the_last(catalogue: Catalogue):
    sections = intake_sections(catalogue.questionnaire, WHERE, TODAY)
    after = following(sections, "where")
    assert after is not None
    assert after.id == "story"
    assert following(sections, sections[-1].id) is None
