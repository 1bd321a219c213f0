"""Every flag and policy: the least that raises it, and the nearest that does not."""

import json
from pathlib import Path

import pytest

from consult.intake.red_flags import Disposition

EXAMPLES = json.loads((Path(__file__).parent / "rule_examples.json").read_text())


def raised(assessment):
    outcome = assessment.outcome
    return {flag.id for flag in outcome.flags} | {policy.id for policy in outcome.policies}


def test_every_flag_and_policy_has_an_example(catalogue):
    rules = [*catalogue.red_flags.flags, *catalogue.policies]
    assert list(EXAMPLES) == [rule.id for rule in rules]
    assert len(catalogue.red_flags.flags) == 58


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_rule_is_raised_by_its_least_answers(rule, judge):
    assert rule in raised(judge(EXAMPLES[rule]["raises"]))


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_rule_is_not_raised_by_its_near_miss(rule, judge):
    assert rule not in raised(judge(EXAMPLES[rule]["near_miss"]))


@pytest.mark.parametrize("rule", ["under_18", "state_not_served"])
def test_a_policy_stops_the_booking_without_any_flag(rule, judge):
    outcome = judge(EXAMPLES[rule]["raises"]).outcome
    assert outcome.disposition is Disposition.STOP
    assert outcome.flags == ()


@pytest.mark.parametrize("flag", [rule for rule in EXAMPLES if rule not in ("under_18", "state_not_served")])
def test_a_raised_flag_quotes_an_answer_that_was_given(flag, judge):
    given = EXAMPLES[flag]["raises"]
    quotes = next(found for found in judge(given).outcome.flags if found.id == flag).answers
    assert quotes
    assert {quote.item_id for quote in quotes} <= set(given) | {"pt_dob"}
    assert all(quote.ask and quote.text and quote.short for quote in quotes)
