"""Every question and option the summary names is in the form."""

from dataclasses import replace

import pytest

from consult.intake.conditions import Chosen, nodes
from consult.intake.content import Catalogue
from consult.summary import items
from consult.summary.builder import build_summary
from consult.summary.factors import FACTORS

from .conftest import TODAY

ANSWERS = {
    items.DURATION: (*items.ACUTE, *items.CHRONIC),
    items.PLACES: (items.ELSEWHERE,),
    items.WEIGHT: items.RATHER_NOT_SAY[:1],
    items.ONSET: items.RATHER_NOT_SAY[1:],
}
NOT_QUESTIONS = {
    "ELSEWHERE",
    "ACUTE",
    "CHRONIC",
    "NO_SIGN",
    "RATHER_NOT_SAY",
    "RATING_ORDER",
    "NOT_FOR_THE_BODY",
}


def named() -> set[str]:
    values = [value for name, value in vars(items).items() if name.isupper() and name not in NOT_QUESTIONS]
    return {one for value in values for one in (value.values() if isinstance(value, dict) else [value])}


def test_every_question_named_is_in_the_form(catalogue: Catalogue):
    assert named() <= set(catalogue.questionnaire.items)


def test_every_answer_named_is_an_option_of_its_question(catalogue: Catalogue):
    for item_id, options in ANSWERS.items():
        assert set(options) <= {option.id for option in catalogue.questionnaire.items[item_id].options}


def test_every_section_left_out_of_the_gaps_is_in_the_form(catalogue: Catalogue):
    assert set(items.NOT_FOR_THE_BODY) <= {section.id for section in catalogue.questionnaire.sections}


def test_every_rating_has_its_place(catalogue: Catalogue):
    ratings = {rating.id for rating in catalogue.questionnaire.items[items.HOME].ratings}
    assert ratings | {None} == set(items.RATING_ORDER)


def test_every_answer_a_factor_rests_on_is_an_option_of_its_question(catalogue: Catalogue):
    for factor in FACTORS:
        for node in nodes(factor.when, {}):
            if isinstance(node, Chosen):
                known = {option.id for option in catalogue.questionnaire.items[node.item].options}
                assert node.options <= known


@pytest.mark.parametrize("item_id", sorted(named() - {items.PLACES}))
def test_a_version_of_the_form_without_one_of_them_has_a_summary_all_the_same(
    catalogue: Catalogue, item_id: str
):
    """All but the body chart, which no form can do without."""
    form = catalogue.questionnaire
    sections = tuple(
        replace(section, items=tuple(item for item in section.items if item.id != item_id))
        for section in form.sections
    )
    without = replace(catalogue, questionnaire=replace(form, sections=sections))
    answers = {items.PLACES: ["lowback_l", "neck_l", "knee_l"]}
    assert build_summary(without, answers, TODAY).sheet.where
