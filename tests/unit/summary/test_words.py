"""Answers in words: the patient's own, and the therapist's short ones."""

from typing import Any

import pytest

from consult.intake.content import Catalogue
from consult.intake.questionnaire import ItemType
from consult.intake.reading import read_answer
from consult.summary.words import patient_words, therapist_words

CASES = [
    ("st_onset", "slow", "Slowly, over days or longer", "slowly"),
    (
        "sc_main",
        ["calf", "weight"],
        "One calf newly swollen and sore; Losing weight and don't know why",
        None,
    ),
    ("he_thin", "yes", "Yes", "yes"),
    ("st_now", 0, "0 of 10", "0 of 10"),
    ("st_now", 10, "10 of 10", "10 of 10"),
    ("pt_dob", "1980-03-04", "March 4, 1980", "March 4, 1980"),
    ("go_want", "Dance\nagain", "Dance\nagain", "Dance\nagain"),
    ("co_tele", True, "Agreed", "Agreed"),
    ("bm_regions", ["lowback_l", "knee_r"], "Low back, left; Knee, right", "low back left; knee right"),
    (
        "tr_self",
        {"rest": "no_change", "advil": "helped", "shoes": None},
        "Rest (no change); Advil or Motrin (it helped); Low-heeled shoes",
        "rest (no change); Advil or Motrin (helped); low heels",
    ),
    (
        "go_act",
        [{"activity": "Stairs", "score": 0}, {"activity": "Sleep", "score": None}],
        "Stairs (0 of 10); Sleep",
        "Stairs (0 of 10); Sleep",
    ),
]


@pytest.mark.parametrize(("item_id", "answer", "said", "short"), CASES)
def test_an_answer_is_said(catalogue: Catalogue, item_id: str, answer: Any, said: str, short: str | None):
    item = catalogue.questionnaire.items[item_id]
    assert patient_words(item, answer) == said
    assert therapist_words(item, answer) == (short or "swollen calf; unexplained weight loss")


def test_nothing_said_is_empty_for_every_question(catalogue: Catalogue):
    for item in catalogue.questionnaire.items.values():
        assert patient_words(item, None) == therapist_words(item, None) == "", item.id


def test_every_option_of_every_question_has_words_of_both_kinds(catalogue: Catalogue):
    for item in catalogue.questionnaire.items.values():
        for option in item.options:
            raw = option.id if item.type in (ItemType.ONE, ItemType.YES_NO) else [option.id]
            answer = read_answer(item, raw)
            assert patient_words(item, answer) == option.label, (item.id, option.id)
            assert therapist_words(item, answer) == option.short, (item.id, option.id)


def test_an_option_a_later_form_no_longer_has_is_shown_by_its_id(catalogue: Catalogue):
    assert therapist_words(catalogue.questionnaire.items["st_onset"], "gone") == "gone"


def test_a_box_not_ticked_was_not_agreed_to(catalogue: Catalogue):
    assert patient_words(catalogue.questionnaire.items["co_tele"], False) == ""  # type: ignore[arg-type]
