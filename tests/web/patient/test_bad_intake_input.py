"""Tampered answers to every kind of question of the intake form."""

import pytest

from tests.journeys.patient import INTAKE, Patient

Pairs = list[tuple[str, str]]


@pytest.fixture
def filled_in(patient: Patient) -> tuple[Patient, str]:
    private_page = patient.book()
    patient.open(f"{private_page}/intake")
    patient.fill_in_intake()
    return patient, private_page


BAD: dict[str, tuple[str, str, list[str], str]] = {
    "a region not on the body": ("where", "bm_regions", ["tail"], "Choose from the answers given"),
    "no region": ("where", "bm_regions", [], "Mark at least one place for"),
    "an unknown duration": ("story", "st_dur", ["ages"], "Choose from the answers given"),
    "pain over ten": ("story", "st_now", ["11"], "Choose a number from 0 to 10."),
    "negative pain": ("story", "st_now", ["-1"], "Choose from the answers given"),
    "pain in words": ("story", "st_now", ["a lot"], "Choose from the answers given"),
    "pain in other digits": ("story", "st_now", ["٧"], "Choose from the answers given"),
    "neither yes nor no": ("feel", "fe_rom", ["maybe"], "Choose from the answers given"),
    "an unknown remedy": ("tried", "tr_self", ["magic"], "Choose from the answers given"),
    "text too long": ("goals", "go_want", ["w" * 501], "Shorten your answer to 500 characters or fewer."),
    "no text": ("goals", "go_want", ["  "], "Write an answer to"),
    "no agreement": ("consent", "co_tele", ["no"], "Tick the box to agree"),
    "a signature too long": ("consent", "co_sign", ["X" * 121], "Shorten your answer to 120 characters"),
    "an unknown sign": ("recheck", "rc_same", ["sniffles"], "Choose from the answers given"),
}


def test_a_tampered_answer_shows_the_topic_again_and_the_rest_is_kept(
    filled_in: tuple[Patient, str], subtests
):
    patient, private_page = filled_in
    topics = {topic for topic, *_ in BAD.values()}
    forms = {topic: patient.open(f"{private_page}/intake/{topic}").form for topic in topics}
    for case, (topic, name, values, message) in BAD.items():
        with subtests.test(case):
            address = f"{private_page}/intake/{topic}"
            sent = forms[topic].sent("Save and continue")
            kept = [pair for pair in sent if pair[0] != name and not pair[0].startswith(f"{name}-")]
            page = patient.send(address, [*kept, *((name, value) for value in values)])
            assert (page.status, list(page.errors)) == (422, [name])
            assert message in page.errors[name]
            assert page.title.startswith("Error: ")
            shown = page.form.sent("Save and continue")
            assert _answers(shown, without=name) == _answers(kept, without=name)
            if name in ("go_want", "co_sign"):
                assert page.form.value(name).strip() == values[0].strip()
    assert patient.open(f"{private_page}/intake/check").status == 200


def test_a_score_out_of_range_and_a_rating_nobody_offered_are_refused(
    filled_in: tuple[Patient, str], subtests
):
    patient, private_page = filled_in
    for topic, name, value, field in (
        ("goals", "go_act-0-score", "11", "go_act"),
        ("tried", "tr_self-rest-rating", "cured", "tr_self"),
    ):
        with subtests.test(name):
            address = f"{private_page}/intake/{topic}"
            form = patient.open(address).form
            kept = [pair for pair in form.sent("Save and continue") if pair[0] != name]
            page = patient.send(address, [*kept, (name, value)])
            assert (page.status, list(page.errors)) == (422, [field])


def test_answers_to_questions_of_another_topic_are_not_taken(filled_in: tuple[Patient, str]):
    patient, private_page = filled_in
    form = patient.open(f"{private_page}/intake/life").form
    patient.send(
        f"{private_page}/intake/life",
        [*form.sent("Save and continue"), ("sc_main", "chest"), ("pt_name", "Mallory"), ("rc_same", "chest")],
    )
    assert patient.open(private_page).heading == "You're booked, Rosa"
    assert patient.open(f"{private_page}/intake/recheck").form.ticked("rc_same") == ["none"]


def test_a_topic_that_is_not_asked_is_not_found(filled_in: tuple[Patient, str], subtests):
    patient, private_page = filled_in
    token = patient.open(f"{private_page}/intake/life").form.value("csrf_token")
    for topic in ("screen", "about", "knee", "neck", "nothing", "intake"):
        with subtests.test(topic):
            assert patient.open(f"{private_page}/intake/{topic}").status == 404
            assert patient.send(f"{private_page}/intake/{topic}", [("csrf_token", token)]).status == 404


def test_none_beside_a_sign_counts_as_the_sign_when_asked_again(filled_in: tuple[Patient, str]):
    patient, private_page = filled_in
    form = patient.open(f"{private_page}/intake/recheck").form
    page = patient.send(
        f"{private_page}/intake/recheck", [*form.sent("Save and continue"), ("rc_same", "chest")]
    )
    assert page.heading == "Emergency: Stop. Get help now."


def test_leaving_for_later_takes_no_nonsense_either(filled_in: tuple[Patient, str]):
    patient, private_page = filled_in
    address = f"{private_page}/intake/story"
    form = patient.open(address).form
    kept = [pair for pair in form.sent("Save and finish later") if pair[0] != "st_now"]
    page = patient.send(address, [*kept, ("st_now", "99")])
    assert (page.status, list(page.errors)) == (422, ["st_now"])
    assert patient.open(address).form.value("st_now") == INTAKE["st_now"]


def _answers(pairs: Pairs, without: str) -> Pairs:
    return sorted(pair for pair in pairs if pair[0] not in (without, "csrf_token"))
