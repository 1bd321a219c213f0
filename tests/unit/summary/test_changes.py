"""What changed since the last visit."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from consult.intake.content import Catalogue
from consult.intake.questionnaire import Item
from consult.intake.reading import read_answers
from consult.summary.changes import Change, Topic, changes_since
from consult.summary.reading import Reading, read

from .conftest import TODAY

Reads = Callable[..., Reading]

NUMBERS, NERVES, FLAGS = Topic.NUMBERS, Topic.NERVES, Topic.FLAGS


@pytest.mark.parametrize(
    ("before", "now", "changes"),
    [
        ({"st_now": 6}, {"st_now": 6}, []),
        ({"st_now": 6}, {"st_now": 3}, [Change(NUMBERS, "pain now", "6 of 10", "3 of 10")]),
        ({"li_daily": 3}, {"li_daily": 0}, [Change(NUMBERS, "limits daily life", "3 of 10", "0 of 10")]),
        ({}, {"st_now": 3}, [Change(NUMBERS, "pain now", "not answered", "3 of 10")]),
        ({"st_now": 6}, {}, []),
        ({"fe_weak": "no"}, {"fe_weak": "no"}, []),
        (
            {"go_act": [{"activity": "Stairs", "score": 2}, {"activity": "Sitting", "score": 5}]},
            {"go_act": [{"activity": "stairs", "score": 6}, {"activity": "Gardening", "score": 1}]},
            [Change(NUMBERS, "stairs", "2 of 10", "6 of 10")],
        ),
    ],
)
def test_numbers_differ_only_where_something_is_known_now(
    reads: Reads, before: dict, now: dict, changes: list
):
    assert list(changes_since(reads(**before), reads(**now))) == changes


def test_the_nerve_line_tells_what_is_new_and_what_was_not_asked(reads: Reads):
    before = {"fe_shoot": "no", "fe_numb": "no", "fe_weak": "no"}
    now = {"fe_shoot": "one", "fe_shoot_reach": "foot", "fe_numb": "no", "fe_weak": "no"}
    assert list(changes_since(reads(**before), reads(**now))) == [
        Change(NERVES, "shooting", "no", "one leg"),
        Change(NERVES, "reach", "not asked", "foot"),
    ]


def test_a_new_flag_stands_first_and_says_how_serious_it_is(reads: Reads):
    changes = changes_since(reads(st_now=5), reads(st_now=9, sc_main=["calf"]))
    assert list(changes) == [
        Change(FLAGS, "Newly swollen sore calf", "not raised", "urgent"),
        Change(FLAGS, "Pain 8 or more right now", "not raised", "caution"),
        Change(NUMBERS, "pain now", "5 of 10", "9 of 10"),
    ]


def test_a_flag_is_gone_only_when_its_answers_were_given_anew(reads: Reads):
    before = reads(fe_walk="limp")
    assert list(changes_since(before, reads(fe_walk="ok"))) == [
        Change(FLAGS, "Limp or difficulty walking", "caution", "no longer raised")
    ]
    assert list(changes_since(before, reads())) == [
        Change(FLAGS, "Limp or difficulty walking", "caution", "not answered this time")
    ]


def test_flags_that_stand_as_before_are_no_change(reads: Reads):
    assert changes_since(reads(fe_walk="limp"), reads(fe_walk="hard")) == ()


def read_by(catalogue: Catalogue, **raw: object) -> Reading:
    return read(catalogue, read_answers(catalogue.questionnaire, raw), TODAY)


def with_items(catalogue: Catalogue, edit: Callable[[Item], Item | None]) -> Catalogue:
    """The form with each question as `edit` gives it back; None takes it out."""
    form = catalogue.questionnaire
    sections = tuple(
        replace(section, items=tuple(item for item in map(edit, section.items) if item is not None))
        for section in form.sections
    )
    return replace(catalogue, questionnaire=replace(form, sections=sections))


def without_rule(catalogue: Catalogue, flag_id: str) -> Catalogue:
    rules = catalogue.red_flags
    kept = tuple(rule for rule in rules.flags if rule.id != flag_id)
    return replace(catalogue, red_flags=replace(rules, flags=kept))


def test_the_same_tick_in_the_words_of_another_form_is_no_change(catalogue: Catalogue):
    def reword(item: Item) -> Item:
        return replace(item, options=tuple(replace(o, short=f"{o.short}!") for o in item.options))

    newer = with_items(catalogue, reword)
    said = {"fe_shoot": "one", "fe_shoot_reach": "foot", "fe_numb": "no"}
    assert changes_since(read_by(catalogue, **said), read_by(newer, **said)) == ()
    assert list(changes_since(read_by(catalogue, **said), read_by(newer, **said, fe_weak="no"))) == [
        Change(NERVES, "weak", "not answered", "no!")
    ]


def test_a_flag_whose_rule_only_one_of_the_forms_has_is_named_as_such(catalogue: Catalogue):
    without = without_rule(catalogue, "severe_pain")
    said = {"st_now": 9}
    assert list(changes_since(read_by(without, **said), read_by(catalogue, **said))) == [
        Change(FLAGS, "Pain 8 or more right now", "no such rule then", "caution")
    ]
    assert list(changes_since(read_by(catalogue, **said), read_by(without, **said))) == [
        Change(FLAGS, "Pain 8 or more right now", "caution", "no such rule now")
    ]


def test_a_question_only_one_of_the_forms_has_is_not_asked_in_the_other(catalogue: Catalogue):
    without = with_items(catalogue, lambda item: None if item.id == "st_best" else item)
    before = read_by(without, st_now=4)
    assert list(changes_since(before, read_by(catalogue, st_now=4, st_best=1))) == [
        Change(NUMBERS, "pain at its best", "not asked", "1 of 10")
    ]
    assert changes_since(read_by(catalogue, st_now=4, st_best=1), read_by(without, st_now=4)) == ()
