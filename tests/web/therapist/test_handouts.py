"""The patient's tips in the therapist's hands: what is on the page, and whether the patient can read it."""

from collections.abc import Callable
from typing import Any

from tests.journeys.page import Page
from tests.journeys.patient import Patient, Therapist, Visitor


def handout_of(therapist: Therapist, name: str):
    therapist.sign_in()
    therapist.read_summary(name)
    return therapist.follow("Tips for the patient")


def fill_in(therapist: Therapist, **answers: Any) -> None:
    form = next(form for form in therapist.page.forms if form.named("line"))
    for name, answer in answers.items():
        form.fill(name, answer)


def ticked(page: Page) -> list[str]:
    return next(form for form in page.forms if form.named("line")).ticked("line")


def test_tips_wait_for_the_therapist_until_she_says_otherwise_for_all(patient: Patient, therapist: Therapist):
    private_page = patient.book()
    patient.send_intake(private_page)
    assert patient.open(f"{private_page}/tips").status == 404
    page = handout_of(therapist, "Rosa Marin")
    assert "Waits for you" in page.text
    address = page.path

    page = therapist.press("Release all tips at once")
    assert (page.path, page.heading) == (address, "Tips for Rosa Marin")
    assert "The patient can read this page now." in page.text
    assert patient.open(f"{private_page}/tips").heading == "Tips before your visit"

    page = therapist.press("Let all tips wait for me")
    assert "Waits for you" in page.text
    assert patient.open(f"{private_page}/tips").status == 404


def test_tips_at_once_still_wait_for_the_answers(patient: Patient, therapist: Therapist):
    private_page = patient.book()
    handout_of(therapist, "Rosa Marin")
    page = therapist.press("Release all tips at once")
    assert "The patient can read it once the intake is sent" in page.text
    assert patient.open(f"{private_page}/tips").status == 404
    patient.send_intake(private_page)
    assert patient.open(f"{private_page}/tips").status == 200


def test_tips_released_by_hand_stay_when_the_others_wait_again(patient: Patient, therapist: Therapist):
    private_page = patient.book()
    patient.send_intake(private_page)
    handout_of(therapist, "Rosa Marin")
    assert "Saved. Released The patient can read this page now." in therapist.press("Save and release").text
    assert "Saved." not in therapist.open(therapist.page.path).text
    therapist.press("Release all tips at once")
    therapist.press("Let all tips wait for me")
    assert patient.open(f"{private_page}/tips").status == 200


def test_the_setting_is_refused_to_others_and_for_what_it_does_not_know(
    patient: Patient, therapist: Therapist
):
    patient.book()
    page = handout_of(therapist, "Rosa Marin")
    form = page.form_with("Release all tips at once")
    known = dict(form.sent("Release all tips at once"))
    for wrong, status in (
        ({"at_once": "maybe"}, 400),
        ({"booking_id": "x"}, 404),
        ({"csrf_token": "x"}, 400),
    ):
        assert therapist.send(form.action, list({**known, **wrong}.items())).status == status
    assert patient.send(form.action, list(known.items())).path in ("/login", "/therapist/handouts")
    assert therapist.open(page.path).offers("Release all tips at once")


def test_tips_are_hidden_again_from_the_patient_also_while_all_are_released_at_once(
    patient: Patient, therapist: Therapist
):
    private_page = patient.book()
    patient.send_intake(private_page)
    handout_of(therapist, "Rosa Marin")
    therapist.press("Save and release")
    assert "Hidden You took it back." in therapist.press("Save and hide from the patient").text
    therapist.press("Release all tips at once")
    assert "Hidden You took it back." in therapist.page.text
    assert patient.open(f"{private_page}/tips").status == 404
    therapist.press("Save and release")
    assert patient.open(f"{private_page}/tips").status == 200


def test_a_page_open_for_too_long_or_a_note_too_long_keeps_lines_and_note(
    patient: Patient, therapist: Therapist, send_with_forged_token: Callable[[Visitor, str], Page]
):
    patient.send_intake(patient.book())
    handout_of(therapist, "Rosa Marin")
    fill_in(therapist, line=["knee-to-chest"], note="Slowly, please.")
    page = send_with_forged_token(therapist, "Save for later")
    assert (page.status, ticked(page)) == (422, ["knee-to-chest"])
    assert page.form_with("Save and release").value("note") == "Slowly, please."
    assert "open for a long time" in page.errors["main"]
    fill_in(therapist, note="x\r\n" * 1000 + "x")
    page = therapist.press("Save for later")
    assert (page.status, ticked(page)) == (422, ["knee-to-chest"])
    assert page.errors["note"] == "Shorten your words to 2000 characters or fewer."
    fill_in(therapist, note="x\r\n" * 999 + "xx")
    assert "Saved." in therapist.press("Save for later").text
    assert ticked(therapist.page) == ["knee-to-chest"]


def test_a_line_given_back_by_hand_is_left_out_again_when_a_new_sign_comes_up(
    patient: Patient, therapist: Therapist
):
    """And a page that knew nothing of the sign gives nothing back."""
    private_page = patient.book()
    patient.send_intake(private_page, go_kneel="no")
    page = handout_of(therapist, "Rosa Marin")
    assert "cat-camel" not in ticked(page)
    fill_in(therapist, line=["cobra", "cat-camel"])
    left_open = therapist.press("Save and release")
    assert ticked(left_open) == ["cat-camel", "cobra"]
    patient.open(f"{private_page}/safety")
    patient.fill(rc_same=["calf"])
    patient.press()
    assert "Stretches" not in patient.open(f"{private_page}/tips").text
    page = therapist.press("Save")
    assert "answers have changed" in page.errors["main"]
    assert ticked(page) == []
    assert "Stretches" not in patient.open(f"{private_page}/tips").text
