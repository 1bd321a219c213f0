"""A form built from the questionnaire, and its answers read back as they were typed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from consult.intake.catalogue import load_catalogue
from consult.intake.questionnaire import Questionnaire
from consult.web.questions import Reading, missing_message, question_form, read_form, show_errors

FORMS = Path(__file__).parents[3] / "intake_forms"
Read = Callable[..., Reading]


@pytest.fixture(scope="module")
def questionnaire() -> Questionnaire:
    return load_catalogue(FORMS).questionnaire


@pytest.fixture
def small_app() -> Flask:
    app = Flask(__name__)
    app.secret_key = "for the form only"
    return app


@pytest.fixture
def read(small_app: Flask, questionnaire: Questionnaire) -> Read:
    """Read these names and values as sent for one question."""

    def read_item(item_id: str, sent: Mapping[str, Any]) -> Reading:
        items = [questionnaire.items[item_id]]
        with small_app.test_request_context(method="POST", data=MultiDict(sent)):
            return read_form(question_form(items, {}), items)

    return read_item


TAKEN = [
    ("pt_name", {"pt_name": " Rosa "}, "Rosa"),
    ("pt_name", {"pt_name": ""}, None),
    ("pt_name", {"pt_name": "   "}, None),
    ("pt_name", {}, None),
    ("st_dur", {"st_dur": "w6"}, "w6"),
    ("he_thin", {"he_thin": "no"}, "no"),
    ("st_now", {"st_now": "0"}, 0),
    ("st_now", {"st_now": ""}, None),
    ("sc_main", {"sc_main": ["weight", "calf"]}, ["calf", "weight"]),
    ("sc_main", {}, None),
    ("sc_main", {"sc_main": ["calf", "calf"]}, ["calf"]),
    ("bm_regions", {"bm_regions": ["knee_l"]}, ["knee_l"]),
    ("pt_dob", {"pt_dob-year": "1980", "pt_dob-month": "3", "pt_dob-day": "04"}, "1980-03-04"),
    ("pt_dob", {"pt_dob-year": " 1980 ", "pt_dob-month": "12", "pt_dob-day": "31"}, "1980-12-31"),
    ("pt_dob", {"pt_dob-year": "", "pt_dob-month": "", "pt_dob-day": ""}, None),
    ("pt_dob", {}, None),
    ("co_tele", {"co_tele": "yes"}, True),
    ("co_tele", {}, None),
    ("co_tele", {"co_tele": "no"}, None),
    (
        "tr_self",
        {"tr_self": ["rest", "advil"], "tr_self-rest-rating": "helped", "tr_self-cream-rating": "worse"},
        {"rest": "helped", "advil": None},
    ),
    ("tr_self", {"tr_self-rest-rating": "helped"}, None),
    (
        "go_act",
        {
            "go_act-0-activity": " Walk ",
            "go_act-0-score": "0",
            "go_act-2-activity": "Sit",
            "go_act-2-score": "",
        },
        [{"activity": "Walk", "score": 0}, {"activity": "Sit", "score": None}],
    ),
    ("go_act", {"go_act-0-activity": "", "go_act-0-score": ""}, None),
    ("go_act", {"go_act-3-activity": "a fourth"}, None),
]


@pytest.mark.parametrize(("item_id", "sent", "answer"), TAKEN)
def test_what_was_sent_is_taken_as(read: Read, item_id: str, sent: dict[str, Any], answer: Any):
    reading = read(item_id, sent)
    assert reading.errors == {}
    assert reading.answers == {item_id: answer}
    assert type(reading.answers[item_id]) is type(answer)


REFUSED = [
    ("pt_name", {"pt_name": "N" * 121}, "Shorten your answer to 120 characters or fewer."),
    ("st_dur", {"st_dur": "ages"}, "Choose from the answers given"),
    ("he_thin", {"he_thin": "maybe"}, "Choose from the answers given"),
    ("st_now", {"st_now": "11"}, "Choose a number from 0 to 10."),
    ("st_now", {"st_now": "3.5"}, "Choose from the answers given"),
    ("st_now", {"st_now": "9" * 10_000}, "Choose"),
    ("sc_main", {"sc_main": ["calf", "x"]}, "Choose from the answers given"),
    ("pt_dob", {"pt_dob-year": "1980", "pt_dob-month": "2", "pt_dob-day": "30"}, "Write the date as"),
    ("pt_dob", {"pt_dob-year": "1980", "pt_dob-month": "", "pt_dob-day": "30"}, "Write the date as"),
    ("pt_dob", {"pt_dob-year": "80x", "pt_dob-month": "1", "pt_dob-day": "1"}, "Write the date as"),
    ("pt_dob", {"pt_dob-year": "١٩٨٠", "pt_dob-month": "1", "pt_dob-day": "1"}, "Write the date as"),
    ("tr_self", {"tr_self": ["magic"]}, "Choose from the answers given"),
    ("tr_self", {"tr_self": ["rest"], "tr_self-rest-rating": "cured"}, "Choose from the answers given"),
    ("go_act", {"go_act-0-activity": "Walk", "go_act-0-score": "11"}, "Choose a number from 0 to 10."),
    ("go_act", {"go_act-0-activity": "W" * 101, "go_act-0-score": "1"}, "Shorten your answer to 100"),
]


@pytest.mark.parametrize(("item_id", "sent", "message"), REFUSED)
def test_what_cannot_be_an_answer_is_refused_in_words_that_quote_nothing_typed(
    read: Read, item_id: str, sent: dict[str, Any], message: str
):
    reading = read(item_id, sent)
    assert item_id not in reading.answers
    assert message in reading.errors[item_id]
    for value in sent.values():
        typed = value[-1] if isinstance(value, list) else value
        assert len(typed) < 5 or typed not in reading.errors[item_id]


def test_what_was_typed_stays_in_the_form_whatever_it_was(small_app: Flask, questionnaire: Questionnaire):
    items = [questionnaire.items[name] for name in ("pt_name", "pt_dob", "sc_main", "st_now")]
    sent = {
        "pt_name": "N" * 500,
        "pt_dob-year": "80x",
        "pt_dob-month": "2",
        "pt_dob-day": "30",
        "sc_main": "x",
        "st_now": "eleven",
    }
    with small_app.test_request_context(method="POST", data=sent):
        form = question_form(items, {"pt_name": "Rosa"})
        assert form["pt_name"].data == "N" * 500
        assert form["pt_dob"].data == {"year": "80x", "month": "2", "day": "30"}
        assert form["sc_main"].data == ["x"]
        assert form["st_now"].data == "eleven"


def test_a_page_opened_anew_shows_what_was_saved(small_app: Flask, questionnaire: Questionnaire):
    saved: dict[str, Any] = {
        "pt_name": "Rosa",
        "pt_dob": "1980-03-14",
        "sc_main": ["calf"],
        "st_now": 0,
        "co_tele": True,
        "tr_self": {"rest": None},
        "go_act": [{"activity": "Walk", "score": 3}],
    }
    items = [questionnaire.items[name] for name in (*saved, "st_dur")]
    with small_app.test_request_context():
        form = question_form(items, saved)
        assert {name: form[name].data for name in saved} == saved
        assert form["st_dur"].data is None


def test_errors_are_listed_in_the_order_of_the_page(small_app: Flask, questionnaire: Questionnaire):
    items = [questionnaire.items[name] for name in ("pt_name", "pt_dob", "pt_filler")]
    with small_app.test_request_context():
        form = question_form(items, {})
        listed = show_errors(form, {"pt_filler": "third", "pt_name": "first", "pt_dob": "second"})
        assert listed == [("pt_name", "first"), ("pt_dob", "second"), ("pt_filler", "third")]
        assert form["pt_dob"].errors == ["second"]


def test_every_required_question_says_what_is_missing(questionnaire: Questionnaire):
    for item in questionnaire.items.values():
        message = missing_message(item)
        assert message.endswith((".", "”")), item.id
        assert item.ask in message or item.type == "agree", item.id
