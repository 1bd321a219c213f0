"""One patient's answers read on a day: what counts, what was asked, what the rules make of it. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from consult.intake.answers import AnswerValue, chosen
from consult.intake.assessment import Assessment, assess
from consult.intake.conditions import Facts
from consult.intake.content import Catalogue
from consult.intake.questionnaire import Item, live_answers, patient_age, visible_items

from .lines import NOT_ANSWERED, NOT_ASKED, Line, line
from .words import therapist_words


@dataclass(frozen=True)
class Reading:
    """`facts` hold the answers that count; `open` are the questions these answers open, in form order."""

    catalogue: Catalogue
    facts: Facts
    open: Sequence[Item]
    assessment: Assessment

    def value(self, item_id: str) -> AnswerValue | None:
        return self.facts.answers.get(item_id)

    def item(self, item_id: str) -> Item:
        """Raises KeyError for a question that this version of the form does not have."""
        return self.catalogue.questionnaire.items[item_id]

    def has_item(self, item_id: str) -> bool:
        return item_id in self.catalogue.questionnaire.items

    def was_asked(self, item_id: str) -> bool:
        return item_id in self._open_ids

    def words(self, item_id: str) -> str:
        """The therapist's short words; "not answered" for what nobody answered, never a no."""
        if not self.has_item(item_id):
            return NOT_ASKED
        return therapist_words(self.item(item_id), self.value(item_id)) or NOT_ANSWERED

    def number(self, item_id: str) -> int | None:
        value = self.value(item_id)
        return value if isinstance(value, int) else None

    def picked(self, item_id: str) -> list[str]:
        """The short words of the options picked, in form order; empty when there is no answer."""
        if not self.has_item(item_id):
            return []
        return [option.short for option in self.item(item_id).options_in(chosen(self.value(item_id)))]

    def has(self, item_id: str, options: Collection[str]) -> bool:
        return bool(chosen(self.value(item_id)) & set(options))

    def line(self, label: str, item_id: str) -> Line:
        """The answer to one question with options."""
        return line(label, self.picked(item_id) if self.has_item(item_id) else [NOT_ASKED])

    @cached_property
    def _open_ids(self) -> frozenset[str]:
        return frozenset(item.id for item in self.open)


def read(catalogue: Catalogue, answers: Mapping[str, AnswerValue], on: date) -> Reading:
    """`answers` are canonical, `on` the day they are read for. Raises UnknownItems."""
    questionnaire = catalogue.questionnaire
    assessment = assess(catalogue, answers, on=on)
    facts = Facts(
        live_answers(questionnaire, answers, on),
        patient_age(questionnaire, answers, on),
        catalogue.definitions,
    )
    return Reading(catalogue, facts, visible_items(questionnaire, answers, on=on), assessment)
