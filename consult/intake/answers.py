"""The canonical shape of answers: what is stored, assessed and shown; plain values that JSON can carry.

one         option id                       yes_no      "yes" or "no"
many        option ids in form order        scale       whole number
body_chart  region ids in form order        text        text
agree       True                            date        "YYYY-MM-DD"
rated_list  option id -> "helped", "no_change", "worse" or None
activities  [{"activity": text, "score": whole number or None}]
"""

from collections.abc import Mapping
from typing import TypeAlias, TypedDict


class Activity(TypedDict):
    activity: str
    score: int | None


AnswerValue: TypeAlias = str | int | list[str] | dict[str, str | None] | list[Activity]
Answers: TypeAlias = Mapping[str, AnswerValue]


def is_answered(value: object) -> bool:
    """Whether there is an answer at all: an empty list, an empty text and an unticked box are none."""
    return value is not None and value is not False and value not in ("", [], {})


def chosen(value: AnswerValue | None) -> frozenset[str]:
    """The option ids picked in an answer of a question with options; empty for every other answer."""
    if isinstance(value, str):
        return frozenset({value})
    if isinstance(value, (list, dict)):
        return frozenset(option for option in value if isinstance(option, str))
    return frozenset()
