"""What leaves the practice as FHIR R4: the form, a patient's answers, their flags and pain scores. Pure.

Every function gives plain values that JSON can carry. Nothing in them is a diagnosis: hints for the therapist
and flags of the level info stay at home.
"""

import uuid

from .answers import Answers
from .content import Catalogue
from .fhir_names import LOINC_PAIN_SCORE, Json, Names, extension, instant
from .fhir_questionnaire import questionnaire
from .fhir_response import Origin, questionnaire_response
from .questionnaire import Item, live_answers
from .red_flags import Level, RaisedFlag, TriageOutcome

__all__ = ["Origin", "bundle", "flags", "pain_observations", "questionnaire", "questionnaire_response"]

_RULES_FILE = "rules/red_flags.yaml"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_PRIORITIES = {
    Level.EMERGENCY: ("PH", "High priority"),
    Level.URGENT: ("PM", "Medium priority"),
    Level.CAUTION: ("PL", "Low priority"),
}


def flags(catalogue: Catalogue, outcome: TriageOutcome, origin: Origin, base_url: str) -> list[Json]:
    """A Flag for each emergency, urgent and caution, most serious first, pointing at the answers."""
    version = catalogue.reviews[_RULES_FILE].version
    return [
        {
            "resourceType": "Flag",
            "id": _id(origin, flag.id),
            "extension": [_priority(flag.level), extension("flag-detail", valueReference=origin.response)],
            "status": "active",
            "category": [_concept(f"{_TERMINOLOGY}/flag-category", "clinical", "Clinical")],
            "code": _flag_code(flag, base_url),
            "subject": origin.subject,
            "period": {"start": instant(origin.authored_at)},
            "author": {"type": "Device", "display": f"rules v{version}"},
        }
        for flag in outcome.flags
        if flag.level in _PRIORITIES
    ]


def pain_observations(catalogue: Catalogue, answers: Answers, origin: Origin, base_url: str) -> list[Json]:
    """An Observation for each 0-10 pain score that was given. They share a LOINC code; our own code beside it
    tells pain now from worst and best."""
    live = live_answers(catalogue.questionnaire, answers, origin.authored_at.date())
    asked = [item for item in catalogue.questionnaire.items.values() if item.loinc == LOINC_PAIN_SCORE]
    return [_score(item, live[item.id], origin, base_url) for item in asked if item.id in live]


def bundle(
    catalogue: Catalogue, answers: Answers, outcome: TriageOutcome, origin: Origin, base_url: str
) -> Json:
    """All of one booking: form, patient (the id, a name if it is given), answers, flags, pain scores."""
    name = {"name": [{"text": origin.patient_name}]} if origin.patient_name else {}
    resources = [
        questionnaire(catalogue, base_url),
        {"resourceType": "Patient", "id": str(origin.patient_id), **name},
        questionnaire_response(catalogue, answers, origin, base_url),
        *flags(catalogue, outcome, origin, base_url),
        *pain_observations(catalogue, answers, origin, base_url),
    ]
    names = Names(base_url)
    return {
        "resourceType": "Bundle",
        "id": _id(origin, "bundle"),
        "type": "collection",
        "entry": [
            {"fullUrl": names.resource(resource["resourceType"], resource["id"]), "resource": resource}
            for resource in resources
        ],
    }


def _id(origin: Origin, part: str) -> str:
    """The same for the same answers, so that a second download replaces the first."""
    return str(uuid.uuid5(origin.response_id, part))


def _concept(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _priority(level: Level) -> Json:
    concept = _concept("http://hl7.org/fhir/flag-priority-code", *_PRIORITIES[level])
    return extension("flag-priority", valueCodeableConcept={**concept, "text": level.value})


def _flag_code(flag: RaisedFlag, base_url: str) -> Json:
    return {**_concept(Names(base_url).code_system("flags"), flag.id, flag.title), "text": flag.title}


def _score(item: Item, value: object, origin: Origin, base_url: str) -> Json:
    return {
        "resourceType": "Observation",
        "id": _id(origin, item.id),
        "status": "final",
        "category": [_concept(f"{_TERMINOLOGY}/observation-category", "survey", "Survey")],
        "code": {"coding": Names(base_url).question(item), "text": item.ask},
        "subject": origin.subject,
        "effectiveDateTime": instant(origin.authored_at),
        "valueInteger": value,
        "derivedFrom": [origin.response],
    }
