"""A patient's answers as a FHIR R4 QuestionnaireResponse. Pure."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from .answers import Answers, AnswerValue, is_answered
from .content import Catalogue
from .fhir_names import Json, Names, instant, rated, rating_link, score_link, ticks_link, ticks_text
from .questionnaire import Item, ItemType, Option, visible_items


@dataclass(frozen=True)
class Origin:
    """Whose answers these are, when they were given, and under which ids they leave the practice.

    `authored_at` is an aware instant, `status` one of FHIR's ("in-progress", "completed"). Without a
    `patient_name` the receiver knows the patient by the id alone; what they answered about themselves is
    among the answers all the same.
    """

    response_id: uuid.UUID
    patient_id: uuid.UUID
    authored_at: datetime
    status: str = "completed"
    patient_name: str | None = None

    @property
    def subject(self) -> Json:
        name = {"display": self.patient_name} if self.patient_name else {}
        return {"reference": f"Patient/{self.patient_id}", **name}

    @property
    def response(self) -> Json:
        return {"reference": f"QuestionnaireResponse/{self.response_id}"}


def questionnaire_response(catalogue: Catalogue, answers: Answers, origin: Origin, base_url: str) -> Json:
    """The canonical answers to questions that are open, each as it was given.

    "None of these" beside a sign is left out. A sign ticked in the recheck stands there, not in the screen.
    `catalogue` is the version of the form that was answered.
    """
    form, names = catalogue.questionnaire, Names(base_url)
    open_items = visible_items(form, answers, on=origin.authored_at.date())
    sections = []
    for section in form.sections:
        said = [
            item for item in open_items if item.section == section.id and is_answered(answers.get(item.id))
        ]
        items = [entry for item in said for entry in _entries(item, answers[item.id], names)]
        if items:
            sections.append({"linkId": section.id, "text": section.title, "item": items})
    return {
        "resourceType": "QuestionnaireResponse",
        "id": str(origin.response_id),
        "questionnaire": f"{names.questionnaire(form)}|{form.version}",
        "status": origin.status,
        "subject": origin.subject,
        "authored": instant(origin.authored_at),
        **({"item": sections} if sections else {}),
    }


def _entries(item: Item, value: AnswerValue, names: Names) -> Iterator[Json]:
    """An answer's item; one for each row of activities."""
    if item.type is ItemType.ACTIVITIES:
        yield from _activities(item, value)
    elif isinstance(value, dict):
        yield {"linkId": item.id, "text": item.ask, "item": list(_rated_list(item, value, names))}
    else:
        yield {"linkId": item.id, "text": item.ask, "answer": _answers(item, value, names)}


def _answers(item: Item, value: AnswerValue, names: Names) -> list[Json]:
    match item.type:
        case ItemType.ONE | ItemType.MANY | ItemType.BODY_CHART:
            ids = [value] if isinstance(value, str) else value
            return [{"valueCoding": names.answer(item, option)} for option in _signs(item, ids)]
        case ItemType.YES_NO:
            return [{"valueBoolean": value == "yes"}]
        case ItemType.AGREE:
            return [{"valueBoolean": True}]
        case ItemType.SCALE:
            return [{"valueInteger": value}]
        case ItemType.DATE:
            return [{"valueDate": value}]
        case _:
            return [{"valueString": value}]


def _signs(item: Item, ids: object) -> list[Option]:
    """The options picked, without an exclusive one that stands beside another."""
    picked = item.options_in(ids) if isinstance(ids, (list, dict)) else []
    return [option for option in picked if not option.exclusive] or picked


def _rated_list(item: Item, value: dict[str, str | None], names: Names) -> Iterator[Json]:
    ticked = _signs(item, value)
    answer = [{"valueCoding": names.answer(item, option)} for option in ticked]
    yield {"linkId": ticks_link(item), "text": ticks_text(item), "answer": answer}
    ratings = {rating.id: rating for rating in item.ratings}
    for option in rated(item):
        if option in ticked and (rating := value[option.id]):
            coding = names.rating(ratings[rating])
            yield {
                "linkId": rating_link(item, option),
                "text": option.label,
                "answer": [{"valueCoding": coding}],
            }


def _activities(item: Item, value: AnswerValue) -> Iterator[Json]:
    for row in value if isinstance(value, list) else []:
        if not isinstance(row, dict):
            continue
        parts: list[Json] = []
        if row["activity"]:
            parts.append(_plain(ticks_link(item), "Activity", {"valueString": row["activity"]}))
        if row["score"] is not None:
            parts.append(_plain(score_link(item), "Score", {"valueInteger": row["score"]}))
        if parts:
            yield {"linkId": item.id, "text": item.ask, "item": parts}


def _plain(link_id: str, text: str, answer: Json) -> Json:
    return {"linkId": link_id, "text": text, "answer": [answer]}
