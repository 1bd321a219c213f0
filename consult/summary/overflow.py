"""What is cut when the sheet does not fit on one page. Pure.

In this order: the background (what can be changed, tried, goals), the hints down to two and then the question
between them, the lists among the findings; of lists each time one row of the tallest, which then says how
many more there are. If that is not enough, the list of medicines, and then whole lines of the background, but
for the first under each heading. The flags, the nerve line, the numbers and what to ask again are never cut.
When the flags leave no room even for the least of the rest, the rest has a page to itself and the first one
says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from .flags import FlagLine
from .lines import Group, Line
from .sheet import Sheet
from .space import PAGE, column_rows, line_rows, rows_above, rows_below

FEWEST_HINTS = 2


def fit(sheet: Sheet, flags: Sequence[FlagLine], strip: Sequence[str], notices: Sequence[str]) -> Sheet:
    """The sheet cut to one page, or to the page after those that the flags fill.

    `strip`: what the patient wrote into the head of the page; `notices`: further texts among the flags.
    """
    above, below = rows_above(sheet, flags, strip, notices), rows_below(sheet)
    made = shrink(sheet, PAGE - above - below)
    if above + column_rows(made) + below <= PAGE:
        return made
    return replace(shrink(sheet, PAGE - below), overleaf=True)


def shrink(sheet: Sheet, room: float) -> Sheet:
    """As much of it as fits into so many rows, or the least there is."""
    while column_rows(sheet) > room:
        shorter = next(_shorter(sheet), None)
        if shorter is None:
            return sheet
        sheet = shorter
    return sheet


def _shorter(sheet: Sheet) -> Iterator[Sheet]:
    """One step less, by each way that still gives, in the order of the rule."""
    if background := _cut_groups(sheet.background):
        yield replace(sheet, background=background)
    if len(sheet.hints) > FEWEST_HINTS:
        yield replace(sheet, hints=sheet.hints[:-1], hints_more=sheet.hints_more + 1)
    if sheet.telling:
        yield replace(sheet, telling=None)
    if findings := _cut_tallest(sheet.findings):
        yield replace(sheet, findings=findings)
    if background := _cut_groups(sheet.background, dear=True):
        yield replace(sheet, background=background)
    if background := _drop_line(sheet.background):
        yield replace(sheet, background=background)


def _cut_groups(groups: tuple[Group, ...], *, dear: bool = False) -> tuple[Group, ...] | None:
    """All lines of all groups as one list."""
    cut = _cut_tallest(tuple(line for group in groups for line in group.lines), dear=dear)
    if cut is None:
        return None
    lines = iter(cut)
    return tuple(replace(group, lines=tuple(next(lines) for _ in group.lines)) for group in groups)


def _drop_line(groups: tuple[Group, ...]) -> tuple[Group, ...] | None:
    """The longest group without its last line, so that the first of each remains; None when only those do."""
    longest = max(groups, key=lambda group: len(group.lines))
    if len(longest.lines) == 1:
        return None
    shorter = replace(longest, lines=longest.lines[:-1], more=longest.more + 1)
    return tuple(shorter if group is longest else group for group in groups)


def _cut_tallest(lines: tuple[Line, ...], *, dear: bool = False) -> tuple[Line, ...] | None:
    """The same lines, the tallest of the `dear` ones, or of the others, a row shorter; None when none can."""
    by_height = sorted(range(len(lines)), key=lambda place: -line_rows(lines[place]))
    for place in by_height:
        if lines[place].dear == dear and (shorter := cut_row(lines[place])):
            return (*lines[:place], shorter, *lines[place + 1 :])
    return None


def cut_row(line: Line) -> Line | None:
    """The line with as many parts as leave it a row shorter; None when it keeps a single row or part."""
    shorter = line
    while not line.whole and len(shorter.parts) > 1:
        shorter = replace(shorter, parts=shorter.parts[:-1], more=shorter.more + 1)
        if line_rows(shorter) < line_rows(line):
            return shorter
    return None
