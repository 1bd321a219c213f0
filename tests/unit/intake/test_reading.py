"""From loose input to canonical answers."""

import pytest

from consult.intake.reading import AnswerRefused, Problem, UnknownItems, read_answer, read_answers


@pytest.fixture
def items(catalogue):
    return catalogue.questionnaire.items


@pytest.mark.parametrize(
    ("item", "raw", "answer"),
    [
        ("st_dur", "w6", "w6"),
        ("sc_main", ["calf", "control", "calf"], ["control", "calf"]),
        ("sc_main", "calf", ["calf"]),
        ("sc_main", [], None),
        ("bm_regions", ["saddle", "neck_l"], ["neck_l", "saddle"]),
        ("fe_rom", True, "yes"),
        ("fe_rom", False, "no"),
        ("fe_rom", "no", "no"),
        ("st_now", 0, 0),
        ("st_now", "10", 10),
        ("st_now", 7.0, 7),
        ("st_now", "", None),
        ("pt_dob", "1980-02-29", "1980-02-29"),
        ("tr_self", ["tylenol", "rest"], {"rest": None, "tylenol": None}),
        ("tr_self", {"tylenol": "helped", "rest": "no change"}, {"rest": "no_change", "tylenol": "helped"}),
        ("tr_self", {"rest": None}, {"rest": None}),
        ("go_act", [{"activity": "stairs", "score": 3}], [{"activity": "stairs", "score": 3}]),
        (
            "go_act",
            [{"activity": " ", "score": 3}, {"activity": "work"}],
            [{"activity": "work", "score": None}],
        ),
        ("co_true", True, True),
        ("co_true", False, None),
        ("go_want", "  sleep\r\nbetter\x00\x1b[1m\ud800 ", "sleep\nbetter[1m"),
        ("go_want", "\x07 ", None),
    ],
)
def test_loose_input_becomes_the_canonical_answer(items, item, raw, answer):
    assert read_answer(items[item], raw) == answer


@pytest.mark.parametrize(
    ("item", "raw", "problem", "named"),
    [
        ("st_dur", "w7", Problem.UNKNOWN_OPTION, "w7"),
        ("st_dur", ["w6"], Problem.WRONG_KIND, ""),
        ("sc_main", ["calf", "bogus", "other"], Problem.UNKNOWN_OPTION, "bogus, other"),
        ("sc_main", {"calf": True}, Problem.WRONG_KIND, ""),
        ("sc_main", [1], Problem.WRONG_KIND, ""),
        ("fe_rom", "maybe", Problem.UNKNOWN_OPTION, "maybe"),
        ("st_now", 11, Problem.OUT_OF_RANGE, "11"),
        ("st_now", -1, Problem.OUT_OF_RANGE, "-1"),
        ("st_now", True, Problem.WRONG_KIND, ""),
        ("st_now", 2.5, Problem.WRONG_KIND, ""),
        ("st_now", "9" * 5000, Problem.WRONG_KIND, ""),
        ("pt_dob", "02/03/1980", Problem.NOT_A_DATE, ""),
        ("pt_dob", "19800203", Problem.NOT_A_DATE, ""),
        ("pt_dob", "1981-02-29", Problem.NOT_A_DATE, ""),
        ("tr_self", {"rest": "great"}, Problem.UNKNOWN_OPTION, "helped"),
        ("tr_self", {"bogus": "helped"}, Problem.UNKNOWN_OPTION, "bogus"),
        ("go_want", "x" * 501, Problem.TOO_LONG, "500"),
        ("go_want", 5, Problem.WRONG_KIND, ""),
        ("go_act", [{"activity": "a"}] * 4, Problem.TOO_MANY, "3"),
        ("go_act", [{"activity": "a", "score": 11}], Problem.OUT_OF_RANGE, "11"),
        ("go_act", ["a"], Problem.WRONG_KIND, ""),
        ("co_true", "yes", Problem.WRONG_KIND, ""),
    ],
)
def test_what_is_no_answer_is_refused_by_name(items, item, raw, problem, named):
    with pytest.raises(AnswerRefused) as refusal:
        read_answer(items[item], raw)
    assert refusal.value.item_id == item
    assert refusal.value.problem is problem
    assert named in refusal.value.reason


def test_every_text_has_a_length_of_its_own(items):
    lengths = {item.id: item.max_length for item in items.values() if item.type == "text"}
    assert lengths["tr_medlist"] == 2000
    assert all(lengths.values())


def test_unknown_questions_are_all_named(catalogue):
    with pytest.raises(UnknownItems) as refusal:
        read_answers(catalogue.questionnaire, {"sc_main": ["none"], "sc_mian": ["calf"], "x": 1})
    assert refusal.value.ids == ("sc_mian", "x")
