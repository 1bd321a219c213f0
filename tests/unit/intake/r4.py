"""What FHIR R4 asks of a Questionnaire and of a response to it, beyond what fhir.resources checks.

Written from the specification, on plain JSON, and knowing nothing of the application.
"""

from collections.abc import Iterator
from itertools import pairwise

ITEM_TYPES = {
    *(
        "group",
        "display",
        "boolean",
        "decimal",
        "integer",
        "date",
        "dateTime",
        "time",
        "string",
        "text",
        "url",
    ),
    *("choice", "open-choice", "attachment", "reference", "quantity"),
}
OPERATORS = {"exists", "=", "!=", ">", "<", ">=", "<="}
STATUSES = {"draft", "active", "retired", "unknown"}
TAKES_OPTIONS = {"choice", "open-choice", "integer", "date", "time", "string", "text"}
TAKES_MAX_LENGTH = {"boolean", "decimal", "integer", "string", "text", "url", "open-choice"}
ANSWERS = {
    "boolean": "Boolean",
    "integer": "Integer",
    "date": "Date",
    "string": "String",
    "text": "String",
    "choice": "Coding",
}
EXCLUSIVE = "http://hl7.org/fhir/StructureDefinition/questionnaire-optionExclusive"
MIN = "http://hl7.org/fhir/StructureDefinition/minValue"
MAX = "http://hl7.org/fhir/StructureDefinition/maxValue"
MOST = "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs"


def walk(items, parent=None):
    """Every item of a Questionnaire or a response with the one it stands in."""
    for item in items:
        yield item, parent
        yield from walk(item.get("item", ()), item)
        for answer in item.get("answer", ()):
            yield from walk(answer.get("item", ()), item)


def by_link(questionnaire):
    return {item["linkId"]: item for item, _ in walk(questionnaire["item"])}


def extension_of(element, url):
    """The value of an extension, None without it."""
    for found in element.get("extension", ()):
        if found["url"] == url:
            return next(value for key, value in found.items() if key != "url")
    return None


def code_of(coding):
    return coding["system"], coding["code"]


def codes_of(item):
    return [code_of(option["valueCoding"]) for option in item.get("answerOption", ())]


def questionnaire_faults(questionnaire):
    """Everything wrong with a Questionnaire, in words."""
    return list(_questionnaire_faults(questionnaire))


def _questionnaire_faults(questionnaire) -> Iterator[str]:
    if questionnaire["status"] not in STATUSES:
        yield f"status {questionnaire['status']}"
    links = [item["linkId"] for item, _ in walk(questionnaire["item"])]
    for first, second in pairwise(sorted(links)):
        if first == second:
            yield f"{first} stands twice"
    known = by_link(questionnaire)
    for item, _ in walk(questionnaire["item"]):
        for fault in (*_shape_faults(item), *_enable_faults(item, known)):
            yield f"{item['linkId']}: {fault}"


def _shape_faults(item):
    kind, options = item["type"], codes_of(item)
    asks_nothing = kind == "display" and {"required", "repeats", "readOnly", "initial", "code"} & set(item)
    unfit = (kind == "group" and not item.get("item")) or (kind == "display" and item.get("item"))
    broken = {
        f"type {kind}": kind not in ITEM_TYPES,
        "a group has items, a display has none (que-1)": unfit,
        "a display asks nothing (que-3, que-6, que-8, que-9)": asks_nothing,
        f"options on {kind} (que-5)": options and kind not in TAKES_OPTIONS,
        "nothing to choose from": kind in ("choice", "open-choice") and not options,
        f"maxLength on {kind} (que-10)": "maxLength" in item and kind not in TAKES_MAX_LENGTH,
        "the same option twice": len(set(options)) < len(options),
        "no number fits": kind == "integer" and not extension_of(item, MIN) < extension_of(item, MAX),
        "no text": not item.get("text"),
    }
    return [fault for fault, found in broken.items() if found]


def _enable_faults(item, known):
    tests = item.get("enableWhen", ())
    if len(tests) > 1 and item.get("enableBehavior") not in ("all", "any"):
        yield "several enableWhen need enableBehavior (que-12)"
    for test in tests:
        asked = known.get(test["question"])
        if test["operator"] not in OPERATORS:
            yield f"operator {test['operator']}"
        if asked is None or asked is item or item in [inner for inner, _ in walk(asked.get("item", ()))]:
            yield f"enableWhen asks {test['question']}"
        else:
            yield from _comparison_faults(test, asked)


