"""Forms sent from elsewhere, or from a page that was open too long."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.journeys.page import Page
from tests.journeys.patient import EARLIEST, Patient, Visitor

Rows = Callable[[str], list[tuple]]
Forged = Callable[[Visitor, str], Page]


def test_the_safety_check_is_shown_again_with_the_ticks_kept_and_nothing_saved(
    patient: Patient, send_with_forged_token: Forged, rows: Rows
):
    patient.open("/book/safety")
    patient.fill(sc_main=["calf", "weight"])
    page = send_with_forged_token(patient, "Continue")
    assert (page.status, page.path) == (422, "/book/safety")
    assert "This page was open for a long time. Nothing is lost" in page.errors["main"]
    assert page.form.ticked("sc_main") == ["calf", "weight"]
    assert rows("SELECT * FROM booking") == []
    assert patient.press().path == "/book/advice"


def test_a_page_about_the_patient_is_shown_again_with_everything_typed(
    patient: Patient, send_with_forged_token: Forged, rows: Rows
):
    patient.pass_safety_check()
    patient.choose_time()
    before = rows("SELECT answers_sealed FROM questionnaire_response")
    patient.fill(pt_name="Rosa <Marin>", pt_dob="1980-03-14", pt_filler="helper")
    page = send_with_forged_token(patient, "Continue")
    assert (page.status, list(page.errors)) == (422, ["main"])
    assert page.form.value("pt_name") == "Rosa <Marin>"
    assert [page.form.value(f"pt_dob-{part}") for part in ("year", "month", "day")] == ["1980", "3", "14"]
    assert page.form.value("pt_filler") == "helper"
    assert rows("SELECT answers_sealed FROM questionnaire_response") == before
    assert patient.press().path == "/book/about/contact"


def test_a_time_is_not_held(patient: Patient, send_with_forged_token: Forged, rows: Rows):
    patient.pass_safety_check()
    patient.fill(start=EARLIEST)
    page = send_with_forged_token(patient, "Continue with this time")
    assert (page.status, page.path) == (422, "/book/time")
    assert "open for a long time" in page.errors["main"]
    assert page.form.ticked("start") == [EARLIEST]
    assert rows("SELECT * FROM appointment") == []


def test_terms_are_not_agreed_to_and_the_ticks_are_kept(
    patient: Patient, send_with_forged_token: Forged, rows: Rows
):
    patient.pass_safety_check()
    patient.choose_time()
    patient.tell_about_myself()
    patient.fill(privacy=True, cancellation=True)
    page = send_with_forged_token(patient, "Continue")
    assert (page.status, page.path) == (422, "/book/terms")
    assert page.form.ticked("privacy") == page.form.ticked("cancellation") == ["yes"]
    assert rows("SELECT agreed_at FROM booking") == [(None,)]
    assert patient.press().path == "/book/check"


def test_advice_is_not_marked_as_read(patient: Patient, send_with_forged_token: Forged, rows: Rows):
    patient.pass_safety_check("calf")
    patient.fill(read=True)
    page = send_with_forged_token(patient, "Continue to book")
    assert (page.status, page.path) == (422, "/book/advice")
    assert rows("SELECT advice_read_at FROM booking") == [(None,)]


def test_forms_without_anything_typed_answer_400_and_change_nothing(
    patient: Patient, send_with_forged_token: Forged, rows: Rows
):
    patient.come_to_check()
    page = send_with_forged_token(patient, "Go to payment of $120.00")
    assert (page.status, page.heading) == (400, "This page was open for a long time")
    assert "Nothing was changed." in page.text
    assert rows("SELECT * FROM payment") == []

    patient.open("/book/time")
    page = send_with_forged_token(patient, "Use this time zone")
    assert page.status == 422
    assert rows("SELECT zone FROM booking") == [("America/New_York",)]

    patient.open("/book/check")
    patient.go_to_payment()
    page = send_with_forged_token(patient, "Pay with the demo card")
    assert page.status == 400
    assert rows("SELECT status FROM demo_checkout") == [("open",)]


def test_the_intake_is_not_sent(patient: Patient, send_with_forged_token: Forged, rows: Rows):
    private_page = patient.book()
    patient.open(f"{private_page}/intake")
    patient.fill_in_intake()
    assert send_with_forged_token(patient, "Send my answers").status == 400
    assert rows("SELECT completed_at FROM questionnaire_response") == [(None,)]


@pytest.mark.parametrize("token", ["", "forged", "somebody else's"])
def test_every_kind_of_wrong_token_is_refused(patient: Patient, another_patient: Patient, token: str):
    if token == "somebody else's":
        token = another_patient.open("/book/safety").form.value("csrf_token")
    patient.open("/book/safety")
    pairs = [("csrf_token", token), ("shown", "sc_main"), ("sc_main", "none")]
    assert patient.send("/book/safety", pairs).status == 422
    assert patient.send("/book/safety", pairs[1:]).status == 422


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_browser_that_says_the_form_comes_from_another_site_is_believed(
    patient: Patient, rows: Rows, site: str
):
    form = patient.open("/book/safety").form
    patient.fill(sc_main=["none"])
    response = patient.client.post(
        "/book/safety", data=dict(form.sent("Continue")), headers={"Sec-Fetch-Site": site}
    )
    assert response.status_code == 400
    assert rows("SELECT * FROM booking") == []


def test_every_route_that_takes_a_post_refuses_one_without_a_token(app: Flask, subtests):
    posts = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    assert len(posts) >= 10
    for rule in posts:
        address = rule.rule
        for part in rule.arguments:
            address = address.replace(f"<{part}>", "x")
        with subtests.test(address):
            response = app.test_client().post(address)
            sent_elsewhere = (response.location or "").partition("?")[0] in ("/book/safety", "/login")
            assert response.status_code in (400, 404, 422) or sent_elsewhere


def test_a_forged_form_changes_no_answer_of_the_intake(patient: Patient):
    private_page = patient.book()
    patient.open(f"{private_page}/intake/story")
    page = patient.send(
        f"{private_page}/intake/story",
        [("csrf_token", "forged"), ("shown", "st_dur"), ("st_dur", "y1"), ("then", "later")],
    )
    assert page.status == 422
    assert page.form.value("st_dur") == "y1"
    assert patient.open(f"{private_page}/intake/story").form.value("st_dur") == ""


def test_a_forged_form_puts_no_visit_on_hold(patient: Patient):
    private_page = patient.book()
    patient.open(f"{private_page}/intake")
    patient.fill_in_intake()
    patient.send(
        f"{private_page}/intake/recheck",
        [("csrf_token", "forged"), ("shown", "rc_same"), ("rc_same", "chest")],
    )
    assert patient.open(private_page).heading == "You're booked, Rosa"
