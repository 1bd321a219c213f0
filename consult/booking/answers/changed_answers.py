"""Answers that had stopped somebody, or could have, and were changed: for the therapist, in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from consult.intake.answers import AnswerValue
from consult.intake.content import Catalogue
from consult.intake.questionnaire import Item
from consult.intake.service import ScreenChange
from consult.summary.words import patient_words, therapist_words

from .screening import ABOUT


@dataclass(frozen=True)
class ChangedAnswers:
    """`now` is what took the place of `before`; None where that was not noted yet.

    `stopped`: these answers about the patient had ended the booking. Others are of the safety check.
    """

    at: datetime
    stopped: bool
    before: str
    now: str | None

    @property
    def text(self) -> str:
        return f"{self.before} {self.now or ''}"


def changed_answers(catalogue: Catalogue, change: ScreenChange) -> ChangedAnswers:
    """`catalogue` is the form they were given in."""
    words = _about_words if change.section == ABOUT else therapist_words
    return ChangedAnswers(
        at=change.at,
        stopped=change.section == ABOUT,
        before=_listed(words, catalogue, change.former),
        now=_listed(words, catalogue, change.became) if change.became is not None else None,
    )


def _listed(
    words: Callable[[Item, AnswerValue], str], catalogue: Catalogue, answers: Mapping[str, AnswerValue | None]
) -> str:
    items = catalogue.questionnaire.items
    said = (words(items[item_id], value) for item_id, value in answers.items() if value is not None)
    return "; ".join(said) or "nothing"


def _about_words(item: Item, value: AnswerValue) -> str:
    """With the question, since "yes" or a date tells nothing, and as the patient saw it: so was the slip."""
    return f"{item.key}: {patient_words(item, value)}"