def _comparison_faults(test, asked):
    answers = [key for key in test if key.startswith("answer")]
    wanted = "Boolean" if test["operator"] == "exists" else ANSWERS.get(asked["type"])
    if answers != [f"answer{wanted}"]:
        yield f"enableWhen compares {asked['type']} with {', '.join(answers) or 'nothing'} (que-7)"
    elif wanted == "Coding" and code_of(test["answerCoding"]) not in codes_of(asked):
        yield f"{test['question']} has no answer {test['answerCoding']['code']}"


def enabled_links(questionnaire, response):
    """The linkIds that the answers of a response leave enabled."""
    given = {}
    for item, _ in walk(response.get("item", ())):
        given.setdefault(item["linkId"], []).extend(item.get("answer", ()))
    return set(_enabled(questionnaire["item"], given))


def _enabled(items, given):
    for item in items:
        tests = [_holds(test, given.get(test["question"], [])) for test in item.get("enableWhen", ())]
        together = any if item.get("enableBehavior") == "any" else all
        if not tests or together(tests):
            yield item["linkId"]
            yield from _enabled(item.get("item", ()), given)


def _holds(test, answers):
    """Whether any of the answers passes: R4 looks for one that does when a question repeats."""
    if test["operator"] == "exists":
        return bool(answers) == test["answerBoolean"]
    if "answerCoding" in test:
        wanted = code_of(test["answerCoding"])
        return any(code_of(answer["valueCoding"]) == wanted for answer in answers)
    [key] = [key for key in test if key.startswith("answer")]
    values = [answer[key.replace("answer", "value", 1)] for answer in answers]
    compare = {"=": lambda value: value == test[key], ">=": lambda value: value >= test[key]}
    return any(map(compare[test["operator"]], values))


def response_faults(questionnaire, response):
    """Everything wrong with the answers of a response to this Questionnaire, in words."""
    return list(_response_faults(questionnaire, response))


def _response_faults(questionnaire, response) -> Iterator[str]:
    if response["questionnaire"] != f"{questionnaire['url']}|{questionnaire['version']}":
        yield f"answers {response['questionnaire']}"
    parents = {item["linkId"]: parent for item, parent in walk(questionnaire["item"])}
    known = by_link(questionnaire)
    enabled = enabled_links(questionnaire, response)
    for item, parent in walk(response.get("item", ())):
        link = item["linkId"]
        if link not in known:
            yield f"{link}: not in the form"
        elif (parents[link] or {}).get("linkId") != (parent or {}).get("linkId"):
            yield f"{link}: stands in the wrong place"
        elif link not in enabled:
            yield f"{link}: answered although it is not enabled"
        else:
            yield from (f"{link}: {fault}" for fault in _answer_faults(known[link], item))
    yield from _repetition_faults(known, response)


def _repetition_faults(known, response):
    for group in [response, *(item for item, _ in walk(response.get("item", ())))]:
        links = [item["linkId"] for item in group.get("item", ())]
        for link in sorted(set(links)):
            if links.count(link) > (extension_of(known.get(link, {}), MOST) or 1):
                yield f"{link}: {links.count(link)} times"


def _answer_faults(asked, item):
    answers = item.get("answer", [])
    if asked["type"] in ("group", "display"):
        return [] if item.get("item") and not answers else ["a group has items and no answer"]
    key = f"value{ANSWERS[asked['type']]}"
    if not answers or any(set(answer) != {key} for answer in answers):
        return [f"expected {key}"]
    several = ["more than one answer"] if len(answers) > 1 and not asked.get("repeats") else []
    return [*several, *_value_faults(asked, [answer[key] for answer in answers])]


def _value_faults(asked, values):
    if asked["type"] == "choice":
        return list(_choice_faults(asked, [code_of(value) for value in values]))
    if asked["type"] == "integer":
        bounds = range(extension_of(asked, MIN), extension_of(asked, MAX) + 1)
        return [f"{value} is out of bounds" for value in values if value not in bounds]
    most = asked.get("maxLength", 10_000)
    return ["longer than it may be" for value in values if len(str(value)) > most]


def _choice_faults(asked, given):
    exclusive = {
        code_of(option["valueCoding"])
        for option in asked["answerOption"]
        if extension_of(option, EXCLUSIVE) is True
    }
    yield from (f"{code} is no option" for _, code in set(given) - set(codes_of(asked)))
    if len(given) > 1 and exclusive & set(given):
        yield "an exclusive answer stands beside another"
