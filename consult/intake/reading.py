"""From what a form post or a JSON file says to canonical answers, or a refusal that names the fault."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from consult.core.errors import ConsultError
from consult.core.text import clean_lines

from .answers import Activity, Answers, AnswerValue, is_answered
from .questionnaire import Item, ItemType, Option, Questionnaire


class Problem(StrEnum):
    """Kinds of refusal, so that a page can say it in its own words."""

    WRONG_KIND = "wrong_kind"
    UNKNOWN_OPTION = "unknown_option"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_DATE = "not_a_date"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"


@dataclass(eq=False)
class AnswerRefused(ConsultError):
    """`reason` is in English, for operators; it quotes option ids, never what a patient typed."""

    item_id: str
    reason: str
    problem: Problem

    def __str__(self) -> str:
        return f"{self.item_id}: {self.reason}"


@dataclass(eq=False)
class UnknownItems(ConsultError):
    """Answers to questions that are not in the form."""

    ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"unknown item ids: {', '.join(self.ids)}"


def read_answer(item: Item, raw: object) -> AnswerValue | None:
    """The canonical answer; None when there is none (empty text, nothing ticked).

    Loose on purpose: True and False for yes_no, one id where several may be ticked, digits for a number,
    rated_list as ids or as id -> rating. Raises AnswerRefused.
    """
    value = _READERS[item.type](item, raw) if is_answered(raw) or raw is False else None
    return value if is_answered(value) else None


def read_answers(questionnaire: Questionnaire, raw: Mapping[str, object]) -> Answers:
    """Canonical answers of a JSON object of item id -> answer. Raises UnknownItems, AnswerRefused."""
    refuse_unknown_items(questionnaire, raw)
    read = {item_id: read_answer(questionnaire.items[item_id], value) for item_id, value in raw.items()}
    return {item_id: value for item_id, value in read.items() if value is not None}


def refuse_unknown_items(questionnaire: Questionnaire, ids: Iterable[str]) -> None:
    """Raises UnknownItems when any id is not a question of the form."""
    unknown = tuple(item_id for item_id in ids if item_id not in questionnaire.items)
    if unknown:
        raise UnknownItems(unknown)


def _wrong_kind(item: Item, expected: str) -> AnswerRefused:
    return AnswerRefused(item.id, f"expected {expected}", Problem.WRONG_KIND)


def _read_one(item: Item, raw: object) -> AnswerValue:
    if not isinstance(raw, str):
        raise _wrong_kind(item, "one option id")
    _known_options(item, [raw])
    return raw


def _read_yes_no(item: Item, raw: object) -> AnswerValue:
    if isinstance(raw, bool):
        return "yes" if raw else "no"
    return _read_one(item, raw)


def _read_many(item: Item, raw: object) -> AnswerValue:
    ids = _id_list(item, raw)
    _known_options(item, ids)
    return [option.id for option in item.options_in(ids)]


def _read_rated_list(item: Item, raw: object) -> AnswerValue:
    given = raw if isinstance(raw, dict) else dict.fromkeys(_id_list(item, raw))
    _known_options(item, given)
    return {option.id: _rating(item, given[option.id]) for option in item.options_in(list(given))}


def _rating(item: Item, raw: object) -> str | None:
    if not is_answered(raw):
        return None
    for rating in item.ratings:
        if raw in (rating.id, rating.short):
            return rating.id
    raise AnswerRefused(item.id, f"a rating is one of {_ids(item.ratings)}", Problem.UNKNOWN_OPTION)


def _read_scale(item: Item, raw: object) -> AnswerValue:
    return _whole_number(item, raw)


def _whole_number(item: Item, raw: object) -> int:
    number = _as_int(raw)
    if number is None:
        raise _wrong_kind(item, f"a whole number from {item.min} to {item.max}")
    if (item.min is not None and number < item.min) or (item.max is not None and number > item.max):
        reason = f"{number} is not from {item.min} to {item.max}"
        raise AnswerRefused(item.id, reason, Problem.OUT_OF_RANGE)
    return number


def _as_int(raw: object) -> int | None:
    if isinstance(raw, str) and raw.strip().isascii() and raw.strip().isdigit() and len(raw) <= 9:
        return int(raw)
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None


def _read_text(item: Item, raw: object) -> AnswerValue:
    return _text(item, raw)


def _text(item: Item, raw: object) -> str:
    if not isinstance(raw, str):
        raise _wrong_kind(item, "text")
    text = clean_lines(raw)
    if item.max_length is not None and len(text) > item.max_length:
        reason = f"{len(text)} characters, at most {item.max_length}"
        raise AnswerRefused(item.id, reason, Problem.TOO_LONG)
    return text


def _read_date(item: Item, raw: object) -> AnswerValue:
    try:
        day = date.fromisoformat(raw.strip()) if isinstance(raw, str) else None
    except ValueError:
        day = None
    # fromisoformat also takes "20260101" and week dates, which no date field sends
    if day is None or not isinstance(raw, str) or day.isoformat() != raw.strip():
        raise AnswerRefused(item.id, "expected a date as YYYY-MM-DD", Problem.NOT_A_DATE)
    return day.isoformat()


def _read_activities(item: Item, raw: object) -> AnswerValue:
    if not isinstance(raw, list):
        raise _wrong_kind(item, "a list of activities")
    rows = [row for row in (_activity(item, entry) for entry in raw) if row["activity"]]
    if item.rows is not None and len(rows) > item.rows:
        raise AnswerRefused(item.id, f"{len(rows)} activities, at most {item.rows}", Problem.TOO_MANY)
    return rows


def _activity(item: Item, raw: object) -> Activity:
    if not isinstance(raw, dict) or not set(raw) <= {"activity", "score"}:
        raise _wrong_kind(item, 'activities as {"activity": text, "score": number}')
    score = raw.get("score")
    return Activity(
        activity=_text(item, raw.get("activity") or ""),
        score=None if score is None or score == "" else _whole_number(item, score),
    )


def _read_agree(item: Item, raw: object) -> AnswerValue:
    if not isinstance(raw, bool):
        raise _wrong_kind(item, "true or false")
    return raw


def _id_list(item: Item, raw: object) -> list[str]:
    ids = [raw] if isinstance(raw, str) else raw
    if not isinstance(ids, (list, tuple)) or not all(isinstance(entry, str) for entry in ids):
        raise _wrong_kind(item, "a list of option ids")
    return list(ids)


def _known_options(item: Item, ids: Iterable[str]) -> None:
    known = {option.id for option in item.options}
    unknown = [entry for entry in ids if entry not in known]
    if unknown:
        raise AnswerRefused(item.id, f"unknown options: {', '.join(unknown)}", Problem.UNKNOWN_OPTION)


def _ids(options: Iterable[Option]) -> str:
    return ", ".join(option.id for option in options)


_READERS: dict[ItemType, Callable[[Item, object], AnswerValue]] = {
    ItemType.ONE: _read_one,
    ItemType.MANY: _read_many,
    ItemType.YES_NO: _read_yes_no,
    ItemType.SCALE: _read_scale,
    ItemType.TEXT: _read_text,
    ItemType.DATE: _read_date,
    ItemType.BODY_CHART: _read_many,
    ItemType.RATED_LIST: _read_rated_list,
    ItemType.ACTIVITIES: _read_activities,
    ItemType.AGREE: _read_agree,
}
