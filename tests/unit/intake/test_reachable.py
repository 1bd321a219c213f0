"""That nothing in the form files is idle: every fact a patient can tell is asked for, every question can be
met, every rule comes true for some patient.

The answers that should make a rule hold are worked out from its condition; then the engine judges them.
"""

from itertools import islice, product

import pytest

from consult.intake.assessment import assess
from consult.intake.conditions import (
    AgeAtLeast,
    AgeUnder,
    AllOf,
    AnyOf,
    AtLeast,
    Chosen,
    FlagRaised,
    LevelIs,
    Not,
    PolicyApplies,
    Use,
    nodes,
)
from consult.intake.questionnaire import visible_items
from consult.intake.reading import read_answers
from tests.unit.intake.conftest import DAY

AGE = "age"
SEVERAL = ("many", "body_chart", "rated_list")
TRIES = 200


class Wishes:
    """Answers, item id -> what to say, that could make a condition hold; a wish may prove too simple."""

    def __init__(self, catalogue):
        self.items = catalogue.questionnaire.items
        self.sections = {section.id: section for section in catalogue.questionnaire.sections}
        self.flags = {flag.id: flag for flag in catalogue.red_flags.flags}
        self.policies = {policy.id: policy for policy in catalogue.policies}
        self.definitions = catalogue.definitions

    def for_condition(self, condition):
        """Every wish, with the answers that open its questions."""
        for wish in self._plain(condition):
            shut = [show_if for item in wish if item != AGE for show_if in self._show_ifs(self.items[item])]
            yield from self._merged([wish], *map(self.for_condition, shut))

    def for_all_that_fit(self, first, others):
        """A wish for the first condition and for as many of the others as go with it."""
        for wish in self.for_condition(first):
            for other in others:
                wish = next(self._merged([wish], self.for_condition(other)), wish)
            yield wish

    def said(self, wish):
        """The wish as loose answers."""
        return {
            item: value[0] if isinstance(value, tuple) and self.items[item].type not in SEVERAL else value
            for item, value in wish.items()
            if item != AGE
        }

    def _show_ifs(self, item):
        return [show_if for show_if in (item.show_if, self.sections[item.section].show_if) if show_if]

    def _plain(self, condition):
        match condition:
            case Chosen(item, options):
                return [{item: (option.id,)} for option in self.items[item].options_in(options)]
            case AtLeast(item, number):
                return [{item: number}]
            case AgeUnder(years) | AgeAtLeast(years):
                return [{AGE: years - isinstance(condition, AgeUnder)}]
            case Not():
                return [{}]
            case AllOf(conditions):
                return self._merged(*map(self._plain, conditions))
            case _:
                return (wish for part in self._any_of(condition) for wish in self._plain(part))

    def _any_of(self, condition):
        match condition:
            case AnyOf(conditions):
                return conditions
            case Use(name):
                return [self.definitions[name]]
            case FlagRaised(flag):
                return [self.flags[flag].when]
            case PolicyApplies(policy):
                return [self.policies[policy].when]
            case LevelIs(level):
                return [flag.when for flag in self.flags.values() if flag.level == level]
        raise AssertionError(f"no wish for {condition}")

    def _merged(self, *ways):
        """One wish of each, all at once, where a patient can say so."""
        for wishes in product(*ways):
            merged = {}
            for item, value in (entry for wish in wishes for entry in wish.items()):
                several = item != AGE and self.items[item].type in SEVERAL
                merged[item] = (*merged.get(item, ()), *value) if several else value
            if all(self._keeps(merged, wish) for wish in wishes):
                yield merged

    def _keeps(self, merged, wish):
        return all(
            set(value) <= set(merged[item]) if isinstance(value, tuple) else value == merged[item]
            for item, value in wish.items()
        )


@pytest.fixture(scope="module")
def wishes(catalogue):
    return Wishes(catalogue)


@pytest.fixture(scope="module")
def happens(catalogue, wishes):
    """Whether a check passes on what one of these wishes leads to."""

    def happens_for(found, check):
        for wish in islice(found, TRIES):
            answers = read_answers(catalogue.questionnaire, wishes.said(wish))
            if check(assess(catalogue, answers, DAY, age=wish.get(AGE))):
                return True
        return False

    return happens_for


def everything(condition, *more):
    return AllOf(tuple(part for part in (condition, *more) if part is not None))


