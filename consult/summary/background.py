"""What was tried, with what result, and what the patient wants. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from consult.intake.questionnaire import Item

from . import items
from .factors import factor_lines
from .lines import NOT_ANSWERED, Group, Line, Part, free_text, line
from .reading import Reading


def background(reading: Reading) -> tuple[Group, ...]:
    return (
        Group("Can be changed", factor_lines(reading)),
        Group("Tried and known", _tried(reading)),
        Group("Goals", _goals(reading)),
    )


def _tried(reading: Reading) -> tuple[Line, ...]:
    return (
        reading.line("Medicines", items.MEDICINES),
        *_medicine_list(reading),
        Line("At home", _rated(reading, items.HOME)),
        *(
            [Line("Stretches", _rated(reading, items.STRETCHES))]
            if reading.was_asked(items.STRETCHES)
            else []
        ),
        Line("Treatments", _rated(reading, items.TREATMENTS)),
        line("Doctor", _doctor(reading)),
        reading.line("Conditions", items.CONDITIONS),
    )


def _goals(reading: Reading) -> tuple[Line, ...]:
    return (
        free_text("Wants", _text(reading, items.GOAL)),
        Line("Activities", _activities(reading)),
        *([reading.line("Help with", items.HELP_WITH)] if reading.value(items.HELP_WITH) else []),
        free_text("Worry", _text(reading, items.WORRY)),
        reading.line("Avoid", items.AVOIDS),
        line("Can", _can(reading)),
    )


def _rated(reading: Reading, item_id: str) -> tuple[Part, ...]:
    """What was tried with what it did, worse first, so that what is cut off matters least."""
    value = reading.value(item_id)
    if not isinstance(value, dict):
        return ()
    item = reading.item(item_id)
    order = sorted(value, key=lambda option: items.RATING_ORDER.index(value[option]))
    return tuple(_rated_part(item, option, value[option]) for option in order)


def _rated_part(item: Item, option_id: str, rating_id: str | None) -> Part:
    option = next(option for option in item.options if option.id == option_id)
    if option.exclusive:
        return Part(option.short)
    ratings = {rating.id: rating.short for rating in item.ratings}
    result = ratings[rating_id] if rating_id is not None else f"result {NOT_ANSWERED}"
    return Part(f"{option.short} ({result})", sign=rating_id == items.RATING_ORDER[0])


def _doctor(reading: Reading) -> list[str]:
    """Seen, imaging, whether told of other therapies, and whether basic care helped."""
    return _answers(
        {
            "checked this pain": items.DOCTOR,
            "knows the other treatments": items.DOCTOR_TOLD,
            "rest and basic care helped": items.BASIC_CARE,
        },
        reading,
    )


def _can(reading: Reading) -> list[str]:
    return _answers({"use the floor": items.FLOOR, "kneel": items.KNEELS}, reading)


def _answers(questions: Mapping[str, str], reading: Reading) -> list[str]:
    """All that were asked, if any of them was answered."""
    if all(reading.value(item) is None for item in questions.values()):
        return []
    return [f"{name}: {reading.words(item)}" for name, item in questions.items() if reading.was_asked(item)]


def _activities(reading: Reading) -> tuple[Part, ...]:
    return tuple(Part(f"{activity} ({score})") for activity, score in activity_scores(reading))


def activity_scores(reading: Reading) -> list[tuple[str, str]]:
    """Each activity in the patient's words, with its score: 0 cannot do it, 10 as good as before."""
    value = reading.value(items.ACTIVITIES)
    if not isinstance(value, list):
        return []
    most = reading.item(items.ACTIVITIES).max
    rows = [row for row in value if isinstance(row, dict)]
    return [
        (row["activity"], NOT_ANSWERED if row["score"] is None else f"{row['score']} of {most}")
        for row in rows
    ]


def _medicine_list(reading: Reading) -> list[Line]:
    """The one that matters may stand at the end."""
    text = _text(reading, items.MEDICINE_LIST)
    return [replace(free_text("Medicine list", text), dear=True)] if text else []


def _text(reading: Reading, item_id: str) -> str | None:
    value = reading.value(item_id)
    return value if isinstance(value, str) else None
