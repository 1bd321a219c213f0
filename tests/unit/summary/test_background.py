"""What was tried and what is wanted."""

from collections.abc import Callable

import pytest

from consult.summary.background import background
from consult.summary.lines import Line
from consult.summary.reading import Reading

Reads = Callable[..., Reading]


def line_of(reading: Reading, label: str) -> Line | None:
    lines = {line.label: line for group in background(reading) for line in group.lines}
    return lines.get(label)


def said(reading: Reading, label: str) -> list[str]:
    line = line_of(reading, label)
    assert line is not None
    return [part.words for part in line.parts]


def test_what_was_tried_stands_worse_first_then_helped_then_no_change_then_unrated(reads: Reads):
    tried = {"rest": "no_change", "heatcold": "helped", "advil": None, "move": "worse"}
    reading = reads(tr_self=tried)
    assert said(reading, "At home") == [
        "staying active (worse)",
        "heat or cold (helped)",
        "rest (no change)",
        "Advil or Motrin (result not answered)",
    ]
    home = line_of(reading, "At home")
    assert home is not None
    assert [part.words for part in home.parts if part.sign] == ["staying active (worse)"]


def test_nothing_yet_has_no_result(reads: Reads):
    assert said(reads(tr_self={"none": None}), "At home") == ["nothing yet"]


def test_activities_have_their_scores(reads: Reads):
    rows = [{"activity": "Stairs", "score": 0}, {"activity": "Sitting", "score": None}]
    assert said(reads(go_act=rows), "Activities") == ["Stairs (0 of 10)", "Sitting (not answered)"]


@pytest.mark.parametrize(
    ("raw", "doctor"),
    [
        ({}, []),
        (
            {"tr_doc": "image"},
            ["checked this pain: yes with imaging", "rest and basic care helped: not answered"],
        ),
        (
            {"tr_doc": "no", "tr_enough": "some", "tr_ther": {"mass": "helped"}},
            [
                "checked this pain: no",
                "knows the other treatments: not answered",
                "rest and basic care helped: some",
            ],
        ),
    ],
)
def test_doctor_imaging_and_basic_care(reads: Reads, raw: dict, doctor: list[str]):
    assert said(reads(**raw), "Doctor") == doctor


def test_a_patients_own_sentence_keeps_every_word(reads: Reads):
    line = line_of(reads(go_want="To walk\nmy dog <b>again</b>"), "Wants")
    assert line is not None
    assert line.joined_by.join(part.words for part in line.parts) == "To walk\nmy dog <b>again</b>"


def test_without_answers_every_line_is_empty_which_reads_not_answered(reads: Reads):
    lines = [line for group in background(reads()) for line in group.lines]
    assert {line.label for line in lines} >= {
        "Found",
        "Medicines",
        "Doctor",
        "Wants",
        "Worry",
        "Avoid",
        "Can",
    }
    assert [line.parts for line in lines if line.parts] == []


def test_questions_that_were_not_asked_or_may_be_skipped_take_no_line(reads: Reads):
    labels = {line.label for group in background(reads(bm_regions=["knee_l"])) for line in group.lines}
    assert not labels & {"Stretches", "Medicine list", "Help with"}
