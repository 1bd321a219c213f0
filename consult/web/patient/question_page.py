"""One page of questions: shown, received, shown again with what was typed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from flask import request
from flask_wtf import FlaskForm

from consult.intake.answers import AnswerValue
from consult.intake.conditions import AnyOf, Chosen, Condition
from consult.intake.questionnaire import Item, ItemType, Questionnaire, visible_items
from consult.web.questions import STALE, missing_message, question_form, read_form, show_errors
from consult.web.security import csrf_stale


@dataclass
class QuestionPage:
    """`items` are all the page may ask; `open_ids` those it asks now; `fresh` were just opened.

    `had` are those with an answer on it. It is sent along: what is empty then was emptied here, while an
    answer that another window gave meanwhile was never on this page and stays.
    """

    form: FlaskForm
    items: Sequence[Item]
    open_ids: frozenset[str]
    had: frozenset[str]
    errors: list[tuple[str, str]] = field(default_factory=list)
    fresh: list[Item] = field(default_factory=list)
    answers: dict[str, AnswerValue | None] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        return not self.errors and not self.fresh

    @property
    def top(self) -> list[Item]:
        """Questions that stand by themselves; the others stand under the option that opens them."""
        return [item for item in self.items if self._parent(item) is None]

    def under(self, parent: Item, option_id: str) -> list[Item]:
        return [item for item in self.items if self._parent(item) == (parent.id, option_id)]

    def shown_when(self, item: Item) -> str:
        """What opens the question without a reload, as words `question=option`; empty when always shown."""
        pairs = [pair for pair in _openers(item.show_if) if pair[0] in self._ids]
        return " ".join(f"{item_id}={option}" for item_id, option in pairs)

    def _parent(self, item: Item) -> tuple[str, str] | None:
        pairs = list(_openers(item.show_if))
        if len(pairs) != 1 or pairs[0][0] not in self._ids:
            return None
        parent = next(known for known in self.items if known.id == pairs[0][0])
        return pairs[0] if parent.type is ItemType.MANY else None

    @property
    def _ids(self) -> set[str]:
        return {item.id for item in self.items}


def show_page(
    questionnaire: Questionnaire, items: Sequence[Item], saved: Mapping[str, AnswerValue], on: date
) -> QuestionPage:
    open_ids = _open(questionnaire, items, saved, on)
    had = frozenset(item.id for item in items if item.id in saved)
    return QuestionPage(question_form(items, saved), _renderable(items, open_ids), open_ids, had)


def receive_page(
    questionnaire: Questionnaire,
    items: Sequence[Item],
    saved: Mapping[str, AnswerValue],
    on: date,
    *,
    insist: bool = True,
) -> QuestionPage:
    """What was sent. A required question that was on the page and left empty is an error; questions that only
    these answers opened are asked next. With `insist` off, empty ones may stay empty (saved to finish later).
    """
    form = question_form(items, saved)
    reading = read_form(form, items)
    had = set(request.form.get("had", "").split())
    for item_id, value in list(reading.answers.items()):
        if value is None and item_id not in had:
            del reading.answers[item_id]
    kept = {item_id: value for item_id, value in saved.items() if item_id not in reading.answers}
    merged = kept | {item_id: value for item_id, value in reading.answers.items() if value is not None}
    open_ids = _open(questionnaire, items, merged, on)
    shown = set(request.form.getlist("shown"))
    asked = [item for item in items if item.id in open_ids]
    empty = [item for item in asked if item.required and item.id not in merged | reading.errors]
    errors = {item_id: message for item_id, message in reading.errors.items() if item_id in open_ids}
    if insist:
        errors |= {item.id: missing_message(item) for item in empty if item.id in shown}
    listed = show_errors(form, errors)
    if csrf_stale():
        listed.insert(0, ("main", STALE))
    fresh = [item for item in asked if item.id not in shown] if insist else []
    had |= {item_id for item_id, value in reading.answers.items() if value is not None}
    return QuestionPage(
        form, _renderable(items, open_ids), open_ids, frozenset(had), listed, fresh, reading.answers
    )


def add_errors(page: QuestionPage, faults: Mapping[str, str]) -> None:
    """More that is wrong with what was sent, found by those who know what it is for."""
    page.errors += show_errors(page.form, faults)


def _open(
    questionnaire: Questionnaire, items: Sequence[Item], answers: Mapping[str, AnswerValue], on: date
) -> frozenset[str]:
    visible = {item.id for item in visible_items(questionnaire, answers, on=on)}
    return frozenset(item.id for item in items if item.id in visible)


def _renderable(items: Sequence[Item], open_ids: frozenset[str]) -> list[Item]:
    """Open questions, and closed ones that a script could open on this very page."""
    ids = {item.id for item in items}
    return [
        item
        for item in items
        if item.id in open_ids or any(item_id in ids for item_id, _ in _openers(item.show_if))
    ]


def _openers(condition: Condition | None) -> Iterator[tuple[str, str]]:
    """(question, option) pairs of which any one opens; nothing for a condition that is not that simple."""
    if isinstance(condition, Chosen):
        for option in sorted(condition.options):
            yield condition.item, option
    elif isinstance(condition, AnyOf) and all(isinstance(part, Chosen) for part in condition.conditions):
        for part in condition.conditions:
            yield from _openers(part)
