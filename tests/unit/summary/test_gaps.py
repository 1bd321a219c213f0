"""What was asked and not answered."""

from collections.abc import Callable

from consult.summary.gaps import gap_line
from consult.summary.reading import Reading

Reads = Callable[..., Reading]


def gaps(reading: Reading) -> list[str]:
    return [part.words for part in gap_line(reading).parts]


def test_what_was_not_answered_is_listed_but_not_the_paperwork(reads: Reads):
    named = gaps(reads(sc_main=["none"], st_dur="w6", bm_regions=["lowback_l"]))
    assert named[:3] == ["main pain", "spread", "onset"]
    assert "duration" not in named
    assert not {"name", "phone", "signature", "recheck"} & set(named)


def test_a_section_without_any_answer_is_named_as_a_whole(reads: Reads):
    named = gaps(reads(sc_main=["none"], st_dur="w6", bm_regions=["lowback_l"]))
    assert "all of “Your health”" in named
    assert "conditions" not in named


def test_a_section_of_one_question_is_named_by_it(reads: Reads):
    assert gaps(reads(bm_regions=["lowback_l"]))[0] == "safety check"


def test_questions_that_never_opened_are_no_gap(reads: Reads):
    named = gaps(reads(bm_regions=["lowback_l"], fe_shoot="no", st_onset="slow"))
    assert not {"leg pain reaches", "event", "all of “Knee”", "all of “Neck and arm”"} & set(named)


def test_a_follow_up_that_opened_is_one(reads: Reads):
    assert "leg pain reaches" in gaps(reads(fe_shoot="one"))
