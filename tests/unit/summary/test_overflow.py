"""What is cut when the sheet does not fit, in which order, and what never is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from consult.intake.conditions import Chosen
from consult.intake.patterns import Clue
from consult.intake.red_flags import Level, RaisedFlag
from consult.summary.flags import FlagLine
from consult.summary.hints import Hint
from consult.summary.lines import Group, Line, Part, free_text, line, width
from consult.summary.numbers import PainScores
from consult.summary.overflow import FEWEST_HINTS, cut_row, fit, shrink
from consult.summary.reading import Reading
from consult.summary.sheet import Sheet, whole_sheet
from consult.summary.space import HOLD, PAGE, column_rows, flag_rows, line_rows, rows_above, rows_below
from consult.summary.telling import TellingQuestion

Reads = Callable[..., Reading]

LONG = tuple(f"answer number {number}" for number in range(40))


def hint(name: str) -> Hint:
    clue = Clue("a telling answer", Chosen("item", frozenset({"yes"})), ("A1",))
    return Hint(name, f"{name}-like", "", 2, 0, False, (clue, clue), ())


def sheet(**parts) -> Sheet:
    made = {
        "scores": PainScores(None, None, None),
        "where": (),
        "story": (line("Onset", LONG),),
        "findings": (replace(line("Nerves", LONG), whole=True), line("Worse with", LONG)),
        "hints": tuple(hint(name) for name in ("Hip", "Back", "Disc", "SI")),
        "hints_more": 1,
        "telling": TellingQuestion("Where?", "not answered", False, "Hip", "Back", ("groin",), ()),
        "background": (Group("Tried", (line("At home", LONG),)), Group("Goals", (line("Wants", LONG),))),
        "changes": None,
        "gaps": line("Not answered", LONG),
    }
    return Sheet(**(made | parts))


def flag(level: Level, text: str = "short") -> FlagLine:
    raised = RaisedFlag("id", level, "title", text, text, "rule", (), ("A1",))
    return FlagLine(raised, "“quote”", False)


def cut_topics(made: Sheet, whole: Sheet) -> set[str]:
    names = ("background", "hints", "telling", "findings", "story", "gaps", "scores", "where")
    return {name for name in names if getattr(made, name) != getattr(whole, name)}


def test_what_fits_stays_as_it_is():
    whole = sheet()
    assert shrink(whole, column_rows(whole)) == whole


@pytest.mark.parametrize("lost", range(1, 20))
def test_lists_are_cut_in_the_order_background_hints_findings(lost: int):
    whole = sheet()
    made = shrink(whole, column_rows(whole) - lost)
    order = ["background", "hints", "telling", "findings"]
    cut = cut_topics(made, whole)
    assert cut == set(order[: len(cut)])


def test_a_topic_is_cut_as_far_as_it_goes_before_the_next_is_touched():
    whole = sheet()
    rooms = range(int(column_rows(whole)), 0, -1)
    first_hint_gone = next(made for room in rooms if (made := shrink(whole, room)).hints != whole.hints)
    assert {line_rows(line) for group in first_hint_gone.background for line in group.lines} == {1}
    first_finding_cut = next(
        made for room in rooms if (made := shrink(whole, room)).findings != whole.findings
    )
    assert len(first_finding_cut.hints) == FEWEST_HINTS
    assert first_finding_cut.telling is None


def test_the_least_there_is_keeps_the_numbers_the_nerve_line_the_story_and_what_to_ask():
    whole = sheet()
    least = shrink(whole, 0)
    assert cut_topics(least, whole) == {"background", "hints", "telling", "findings"}
    assert least.findings[0] == whole.findings[0]
    assert line_rows(least.findings[1]) == 1
    assert len(least.hints) == FEWEST_HINTS


def test_nothing_is_cut_silently():
    whole = sheet()
    least = shrink(whole, 0)
    for before, after in zip(whole.background, least.background, strict=True):
        for long, short in zip(before.lines, after.lines, strict=True):
            assert short.more == len(long.parts) - len(short.parts) > 0
            assert long.parts[: len(short.parts)] == short.parts
    assert least.hints_more == whole.hints_more + len(whole.hints) - len(least.hints)


def test_whole_background_lines_go_last_but_the_first_of_each_group():
    groups = (
        Group("Tried", tuple(line(name, LONG[:2]) for name in "abcd")),
        Group("Goals", (line("e", ["f"]),)),
    )
    whole = sheet(background=groups)
    least = shrink(whole, 0)
    assert [(len(group.lines), group.more) for group in least.background] == [(1, 3), (1, 0)]
    rooms = range(int(column_rows(whole)), 0, -1)
    first_gone = next(made for room in rooms if (made := shrink(whole, room)).background != whole.background)
    assert line_rows(first_gone.findings[1]) == 1


def test_of_all_background_lines_the_tallest_is_cut_first():
    tall, short = line("Tall", LONG), line("Short", LONG[:6])
    whole = sheet(background=(Group("Tried", (short,)), Group("Goals", (tall,))))
    made = shrink(whole, column_rows(whole) - 0.5)
    assert made.background[0].lines == (short,)
    assert line_rows(made.background[1].lines[0]) == line_rows(tall) - 1


def test_the_list_of_medicines_is_cut_when_every_other_list_is():
    medicines = replace(line("Medicine list", LONG), dear=True)
    whole = sheet(background=(Group("Tried", (medicines, line("At home", LONG))),))
    rooms = range(int(column_rows(whole)), 0, -1)
    first_cut = next(
        made for room in rooms if (made := shrink(whole, room)).background[0].lines[0] != medicines
    )
    assert cut_topics(first_cut, whole) == {"background", "hints", "telling", "findings"}
    assert {line_rows(line) for line in (first_cut.background[0].lines[1], first_cut.findings[1])} == {1}
    assert first_cut.background[0].lines[0].more > 0


@pytest.mark.parametrize(
    "kept",
    [
        line("Worry", ["short"]),
        line("Worry", ["one part that is so long that it takes several rows of print by itself" * 3]),
        replace(line("Nerves", LONG), whole=True),
        line("Avoid", []),
    ],
)
def test_these_lines_cannot_be_cut(kept: Line):
    assert cut_row(kept) is None


def test_a_cut_line_is_one_row_shorter():
    long = line("Found", LONG)
    shorter = cut_row(long)
    assert shorter is not None
    assert line_rows(shorter) == line_rows(long) - 1


@pytest.mark.parametrize("text", ["word " * 100, "x" * 500, "庭仕事がしたい" * 70])
def test_a_patients_sentence_can_always_be_cut_to_one_row(text: str):
    shorter: Line | None = free_text("Wants", text)
    while shorter is not None:
        last, shorter = shorter, cut_row(shorter)
    assert line_rows(last) == 1
    assert last.more > 0


def test_letters_of_double_width_take_two_places():
    assert width("庭 a") == 4


@pytest.mark.parametrize("level", list(Level)[1:])
def test_flags_are_counted_whole_and_never_shortened(level: Level):
    long = "A sentence the therapist must be able to read to its end. " * 20
    assert flag_rows(flag(level, long)) > flag_rows(flag(level)) + 15
    made = fit(sheet(), [flag(level, long)] * 3, ["name"], [])
    assert made.background != sheet().background


def test_an_emergency_takes_room_for_the_hold_it_puts_on_the_visit():
    taken = [rows_above(sheet(), [flag(level)], ["name"], []) for level in (Level.URGENT, Level.EMERGENCY)]
    assert taken[1] - taken[0] == HOLD


def test_a_few_flags_leave_one_page():
    made = fit(sheet(), [flag(Level.URGENT), flag(Level.CAUTION)], ["name"], [])
    assert not made.overleaf
    assert made.background != sheet().background


@pytest.mark.parametrize("count", [14, 30])
def test_when_flags_fill_the_page_the_rest_has_one_to_itself(count: int):
    rest = sheet(story=())
    assert fit(rest, [flag(Level.URGENT)] * count, ["name"], []) == replace(rest, overleaf=True)


def test_a_page_to_itself_is_cut_too_when_it_overflows():
    tall = sheet(background=(Group("Tried", tuple(line(f"Line {number}", LONG) for number in range(9))),))
    made = fit(tall, [flag(Level.URGENT)] * 14, ["name"], [])
    assert made.overleaf
    assert made.background != tall.background
    assert column_rows(made) + rows_below(made) <= PAGE


def test_a_page_is_added_only_when_the_least_of_the_rest_does_not_fit():
    least = column_rows(shrink(sheet(), 0)) + rows_below(sheet())
    for count in range(40):
        flags = [flag(Level.CAUTION)] * count
        fits = rows_above(sheet(), flags, ["name"], []) + least <= PAGE
        assert fit(sheet(), flags, ["name"], []).overleaf is not fits


@pytest.mark.parametrize(
    ("strip", "notices"),
    [(["name", "a very long address " * 10], []), (["name"], ["former safety answers " * 30])],
)
def test_long_addresses_and_former_answers_take_their_room(strip: list[str], notices: list[str]):
    roomy, tight = fit(sheet(), [], ["name"], []), fit(sheet(), [], strip, notices)
    assert not tight.overleaf
    assert column_rows(tight) < column_rows(roomy)


def test_a_whole_intake_with_a_flag_or_two_fits_uncut(reads: Reads):
    reading = reads(sc_main=["none"], st_now=3, bm_regions=["lowback_l"], go_want="To walk", fe_walk="limp")
    whole = whole_sheet(reading, "left side", None)
    assert fit(whole, [flag(Level.CAUTION)], ["name"], []) == whole


def test_an_empty_line_takes_the_room_of_not_answered():
    assert Line("Gait", ()).width == len("not answered")
    assert Line("Gait", (Part("limp"),)).width == len("limp, ")
