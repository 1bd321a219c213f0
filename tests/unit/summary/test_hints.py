"""Hints: counts, the strongest answers, ties, and the question between the first two."""

from collections.abc import Callable

import pytest

from consult.summary.hints import ranked_hints
from consult.summary.reading import Reading
from consult.summary.telling import telling_question

Reads = Callable[..., Reading]

HIP = {"fe_groin": "same", "fe_walk": "limp", "st_course": "onoff"}
BACK = {"bm_spread": "stay", "wb_better": ["standwalk"]}
BACK_HURTS = {"bm_regions": ["lowback_l"], "bm_main": "lowback_l"}


def test_counts_are_of_all_answers_and_only_two_are_named(reads: Reads):
    [hint] = ranked_hints(
        reads(fe_quality=["ache"], fe_comf="yes", wb_worse=["run", "stairs"], fe_numb="one", fe_ntrend="same")
    )[:1]
    assert (hint.id, hint.fits, hint.against) == ("si_joint_like", 4, 1)
    assert [clue.label for clue in hint.strongest_fits] == [
        "aching low back",
        "hard to find a comfortable position",
    ]
    assert [clue.label for clue in hint.strongest_against] == ["leg numbness"]


def test_the_si_hint_says_that_others_can_look_the_same(reads: Reads):
    [hint] = ranked_hints(reads(fe_quality=["ache"], fe_comf="yes"))
    assert hint.note == "A disc problem or arthritis can look the same (A48)."


def test_hints_of_one_rank_are_mixed_and_a_leader_is_not(reads: Reads):
    tied = ranked_hints(
        reads(**BACK_HURTS, **HIP, bm_spread="stay", fe_shoot="one", wb_worse=["sit", "walk"])
    )
    by_id = {hint.id: hint for hint in tied}
    assert by_id["hip_like"].fits - by_id["hip_like"].against == 1
    ranks = [hint.fits - hint.against for hint in tied]
    assert [hint.mixed for hint in tied] == [ranks.count(rank) > 1 for rank in ranks]
    assert True not in {hint.mixed for hint in ranked_hints(reads(**HIP))}


def test_the_strongest_answers_are_those_that_speak_against_the_other_hints(reads: Reads):
    """Shooting pain fits both the back and the nerve picture, so it tells them apart from neither."""
    reading = reads(
        **BACK_HURTS,
        bm_spread="leg",
        fe_shoot="one",
        fe_shoot_reach="foot",
        fe_numb="one",
        fe_quality=["burn"],
        wb_worse=["sit"],
        wb_better=["standwalk"],
    )
    hints = {hint.id: hint for hint in ranked_hints(reading)}
    assert [clue.label for clue in hints["disc_or_nerve_like"].strongest_fits] == [
        "numb leg or foot",
        "tingling or burning",
    ]
    assert hints["back_like"].strongest_fits[0].label == "eased by standing or walking"


def test_an_answer_against_another_hint_is_stronger_than_one_that_only_fits(reads: Reads):
    """Shooting pain and pain on sitting speak against a hip; numbness and tingling do not."""
    reading = reads(
        **BACK_HURTS,
        **HIP,
        fe_shoot="one",
        fe_shoot_reach="foot",
        fe_numb="one",
        fe_quality=["burn"],
        wb_worse=["sit", "walk"],
    )
    hints = {hint.id: hint for hint in ranked_hints(reading)}
    assert set(hints) == {"disc_or_nerve_like", "hip_like"}
    strongest = [clue.label for clue in hints["disc_or_nerve_like"].strongest_fits]
    assert strongest == ["shooting pain down one leg", "worse sitting or bending"]
    assert [clue.label for clue in hints["hip_like"].strongest_against] == [
        "shooting leg pain",
        "worse sitting or bending",
    ]


def test_one_hint_alone_needs_no_question_to_tell_it_apart(reads: Reads):
    reading = reads(**HIP)
    assert [match.id for match in reading.assessment.patterns] == ["hip_like"]
    assert telling_question(reading) is None


def test_a_question_not_answered_yet_comes_before_one_with_a_wider_swing(reads: Reads):
    """What makes it worse would swing further, but was answered."""
    reading = reads(**BACK_HURTS, **BACK, fe_walk="limp", st_course="onoff", wb_worse=["stand"])
    assert [match.id for match in reading.assessment.patterns] == ["hip_like", "back_like"]
    telling = telling_question(reading)
    assert telling is not None
    assert (telling.ask, telling.answer) == ("Does pain shoot down your leg?", "not answered")
    assert (telling.for_first, telling.for_second) == ((), ("one leg", "both legs"))


@pytest.mark.parametrize(
    ("worse", "ask", "answered"),
    [(None, "What makes it worse?", False), (["stairs"], "What makes it worse?", True)],
)
def test_the_widest_swing_between_two_hints_wins(reads: Reads, worse: list | None, ask: str, answered: bool):
    raw = {
        **BACK_HURTS,
        **HIP,
        "bm_spread": "stay",
        "wb_better": ["standwalk"],
        "fe_shoot": "no",
        "fe_comf": "no",
    }
    raw |= {"wb_worse": worse} if worse else {}
    reading = reads(**raw)
    pair = [match.id for match in reading.assessment.patterns[:2]]
    telling = telling_question(reading)
    assert pair == ["hip_like", "back_like"]
    assert telling is not None
    assert (telling.ask, telling.answered) == (ask, answered)
    assert (telling.first, telling.second) == ("Hip-like", "Back-like")
    assert telling.for_first == ("standing", "walking")
    assert telling.for_second == ("sitting", "bending")
