"""The nerve line and what stands beside it."""

from collections.abc import Callable

import pytest

from consult.summary.lines import NOT_ANSWERED
from consult.summary.nerve_line import finding_lines, nerve_line
from consult.summary.reading import Reading

Reads = Callable[..., Reading]

KNEE_ONLY = {"bm_regions": ["knee_l"], "bm_main": "knee_l"}


@pytest.mark.parametrize(
    ("raw", "words", "signs"),
    [
        ({}, [], []),
        (
            {"fe_shoot": "no", "fe_numb": "no", "fe_weak": "no"},
            ["shooting: no", "numb: no", "weak: no"],
            [],
        ),
        (
            {
                "fe_shoot": "one",
                "fe_shoot_reach": "foot",
                "fe_numb": "one",
                "fe_weak": "no",
                "fe_ntrend": "same",
            },
            ["shooting: one leg", "reach: foot", "numb: one side", "weak: no", "trend: same"],
            ["shooting: one leg", "reach: foot", "numb: one side", "trend: same"],
        ),
        (
            {"fe_shoot": "one", "fe_numb": "both"},
            [
                "shooting: one leg",
                "reach: not answered",
                "numb: both sides",
                "weak: not answered",
                "trend: not answered",
            ],
            ["shooting: one leg", "numb: both sides"],
        ),
    ],
)
def test_the_nerve_line_says_all_that_was_asked_and_lets_signs_stand_out(
    reads: Reads, raw: dict, words: list[str], signs: list[str]
):
    line = nerve_line(reads(**raw))
    assert [part.words for part in line.parts] == words
    assert [part.words for part in line.parts if part.sign] == signs
    assert line.whole


def test_what_nobody_answered_is_no_sign_and_never_a_no(reads: Reads):
    for line in finding_lines(reads()):
        for part in line.parts:
            assert not part.sign
            assert part.words.endswith(NOT_ANSWERED)


def test_groin_pain_is_left_out_where_it_was_not_asked(reads: Reads):
    assert "Groin pain" not in {line.label for line in finding_lines(reads(**KNEE_ONLY))}
    assert "Groin pain" in {line.label for line in finding_lines(reads(bm_regions=["lowback_l"]))}


@pytest.mark.parametrize(
    ("regions", "modules"),
    [(["knee_l"], {"Knee"}), (["neck_r"], {"Neck"}), (["lowback_l"], set()), (None, set())],
)
def test_neck_and_knee_have_a_line_when_the_chart_opened_them(
    reads: Reads, regions: list[str] | None, modules: set[str]
):
    raw = {"bm_regions": regions} if regions else {}
    labels = {line.label for line in finding_lines(reads(**raw, kn_lock="yes", ne_arm="yes"))}
    assert labels & {"Neck", "Knee"} == modules


def test_a_sign_of_the_knee_stands_out_between_what_is_not_known(reads: Reads):
    [knee] = [line for line in finding_lines(reads(**KNEE_ONLY, kn_lock="yes")) if line.label == "Knee"]
    assert [part.words for part in knee.parts if part.sign] == ["locked: yes"]
    assert "gives way: not answered" in [part.words for part in knee.parts]


@pytest.mark.parametrize(("walking", "sign"), [("ok", False), ("limp", True), ("few", True)])
def test_a_changed_gait_stands_out(reads: Reads, walking: str, sign: bool):
    [gait] = [line for line in finding_lines(reads(fe_walk=walking)) if line.label == "Gait"]
    assert [part.sign for part in gait.parts] == [sign]
