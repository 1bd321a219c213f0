"""What was asked and not answered, so that it can be asked on video. Pure."""

from collections.abc import Iterator
from itertools import groupby

from consult.intake.questionnaire import Item

from . import items
from .lines import Line, line
from .reading import Reading


def gap_line(reading: Reading) -> Line:
    """Questions by name; a section without any answer as a whole, since nobody reads sixty names."""
    asked = [item for item in reading.open if item.section not in items.NOT_FOR_THE_BODY]
    sections = groupby(asked, key=lambda item: item.section)
    return line("Not answered", [gap for _, group in sections for gap in _gaps(list(group), reading)])


def _gaps(asked: list[Item], reading: Reading) -> Iterator[str]:
    missing = [item.key for item in asked if reading.value(item.id) is None]
    if len(missing) == len(asked) > 1:
        yield f"all of “{reading.catalogue.questionnaire.section(asked[0].section).title}”"
    else:
        yield from missing