def test_every_fact_patients_can_answer_is_asked_for(catalogue):
    asked = {fact for item in catalogue.questionnaire.items.values() for fact in item.facts}
    answerable = {fact.id for fact in catalogue.facts.values() if fact.answerable == "yes"}
    assert answerable - asked == set()
    assert len(answerable) > 80


def test_every_source_and_definition_is_used(catalogue):
    items = catalogue.questionnaire.items.values()
    handout = catalogue.handout
    clues = [clue for pattern in catalogue.patterns for clue in (*pattern.support, *pattern.against)]
    withheld = [reason for line in (*handout.stretches, *handout.tips) for reason in line.withhold]
    withheld += [*handout.withhold_all, *handout.withhold_all_stretches]
    rules = [*catalogue.red_flags.flags, *clues, *withheld]
    cited = {source for item in items for source in item.beyond}
    cited |= {source for rule in rules for source in rule.sources}
    assert set(catalogue.sources) - cited == set()

    conditions = [rule.when for rule in (*rules, *catalogue.policies)]
    conditions += [pattern.must for pattern in catalogue.patterns if pattern.must]
    conditions += [item.show_if for item in items if item.show_if]
    used = {
        node.name
        for condition in conditions
        for node in nodes(condition, catalogue.definitions)
        if isinstance(node, Use)
    }
    assert set(catalogue.definitions) - used == set()


def test_every_question_can_be_met(catalogue, wishes):
    def met(item):
        section = catalogue.questionnaire.section(item.section)
        for wish in wishes.for_condition(everything(section.show_if, item.show_if)):
            answers = read_answers(catalogue.questionnaire, wishes.said(wish))
            if item in visible_items(catalogue.questionnaire, answers, on=DAY):
                return True
        return False

    assert [item.id for item in catalogue.questionnaire.items.values() if not met(item)] == []


def test_every_flag_can_be_raised(catalogue, wishes, happens):
    def raised(rule):
        found = wishes.for_condition(rule.when)
        return happens(found, lambda done: rule.id in {flag.id for flag in done.outcome.flags})

    assert [rule.id for rule in catalogue.red_flags.flags if not raised(rule)] == []


def test_every_policy_can_apply(catalogue, wishes, happens):
    def applies(rule):
        return happens(wishes.for_condition(rule.when), lambda done: rule in done.outcome.policies)

    assert [rule.id for rule in catalogue.policies if not applies(rule)] == []


def test_every_hint_can_be_given_and_every_clue_can_count_for_or_against_it(catalogue, wishes, happens):
    def counted(pattern, side, clue):
        fitting = [other.when for other in pattern.support]
        found = wishes.for_all_that_fit(everything(clue.when, pattern.must), fitting)
        return happens(
            found,
            lambda done: any(
                match.id == pattern.id and clue in getattr(match, side) for match in done.patterns
            ),
        )

    idle = [
        (pattern.id, clue.label)
        for pattern in catalogue.patterns
        for side, clues in (("fits", pattern.support), ("against", pattern.against))
        for clue in clues
        if not counted(pattern, side, clue)
    ]
    assert idle == []


def test_every_stretch_and_tip_is_shown_to_somebody(catalogue, wishes, happens):
    def shown(line):
        found = wishes.for_condition(everything(line.show_only))
        return happens(found, lambda done: line in done.handout.stretches + done.handout.tips)

    lines = [*catalogue.handout.stretches, *catalogue.handout.tips]
    assert [line.id for line in lines if not shown(line)] == []


def test_every_reason_to_leave_out_a_line_can_hold(catalogue, wishes, happens):
    def held(line, reason):
        found = wishes.for_condition(everything(reason.when, line.show_only))
        return happens(
            found,
            lambda done: any(
                withheld.id == line.id and reason.because in withheld.because
                for withheld in done.handout.withheld
            ),
        )

    lines = [*catalogue.handout.stretches, *catalogue.handout.tips]
    idle = [(line.id, reason.because) for line in lines for reason in line.withhold if not held(line, reason)]
    assert idle == []


def test_every_reason_to_leave_out_all_can_hold(catalogue, wishes, happens):
    def held(reason):
        return happens(
            wishes.for_condition(reason.when),
            lambda done: any(reason.because in withheld.because for withheld in done.handout.withheld),
        )

    reasons = [*catalogue.handout.withhold_all, *catalogue.handout.withhold_all_stretches]
    assert [reason.because for reason in reasons if not held(reason)] == []
