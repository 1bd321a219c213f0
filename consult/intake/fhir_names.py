"""The addresses, codes and extensions that the FHIR R4 exports share. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from .questionnaire import Item, ItemType, Option, Questionnaire

Json: TypeAlias = dict[str, Any]
"""A FHIR resource or a part of one, as plain values."""

LOINC = "http://loinc.org"
LOINC_PAIN_SCORE = "72514-3"
LOINC_NAMES = {
    "21112-8": "Birth date",
    "38204-4": "Pain primary location",
    "38209-3": "Pain exacerbating factors - Reported",
    "38210-1": "Pain alleviating factors - Reported",
    LOINC_PAIN_SCORE: "Pain severity - 0-10 verbal numeric rating [Score] - Reported",
    "72166-2": "Tobacco smoking status",
    "82810-3": "Pregnancy status",
}
LOINC_NOTICE = (
    "This material contains content from LOINC (http://loinc.org). LOINC is copyright © Regenstrief "
    "Institute, Inc. and the Logical Observation Identifiers Names and Codes (LOINC) Committee and is "
    "available at no cost under the license at http://loinc.org/license. LOINC® is a registered United "
    "States trademark of Regenstrief Institute, Inc."
)
"""The licence asks for these words wherever its codes are handed on."""

_STRUCTURE = "http://hl7.org/fhir/StructureDefinition"
_ITEM_CONTROL = "http://hl7.org/fhir/questionnaire-item-control"


@dataclass(frozen=True)
class Names:
    """The canonical addresses of one practice; they all begin with its public address."""

    base_url: str

    def resource(self, kind: str, resource_id: str) -> str:
        return f"{self.base_url}/fhir/{kind}/{resource_id}"

    def questionnaire(self, questionnaire: Questionnaire) -> str:
        return self.resource("Questionnaire", resource_id(questionnaire.id))

    def code_system(self, name: str) -> str:
        return self.resource("CodeSystem", name)

    def question(self, item: Item) -> list[Json]:
        """What the question asks: the LOINC code where there is one, and our own."""
        own = {"system": self.code_system("questions"), "code": item.id, "display": item.key}
        if item.loinc is None:
            return [own]
        name = LOINC_NAMES.get(item.loinc)
        loinc = {"system": LOINC, "code": item.loinc, **({"display": name} if name else {})}
        return [loinc, own]

    def answer(self, item: Item, option: Option) -> Json:
        """An option. Its id means something within its question only, so each question has a code system;
        a question that asks another one again shares that one's."""
        system = self.code_system(f"answers-{item.asks_again or item.id}")
        return {"system": system, "code": option.id, "display": option.label}

    def rating(self, option: Option) -> Json:
        return {"system": self.code_system("ratings"), "code": option.id, "display": option.label}


def resource_id(text: str) -> str:
    """`text` with the letters that a FHIR id may have."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", text)[:64]


def ticks_link(item: Item) -> str:
    """The linkId under which the answer to a question stands.

    A rated list is a group: what is ticked stands in its first question, how each tick worked in a question
    of its own. Activities are a group a row, with a name and a score.
    """
    if item.type is ItemType.RATED_LIST:
        return f"{item.id}-ticked"
    return f"{item.id}-activity" if item.type is ItemType.ACTIVITIES else item.id


def ticks_text(item: Item) -> str:
    """What heads the ticks of a rated list, below the question itself."""
    return item.key.capitalize()


def rating_link(item: Item, option: Option) -> str:
    return f"{item.id}.{option.id}"


def score_link(item: Item) -> str:
    return f"{item.id}-score"


def rated(item: Item) -> Sequence[Option]:
    """The options of a rated list that can have worked or not."""
    return [option for option in item.options if not option.exclusive]


def extension(name: str, **value: Any) -> Json:
    """One of HL7's own extensions, such as `extension("maxValue", valueInteger=10)`."""
    return {"url": f"{_STRUCTURE}/{name}", **value}


def item_control(code: str) -> Json:
    """How a form should show an item."""
    coding = {"system": _ITEM_CONTROL, "code": code}
    return extension("questionnaire-itemControl", valueCodeableConcept={"coding": [coding]})


def instant(at: datetime) -> str:
    """A FHIR dateTime in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
