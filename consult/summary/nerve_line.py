"""Nerve signs, gait, stiffness, groin, what makes it worse or better. Pure."""

from collections.abc import Mapping

from consult.intake.answers import chosen

from . import items
from .lines import Line, Part
from .reading import Reading

NERVE_LINE = {
    "shooting": items.SHOOTING,
    "reach": items.REACH,
    "numb": items.NUMB,
    "weak": items.WEAK,
    "trend": items.TREND,
}


def nerve_line(reading: Reading) -> Line:
    """Shooting pain, its reach, numbness, weakness and their trend, all that was asked (A14, A16, A38)."""
    return _asked("Nerves", NERVE_LINE, reading)


def finding_lines(reading: Reading) -> tuple[Line, ...]:
    """What the nerve line needs beside it. Neck and knee have a line each when the body chart opened them."""
    modules = [
        _asked(label, questions, reading)
        for label, questions in (("Neck", items.NECK), ("Knee", items.KNEE))
        if reading.value(items.PLACES) and any(reading.was_asked(item) for item in questions.values())
    ]
    return (
        nerve_line(reading),
        *modules,
        _gait(reading),
        reading.line("Stiffness", items.STIFF),
        *([reading.line("Groin pain", items.GROIN)] if reading.was_asked(items.GROIN) else []),
        reading.line("Worse with", items.WORSE_WITH),
        reading.line("Better with", items.BETTER_WITH),
    )


def is_sign(reading: Reading, item_id: str) -> bool:
    """Whether an answer says more than no; what is not answered does not."""
    return bool(chosen(reading.value(item_id)) - set(items.NO_SIGN))


def _asked(label: str, questions: Mapping[str, str], reading: Reading) -> Line:
    asked = [(name, item) for name, item in questions.items() if reading.was_asked(item)]
    parts = tuple(Part(f"{name}: {reading.words(item)}", sign=is_sign(reading, item)) for name, item in asked)
    known = any(reading.value(item) is not None for _, item in asked)
    return Line(label, parts if known else (), joined_by="; ", whole=True)


def _gait(reading: Reading) -> Line:
    sign = is_sign(reading, items.WALKING)
    return Line("Gait", tuple(Part(words, sign=sign) for words in reading.picked(items.WALKING)))
