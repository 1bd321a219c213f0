"""The form: its sections, questions and options; which questions a patient meets, which answers count."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property

from .answers import Answers, AnswerValue, chosen, is_answered
from .conditions import Condition, Facts, items_named


class ItemType(StrEnum):
    ONE = "one"
    MANY = "many"
    YES_NO = "yes_no"
    SCALE = "scale"
    TEXT = "text"
    DATE = "date"
    BODY_CHART = "body_chart"
    RATED_LIST = "rated_list"
    ACTIVITIES = "activities"
    AGREE = "agree"


@dataclass(frozen=True)
class Option:
    """An answer to tick. `label` is the patient's wording, `short` the therapist's; exclusive: "none"."""

    id: str
    label: str
    short: str
    exclusive: bool = False


@dataclass(frozen=True)
class Item:
    """A question. `facts` are article facts, `beyond` source keys; `key` is its name in the worked patients.

    `min` and `max` bound a scale and the score of an activity, `max_length` a text, `rows` the activities.
    `asks_again` names the question whose options this one repeats later: a tick here counts as a tick there.
    """

    id: str
    key: str
    section: str
    ask: str
    type: ItemType
    required: bool
    help: str | None = None
    options: tuple[Option, ...] = ()
    ratings: tuple[Option, ...] = ()
    show_if: Condition | None = None
    facts: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    loinc: str | None = None
    min: int | None = None
    max: int | None = None
    max_length: int | None = None
    rows: int | None = None
    asks_again: str | None = None

    def options_in(self, ids: Collection[str]) -> list[Option]:
        """Those of its options, in form order."""
        return [option for option in self.options if option.id in ids]


@dataclass(frozen=True)
class Section:
    """A page or a few. `when` says at which point of the journey it is asked."""

    id: str
    title: str
    when: str
    intro: str | None
    show_if: Condition | None
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Questionnaire:
    """`version` holds a digest of the form files beside the manifest's version: "1.0.0+1a2b3c4d"."""

    id: str
    version: str
    title: str
    language: str
    birth_date_item: str
    sections: tuple[Section, ...]
    definitions: Mapping[str, Condition] = field(default_factory=dict)

    @cached_property
    def items(self) -> dict[str, Item]:
        """Every question by its id, in the order the patient meets them."""
        return {item.id: item for section in self.sections for item in section.items}

    def section(self, section_id: str) -> Section:
        """Raises KeyError for an unknown id."""
        return {section.id: section for section in self.sections}[section_id]


def age_on(birth_date: str | None, day: date) -> int | None:
    """Whole years on that day, None when the date is missing or none.

    A birth still to come gives less than 0, which every "under" bound catches.
    """
    try:
        born = date.fromisoformat(birth_date or "")
    except ValueError:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def patient_age(questionnaire: Questionnaire, answers: Answers, on: date | None) -> int | None:
    """The age that follows from the answered birth date; None when that or the day is unknown."""
    birth_date = answers.get(questionnaire.birth_date_item)
    return age_on(birth_date, on) if on is not None and isinstance(birth_date, str) else None


def visible_items(
    questionnaire: Questionnaire,
    answers: Answers,
    section_ids: Collection[str] | None = None,
    on: date | None = None,
) -> list[Item]:
    """The questions these answers open, in form order, of all sections or of those named.

    A question that asks another one again (the recheck) brings that one's follow-ups with it, for what is
    ticked in it. Without `on` the age is unknown.
    """
    age = patient_age(questionnaire, answers, on)
    visible = [item for item, _ in _visible(questionnaire, answers, age)]
    if section_ids is None:
        return visible
    own = [item for item in visible if item.section in section_ids]
    again = [
        follow_up
        for item in own
        if item.asks_again and is_answered(answers.get(item.id))
        for follow_up in _follow_ups(questionnaire, item.asks_again, answers[item.id])
        if follow_up in visible and follow_up not in own
    ]
    return own + again


def live_answers(
    questionnaire: Questionnaire, answers: Answers, on: date | None, age: int | None = None
) -> dict[str, AnswerValue]:
    """The answers that count, in form order: those of questions that are open, nothing empty.

    Where "none" stands beside a sign the sign counts. A tick in a question that asks another one again counts
    in that one as well. `age` stands in for a birth date.
    """
    known_age = patient_age(questionnaire, answers, on) if age is None else age
    shown = _visible(questionnaire, answers, known_age)
    return {item.id: value for item, value in shown if value is not None}


def missing_items(
    questionnaire: Questionnaire, answers: Answers, section_ids: Collection[str] | None, on: date | None
) -> list[Item]:
    """Required questions that are open and unanswered."""
    return [
        item
        for item in visible_items(questionnaire, answers, section_ids, on)
        if item.required and not is_answered(answers.get(item.id))
    ]


def _visible(
    questionnaire: Questionnaire, answers: Answers, age: int | None
) -> list[tuple[Item, AnswerValue | None]]:
    """Open questions with their answers. One pass does, as no show-if may name a later question; an answer
    whose question turned out hidden opens nothing further."""
    known = _with_repeats(questionnaire, answers)
    live: dict[str, AnswerValue] = {}
    facts = Facts(live, age, questionnaire.definitions)
    visible: list[tuple[Item, AnswerValue | None]] = []
    for section in questionnaire.sections:
        for item in section.items:
            if not (_open(section.show_if, facts) and _open(item.show_if, facts)):
                continue
            value = known.get(item.id)
            if value is not None and is_answered(value):
                live[item.id] = without_exclusive(item, value)
            visible.append((item, live.get(item.id)))
    return visible


def _open(show_if: Condition | None, facts: Facts) -> bool:
    return show_if is None or show_if.holds(facts)


def _with_repeats(questionnaire: Questionnaire, answers: Answers) -> dict[str, AnswerValue]:
    known = dict(answers)
    for item in questionnaire.items.values():
        if item.asks_again and is_answered(answers.get(item.id)):
            ticked = chosen(answers[item.id]) | chosen(known.get(item.asks_again))
            known[item.asks_again] = [option.id for option in item.options_in(ticked)]
    return known


def _follow_ups(questionnaire: Questionnaire, item_id: str, value: AnswerValue) -> Iterator[Item]:
    facts = Facts({item_id: value}, definitions=questionnaire.definitions)
    for item in questionnaire.items.values():
        opens = item.show_if and item_id in items_named(item.show_if, questionnaire.definitions)
        if item.show_if and opens and item.show_if.holds(facts):
            yield item


def without_exclusive(item: Item, value: AnswerValue) -> AnswerValue:
    """The answer without "none of these" where that stands beside something ticked."""
    exclusive = {option.id for option in item.options if option.exclusive}
    if not exclusive or not chosen(value) - exclusive:
        return value
    if isinstance(value, dict):
        return {option: rating for option, rating in value.items() if option not in exclusive}
    return [option.id for option in item.options_in(chosen(value) - exclusive)]
