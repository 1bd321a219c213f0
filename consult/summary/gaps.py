"""What was asked and not answered, so that it can be asked on video. Pure."""

from collections.abc import Sequence
from itertools import groupby

from consult.intake.questionnaire import Item

from . import items
from .lines import Line, line
from .reading import Reading


def unanswered(reading: Reading) -> list[Item]:
    """Open questions without an answer, in form order."""
    return [item for item in _about_the_body(reading) if reading.value(item.id) is None]


def gap_line(reading: Reading) -> Line:
    """By name; a section without any answer as a whole, since nobody reads sixty names."""
    sections = groupby(_about_the_body(reading), key=lambda item: item.section)
    asked = [(section_id, list(group)) for section_id, group in sections]
    return line(
        "Not answered", [words for section_id, group in asked for words in _gaps(section_id, group, reading)]
    )


def _gaps(section_id: str, asked: Sequence[Item], reading: Reading) -> list[str]:
    missing = [item.key for item in asked if reading.value(item.id) is None]
    if len(asked) > 1 and len(missing) == len(asked):
        return [f"all of “{reading.catalogue.questionnaire.section(section_id).title}”"]
    return missing


def _about_the_body(reading: Reading) -> list[Item]:
    return [item for item in reading.open if item.section not in items.NOT_FOR_THE_BODY]
