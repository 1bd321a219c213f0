"""The form as a FHIR R4 Questionnaire. Pure."""

from collections.abc import Callable

from .content import Catalogue
from .fhir_enable import EnableWhen
from .fhir_names import (
    LOINC_NOTICE,
    Json,
    Names,
    extension,
    item_control,
    rated,
    rating_link,
    resource_id,
    score_link,
    ticks_link,
    ticks_text,
)
from .questionnaire import Item, ItemType, Option, Questionnaire, Section

PUBLISHER = "Dr. Olivia Patel"
_LONGEST_LINE = 200
_MOST_RADIO_BUTTONS = 12


def questionnaire(catalogue: Catalogue, base_url: str) -> Json:
    """Every section and question of the form, in the patient's order; linkIds are our ids.

    A draft until every form file is signed off. Raises NotInR4 for a show-if that R4 has no way to say.
    """
    form = catalogue.questionnaire
    names = Names(base_url)
    resource = {
        "resourceType": "Questionnaire",
        "id": resource_id(form.id),
        "language": form.language,
        "url": names.questionnaire(form),
        "version": form.version,
        "name": form.id.title().replace("_", ""),
        "title": form.title,
        "status": "draft" if catalogue.is_draft else "active",
        "subjectType": ["Patient"],
        "publisher": PUBLISHER,
        "item": _Builder(form, names).sections(),
    }
    if any(item.loinc for item in form.items.values()):
        resource["copyright"] = LOINC_NOTICE
    return resource


class _Builder:
    def __init__(self, form: Questionnaire, names: Names) -> None:
        self._form = form
        self._names = names
        self._enable = EnableWhen(form, names)
        self._shapes: dict[ItemType, Callable[[Item], Json]] = {
            ItemType.ONE: self._choice,
            ItemType.MANY: self._ticks,
            ItemType.BODY_CHART: self._ticks,
            ItemType.YES_NO: lambda _: {"type": "boolean"},
            ItemType.AGREE: lambda _: {"type": "boolean"},
            ItemType.SCALE: _scale,
            ItemType.DATE: lambda _: {"type": "date"},
            ItemType.TEXT: _text,
            ItemType.RATED_LIST: self._rated_list,
            ItemType.ACTIVITIES: _activities,
        }

    def sections(self) -> list[Json]:
        return [self._section(section) for section in self._form.sections]

    def _section(self, section: Section) -> Json:
        intro = {"linkId": f"{section.id}-intro", "text": section.intro, "type": "display"}
        items = [self._item(item) for item in section.items]
        return {
            "linkId": section.id,
            "text": section.title,
            "type": "group",
            **self._enable.of(section.show_if),
            "item": [intro, *items] if section.intro else items,
        }

    def _item(self, item: Item) -> Json:
        parts = self._shapes[item.type](item)
        children = [*_help(item), *parts.pop("item", [])]
        return {
            "linkId": item.id,
            "code": self._names.question(item),
            "text": item.ask,
            **self._enable.of(item.show_if),
            "required": item.required,
            **parts,
            **({"item": children} if children else {}),
        }

    def _choice(self, item: Item) -> Json:
        control = "radio-button" if len(item.options) <= _MOST_RADIO_BUTTONS else "drop-down"
        return {"type": "choice", "extension": [item_control(control)], "answerOption": self._options(item)}

    def _ticks(self, item: Item) -> Json:
        return {
            "type": "choice",
            "extension": [item_control("check-box")],
            "repeats": True,
            "answerOption": self._options(item),
        }

    def _options(self, item: Item) -> list[Json]:
        return [self._option(item, option) for option in item.options]

    def _option(self, item: Item, option: Option) -> Json:
        exclusive = extension("questionnaire-optionExclusive", valueBoolean=True)
        coding = {"valueCoding": self._names.answer(item, option)}
        return {"extension": [exclusive], **coding} if option.exclusive else coding

    def _rated_list(self, item: Item) -> Json:
        """A group: first what was tried, then, for each line ticked, how it worked. Rows of a repeating group
        would be shorter, but a test in enableWhen sees only the nearest of them."""
        ticks = {
            "linkId": ticks_link(item),
            "text": ticks_text(item),
            "required": item.required,
            **self._ticks(item),
        }
        return {"type": "group", "item": [ticks, *(self._rating(item, option) for option in rated(item))]}

    def _rating(self, item: Item, option: Option) -> Json:
        coding = self._names.answer(item, option)
        ticked = {"system": coding["system"], "code": coding["code"]}
        return {
            "linkId": rating_link(item, option),
            "text": option.label,
            "type": "choice",
            "extension": [item_control("radio-button")],
            "enableWhen": [{"question": ticks_link(item), "operator": "=", "answerCoding": ticked}],
            "answerOption": [{"valueCoding": self._names.rating(rating)} for rating in item.ratings],
        }


def _help(item: Item) -> list[Json]:
    if item.help is None:
        return []
    return [
        {
            "linkId": f"{item.id}-help",
            "text": item.help,
            "type": "display",
            "extension": [item_control("help")],
        }
    ]


def _scale(item: Item) -> Json:
    bounds = [extension("minValue", valueInteger=item.min), extension("maxValue", valueInteger=item.max)]
    step = extension("questionnaire-sliderStepValue", valueInteger=1)
    return {"type": "integer", "extension": [item_control("slider"), *bounds, step]}


def _activities(item: Item) -> Json:
    name = {"linkId": ticks_link(item), "text": "Activity", "type": "string", "maxLength": item.max_length}
    score = {"linkId": score_link(item), "text": "Score", **_scale(item)}
    most = extension("questionnaire-maxOccurs", valueInteger=item.rows)
    return {"type": "group", "extension": [most], "repeats": True, "item": [name, score]}


def _text(item: Item) -> Json:
    on_one_line = item.max_length is not None and item.max_length <= _LONGEST_LINE
    longest = {"maxLength": item.max_length} if item.max_length is not None else {}
    return {"type": "string" if on_one_line else "text", **longest}
