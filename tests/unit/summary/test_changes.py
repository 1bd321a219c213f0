"""What changed since the last visit."""

from collections.abc import Callable

import pytest

from consult.summary.changes import Change, Topic, changes_since
from consult.summary.reading import Reading

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
