"""How much room things take in print, in rows. Pure.

A row holds so many letters of ordinary width. The figures are those of the print rules in `app.css` on A4's
width and Letter's height, the smaller of each, and err on the safe side; a browser test prints real pages.
"""

from collections.abc import Sequence
from math import ceil

from consult.intake.red_flags import Level

from .flags import FlagLine
from .lines import Line, width
from .sheet import Sheet

PAGE = 68.5
FULL = 121
HALF = 60
BESIDE_LABEL = 47
IN_STRIP = 24
ABOVE = 8.0
"""The strip's frame, the draft line, the heading of the flags, the gaps between."""
BELOW = 4.0
"""The frame and the questions of what to ask again."""
CHART = 11.5
HEADING = 1.9
FLAG_BOX = 2.2
HOLD = 4.0
"""The box that says the visit is on hold."""
PARAGRAPH_GAP = 0.2
UNEVEN = 1.0
"""By which two balanced columns differ."""

_TOLD = len(" Patient was told: “”")
_READ = len(" Ticked as read on Wednesday, September 30, 12:00 pm.")
_NOTICE = len("Safety answers changed on Wednesday, September 30, 12:00 pm. Before: .")


def rows_for(letters: int, per_row: int) -> int:
    return max(1, ceil(letters / per_row))


def flag_rows(flag: FlagLine) -> float:
    """An emergency or urgent one has a box with the title on top, any other is one paragraph."""
    raised = flag.raised
    said = width(f"{flag.quotes} ({', '.join(raised.sources)}). {raised.therapist_text}")
    told = _TOLD + width(raised.patient_text) if raised.patient_text else 0
    if flag.serious:
        return FLAG_BOX + rows_for(said + told + _READ, FULL)
    title = width(f"{raised.level} {raised.title}    ")
    return PARAGRAPH_GAP + rows_for(title + said + told, FULL)


def rows_above(
    sheet: Sheet, flags: Sequence[FlagLine], strip: Sequence[str], notices: Sequence[str]
) -> float:
    """The strip, the flags, what changed."""
    rows = ABOVE + max(rows_for(width(text), IN_STRIP) for text in strip)
    rows += sum(flag_rows(flag) for flag in flags) or 1
    rows += HOLD * any(flag.raised.level is Level.EMERGENCY for flag in flags)
    rows += sum(PARAGRAPH_GAP + rows_for(_NOTICE + width(text), FULL) for text in notices)
    if sheet.changes is not None:
        rows += HEADING + 1 + sum(change.width for change in sheet.changes) / FULL
    return rows


def rows_below(sheet: Sheet) -> float:
    """What to ask again."""
    return BELOW + rows_for(sheet.gaps.width, FULL - len("Not answered: "))


def column_rows(sheet: Sheet) -> float:
    """The two columns side by side."""
    lines = [*sheet.story, *sheet.findings, *(line for group in sheet.background for line in group.lines)]
    rows = CHART + sum(line_rows(line) for line in lines) + HEADING * (3 + len(sheet.background))
    rows += sum(bool(group.more) for group in sheet.background)
    rows += (
        sum(PARAGRAPH_GAP + rows_for(hint.width, HALF) for hint in sheet.hints) + 1 + bool(sheet.hints_more)
    )
    rows += rows_for(sheet.telling.width, HALF) if sheet.telling else 0
    return rows / 2 + UNEVEN


def line_rows(line: Line) -> int:
    return rows_for(line.width, BESIDE_LABEL)
