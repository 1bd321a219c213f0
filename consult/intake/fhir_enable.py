"""When a question is shown, in the words of FHIR R4: `enableWhen` with `enableBehavior`. Pure.

R4 knows one flat list of tests under one "all" or "any". A region group becomes its regions, a definition
what it stands for; a condition that stays nested, or asks for the age, has no R4 form and is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from consult.core.errors import ConsultError

from .conditions import AllOf, Answered, AnyOf, AtLeast, Chosen, Condition, Not, Use
from .fhir_names import Json, Names, ticks_link
from .questionnaire import Item, ItemType, Option, Questionnaire


@dataclass(eq=False)
class NotInR4(ConsultError):
    """A condition that FHIR R4 has no way to say; `condition` is the rule in words."""

    condition: str

    def __str__(self) -> str:
        return f"FHIR R4 cannot say when this is shown: {self.condition}"


@dataclass(frozen=True)
class EnableWhen:
    """Translates the show-ifs of one form."""

    questionnaire: Questionnaire
    names: Names

    def of(self, condition: Condition | None) -> Json:
        """The two keys of an item; none without a condition. Raises NotInR4."""
        if condition is None:
            return {}
        opened = self._opened(condition)
        together = isinstance(opened, AllOf) and len(opened.conditions) > 1
        tests = self._all(opened) if together else self._any(opened)
        if len(tests) == 1:
            return {"enableWhen": tests}
        return {"enableWhen": tests, "enableBehavior": "all" if together else "any"}

    def _all(self, condition: Condition) -> list[Json]:
        condition = self._opened(condition)
        if isinstance(condition, AllOf):
            return [test for part in condition.conditions for test in self._all(part)]
        tests = self._any(condition)
        if len(tests) > 1:
            raise NotInR4(str(condition))
        return tests

    def _any(self, condition: Condition) -> list[Json]:
        condition = self._opened(condition)
        if isinstance(condition, AnyOf) or (isinstance(condition, AllOf) and len(condition.conditions) == 1):
            return [test for part in condition.conditions for test in self._any(part)]
        if isinstance(condition, Chosen):
            return [test for item in self._asking(condition.item) for test in self._chosen(item, condition)]
        if isinstance(condition, AtLeast):
            return [_test(condition.item, ">=", answerInteger=condition.number)]
        if isinstance(condition, Answered):
            return [self._exists(item, True) for item in self._asking(condition.item)]
        return [self._unanswered(condition)]

    def _unanswered(self, condition: Condition) -> Json:
        inner = condition.condition if isinstance(condition, Not) else condition
        asking = self._asking(inner.item) if isinstance(inner, Answered) else []
        if inner is condition or len(asking) != 1:
            raise NotInR4(str(condition))
        return self._exists(asking[0], False)

    def _opened(self, condition: Condition) -> Condition:
        while isinstance(condition, Use):
            condition = self.questionnaire.definitions[condition.name]
        return condition

    def _asking(self, item_id: str) -> list[Item]:
        """The question, and those that ask it again later: a tick there opens the same follow-ups."""
        again = (item for item in self.questionnaire.items.values() if item.asks_again == item_id)
        return [self.questionnaire.items[item_id], *again]

    def _chosen(self, item: Item, condition: Chosen) -> Iterable[Json]:
        for option in item.options_in(condition.options):
            yield _test(ticks_link(item), "=", **self._answer(item, option))

    def _answer(self, item: Item, option: Option) -> Json:
        if item.type is ItemType.YES_NO:
            return {"answerBoolean": option.id == "yes"}
        coding = self.names.answer(item, option)
        return {"answerCoding": {"system": coding["system"], "code": coding["code"]}}

    def _exists(self, item: Item, wanted: bool) -> Json:
        return _test(ticks_link(item), "exists", answerBoolean=wanted)


def _test(link_id: str, operator: str, **answer: object) -> Json:
    return {"question": link_id, "operator": operator, **answer}
