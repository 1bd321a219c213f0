"""What conditions mean, above all for what is not known."""

import pytest

from consult.intake.conditions import (
    AgeAtLeast,
    AgeUnder,
    AllOf,
    Answered,
    AnyOf,
    AtLeast,
    Chosen,
    Evidence,
    Facts,
    FlagRaised,
    LevelIs,
    Not,
    PolicyApplies,
    Use,
    evidence,
    holds,
    items_named,
)


def picks(item, *options):
    return Chosen(item, frozenset(options))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("limp", True),
        ("ok", False),
        (["ok", "limp"], True),
        (["ok"], False),
        ([], False),
        ({"limp": "helped"}, True),
        ({"ok": None}, False),
    ],
)
def test_an_answer_matches_in_every_shape_that_has_options(answer, expected):
    assert holds(picks("walk", "limp", "hard"), Facts({"walk": answer})) is expected


@pytest.mark.parametrize("option", ["yes", "no"])
def test_an_unanswered_question_matches_neither_yes_nor_no(option):
    assert not holds(picks("swelling", option), Facts({}))
    assert holds(Not(picks("swelling", option)), Facts({}))


@pytest.mark.parametrize(
    ("age", "under", "at_least"),
    [(None, False, False), (17, True, False), (18, False, True), (-1, True, False)],
)
def test_an_unknown_age_is_within_no_bound(age, under, at_least):
    assert holds(AgeUnder(18), Facts({}, age)) is under
    assert holds(AgeAtLeast(18), Facts({}, age)) is at_least


@pytest.mark.parametrize(("score", "expected"), [(8, True), (7, False), (0, False), (None, False)])
def test_a_number_counts_from_its_bound_on(score, expected):
    answers = {} if score is None else {"pain": score}
    assert holds(AtLeast("pain", 8), Facts(answers)) is expected


def test_a_zero_is_an_answer_and_an_empty_list_is_none():
    assert holds(Answered("pain"), Facts({"pain": 0}))
    assert not holds(Answered("places"), Facts({"places": []}))


def test_the_outcome_can_be_asked_about():
    facts = Facts({}, flags=frozenset({"fever"}), policies=frozenset({"under_18"}), level="urgent")
    assert holds(AllOf((FlagRaised("fever"), PolicyApplies("under_18"), LevelIs("urgent"))), facts)
    assert not holds(AnyOf((FlagRaised("other"), PolicyApplies("other"), LevelIs("info"))), facts)


def test_items_are_named_through_definitions_and_negations():
    definitions = {"fever": AnyOf((picks("screen", "fever"), Use("mild"))), "mild": picks("health", "mild")}
    rule = AllOf((Use("fever"), Not(AtLeast("pain", 3)), Answered("chart"), AgeUnder(18)))
    assert items_named(rule, definitions) == {"screen", "health", "pain", "chart"}


def test_evidence_is_what_was_said_not_what_was_left_out():
    rule = AllOf(
        (
            AnyOf((picks("screen", "cancer"), picks("health", "cancer"))),
            Not(picks("seen", "yes")),
            picks("screen", "weight", "fever"),
            AgeAtLeast(50),
        )
    )
    facts = Facts({"screen": ["weight", "cancer", "calf"], "health": ["none"]}, age=66)
    assert holds(rule, facts)
    assert evidence(rule, facts) == (Evidence("screen", frozenset({"cancer", "weight"})), Evidence(None))
