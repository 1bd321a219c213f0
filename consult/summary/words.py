"""Answers in words. Pure."""

from datetime import date

from consult.intake.answers import AnswerValue
from consult.intake.questionnaire import Item, ItemType


def patient_words(item: Item, value: AnswerValue | None) -> str:
    """The answer as the patient saw it on the form; empty when there is none."""
    return _words(item, value, short=False)


def therapist_words(item: Item, value: AnswerValue | None) -> str:
    """The answer in the short words of the summary; empty when there is none."""
    return _words(item, value, short=True)


def _words(item: Item, value: AnswerValue | None, *, short: bool) -> str:
    if value is None:
        return ""
    if item.type is ItemType.DATE:
        return f"{date.fromisoformat(str(value)):%B %-d, %Y}"
    if item.type is ItemType.AGREE:
        return "Agreed" if value is True else ""
    if item.type is ItemType.SCALE:
        return f"{value} of {item.max}"
    if isinstance(value, dict):
        return _rated(item, value, short=short)
    if isinstance(value, list):
        return "; ".join(_row(item, entry, short=short) for entry in value)
    return _option(item, value, short=short) if item.options else str(value)


def _option(item: Item, value: object, *, short: bool) -> str:
    for option in item.options:
        if option.id == value:
            return option.short if short else option.label
    return str(value)


def _row(item: Item, entry: object, *, short: bool) -> str:
    if isinstance(entry, dict):
        score = entry.get("score")
        return f"{entry['activity']} ({score} of {item.max})" if score is not None else str(entry["activity"])
    return _option(item, entry, short=short)


def _rated(item: Item, value: dict[str, str | None], *, short: bool) -> str:
    ratings = {rating.id: (rating.short if short else rating.label) for rating in item.ratings}
    parts = []
    for option, rating in value.items():
        said = ratings.get(rating or "")
        word = _option(item, option, short=short)
        parts.append(f"{word} ({said.lower()})" if said else word)
    return "; ".join(parts)
