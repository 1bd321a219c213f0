"""A WTForms form built from questionnaire items, and its answers read back.

The form keeps what was typed, whatever it was; `intake.questionnaire.read_answer` decides what is an answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import Field, Form
from wtforms.utils import unset_value

from consult.intake.answers import AnswerValue
from consult.intake.questionnaire import Item, ItemType, without_exclusive
from consult.intake.reading import AnswerRefused, Problem, read_answer

RATINGS = ("helped", "no_change", "worse")
ACTIVITY_ROWS = 3
STALE = "This page was open for a long time. Nothing is lost: please check your answers and send them again."


class OneField(Field):
    """One text value, as typed."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0] if valuelist else None


class ManyField(Field):
    """All values ticked."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist


class DateField(Field):
    """Month, day and year as typed; `data` is a mapping while it is no date, an ISO date once it is."""

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        super().process(None, data, extra_filters)
        if formdata is None:
            return
        parts = {part: formdata.get(f"{self.name}-{part}", "").strip() for part in ("year", "month", "day")}
        self.data = _iso(parts) if all(_is_number(part) for part in parts.values()) else parts


class RatedListField(Field):
    """Options ticked, each with how much it helped: {option id: rating or None}."""

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        super().process(None, data, extra_filters)
        if formdata is not None:
            self.data = {
                option: formdata.get(f"{self.name}-{option}-rating") or None
                for option in formdata.getlist(self.name)
            }


class ActivitiesField(Field):
    """Up to three rows of {"activity": text, "score": 0-10 or None}."""

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        super().process(None, data, extra_filters)
        if formdata is not None:
            rows = range(ACTIVITY_ROWS)
            typed = [
                {
                    "activity": formdata.get(f"{self.name}-{row}-activity", "").strip(),
                    "score": _number(formdata.get(f"{self.name}-{row}-score", "")),
                }
                for row in rows
            ]
            self.data = [row for row in typed if row["activity"] or row["score"] is not None]


_FIELDS: dict[str, type[Field]] = {
    "many": ManyField,
    "body_chart": ManyField,
    "date": DateField,
    "rated_list": RatedListField,
    "activities": ActivitiesField,
}


@dataclass
class Reading:
    """What came back: canonical answers, error messages by item id, and items newly asked for."""

    answers: dict[str, AnswerValue | None] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def question_form(items: Sequence[Item], saved: Mapping[str, AnswerValue]) -> FlaskForm:
    """A bound form with one field an item, filled from the request or else from what was saved."""
    members = {item.id: _FIELDS.get(item.type, OneField)(item.ask) for item in items}
    form_class = type("QuestionForm", (FlaskForm,), members)
    # Only a form's own encoding is read: Flask-WTF would take a JSON body for a form as well.
    sent = request.form if request.method == "POST" else None
    values = {item.id: saved.get(item.id) for item in items}
    form: FlaskForm = form_class(formdata=sent, data=values, meta={"csrf": False})
    return form


def read_form(form: Form, items: Sequence[Item]) -> Reading:
    """Answers of these items; None stands for "left empty". A refused one is named in `errors`."""
    reading = Reading()
    for item in items:
        raw = form[item.id].data
        if raw in (None, "", [], {}) or (
            isinstance(raw, dict) and not any(raw.values()) and item.type == "date"
        ):
            reading.answers[item.id] = None
            continue
        try:
            value = read_answer(item, _loose(item, raw))
            reading.answers[item.id] = without_exclusive(item, value) if value is not None else None
        except AnswerRefused as refusal:
            reading.errors[item.id] = refused_message(item, refusal.problem)
    return reading


def show_errors(form: Form, errors: Mapping[str, str]) -> list[tuple[str, str]]:
    """Put each message on its field; returns what the error summary lists, in page order."""
    for name, message in errors.items():
        form[name].errors = [message]
    return [(name, errors[name]) for name in form._fields if name in errors]


def missing_message(item: Item) -> str:
    """What to say when a required question was left empty."""
    none = next((option.label for option in item.options if option.exclusive), None)
    if item.type is ItemType.AGREE:
        return f"Tick the box to agree: “{item.ask}”"
    if none is not None:
        return f"Tick what fits, or “{none}”, for “{item.ask}”"
    verb = {
        ItemType.TEXT: "Write an answer to",
        ItemType.DATE: "Fill in",
        ItemType.BODY_CHART: "Mark at least one place for",
        ItemType.ACTIVITIES: "Name at least one for",
    }
    return f"{verb.get(item.type, 'Choose an answer to')} “{item.ask}”"


def refused_message(item: Item, problem: Problem) -> str:
    """What to say of an answer that cannot be taken."""
    if problem is Problem.TOO_LONG:
        return f"Shorten your answer to {item.max_length} characters or fewer."
    if problem is Problem.NOT_A_DATE:
        return "Write the date as month, day and four-digit year, such as 4 27 1980."
    if problem is Problem.OUT_OF_RANGE:
        return f"Choose a number from {item.min} to {item.max}."
    return f"Choose from the answers given to “{item.ask}”"


def _loose(item: Item, raw: Any) -> Any:
    return raw == "yes" if item.type is ItemType.AGREE and raw is not True else raw


def _number(text: str) -> int | None:
    return int(text) if _is_number(text) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4


def _iso(parts: Mapping[str, str]) -> str:
    return f"{int(parts['year']):04d}-{int(parts['month']):02d}-{int(parts['day']):02d}"
