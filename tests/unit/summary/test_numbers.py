"""Scores, duration, onset, night: known or said to be not answered."""

from collections.abc import Callable

import pytest

from consult.summary.lines import Line
from consult.summary.numbers import PainScores, duration_band, pain_scores, story_lines, where_lines
from consult.summary.reading import Reading

Reads = Callable[..., Reading]


def said(lines: tuple[Line, ...], label: str) -> list[str]:
    [line] = [line for line in lines if line.label == label]
    return [part.words for part in line.parts]


@pytest.mark.parametrize(
    ("raw", "scores", "mean"),
    [
        ({"st_now": 6, "st_worst": 8, "st_best": 3}, PainScores(6, 8, 3), 5.7),
        ({"st_now": 0, "st_worst": 0, "st_best": 0}, PainScores(0, 0, 0), 0.0),
        ({"st_now": 6, "st_worst": 8}, PainScores(6, 8, None), None),
        ({}, PainScores(None, None, None), None),
    ],
)
def test_the_mean_needs_all_three_scores(reads: Reads, raw: dict, scores: PainScores, mean: float | None):
    assert pain_scores(reads(**raw)) == scores
    assert scores.mean == mean


@pytest.mark.parametrize(
    ("duration", "band"),
    [
        ("d2w", "acute"),
        ("w6", "acute"),
        ("w12", "between acute and chronic"),
        ("m12", "chronic"),
        ("y1", "chronic"),
        (None, ""),
    ],
)
def test_the_band_follows_the_articles_bounds(duration: str | None, band: str):
    assert duration_band(duration) == band


def test_beside_the_chart_stand_main_site_side_spread_and_duration(reads: Reads):
    lines = where_lines(reads(bm_main="knee_l", bm_spread="leg", st_dur="w6"), "left side")
    assert said(lines, "Main site") == ["knee left"]
    assert said(lines, "Side") == ["Left side"]
    assert said(lines, "Spread") == ["runs down the leg"]
    assert said(lines, "Lasting") == ["2 to 6 weeks (acute)"]


def test_what_is_unknown_beside_the_chart_has_no_words(reads: Reads):
    assert [line.parts for line in where_lines(reads(), "")] == [(), (), (), ()]


@pytest.mark.parametrize(
    ("raw", "onset"),
    [
        ({"st_onset": "slow"}, ["slowly"]),
        ({"st_onset": "unsure"}, ["not sure"]),
        ({"st_onset": "event"}, ["suddenly after an event", "event not answered"]),
        (
            {"st_onset": "event", "st_event": ["sport", "fall"], "st_warm": "no", "st_fall_when": "w2"},
            ["suddenly after an event", "sports", "fall or accident", "hurt: last 2 weeks", "warmed up: no"],
        ),
        (
            {"st_onset": "event", "st_event": ["sport"]},
            ["suddenly after an event", "sports", "warmed up: not answered"],
        ),
        ({"st_event": ["fall"]}, []),
    ],
)
def test_the_onset_names_the_event_and_what_is_missing_of_it(reads: Reads, raw: dict, onset: list[str]):
    assert said(story_lines(reads(**raw)), "Onset") == onset


@pytest.mark.parametrize(
    ("raw", "night"),
    [
        ({"st_night": "ok"}, ["sleeps fine"]),
        ({"st_night": "wake"}, ["wakes but settles", "worse after a bad night: not answered"]),
        ({"st_night": "wake", "st_sleepworse": "no"}, ["wakes but settles", "worse after a bad night: no"]),
        ({}, []),
    ],
)
def test_the_night_never_says_no_for_what_was_not_answered(reads: Reads, raw: dict, night: list[str]):
    assert said(story_lines(reads(**raw)), "Night") == night


@pytest.mark.parametrize(
    ("raw", "limits"),
    [
        ({"li_daily": 0}, ["daily life: 0 of 10", "enjoyment: not answered"]),
        ({"li_daily": 6, "li_joy": 7}, ["daily life: 6 of 10", "enjoyment: 7 of 10"]),
        ({}, []),
    ],
)
def test_a_score_of_zero_is_a_score(reads: Reads, raw: dict, limits: list[str]):
    assert said(story_lines(reads(**raw)), "Limits") == limits
