"""Whether tips wait for the therapist."""

from tests.journeys.patient import Patient, Therapist


def handout_of(therapist: Therapist, name: str):
    therapist.sign_in()
    therapist.read_summary(name)
    return therapist.follow("Tips for the patient")


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
