"""The zone that times are shown in, changed from wherever one is shown."""

from flask import Flask

from .patient import Patient

CHANGE = "Change the time zone"
TEN_IN_NEW_YORK = "10:00 am"


def test_every_page_that_shows_a_time_says_in_which_zone_and_lets_it_be_changed(patient: Patient) -> None:
    """Berlin at its first stop, and everywhere after."""
    patient.pass_safety_check()
    patient.choose_time()
    assert "Times are shown in New York time (EDT), UTC−4." in patient.page.text
    patient.follow(CHANGE)
    patient.fill(zone="Europe/Berlin")
    page = patient.press("Use this time zone")
    assert page.path == "/book/about/you"
    assert "Monday, June 1, 4:00 pm" in page.text
    patient.tell_about_myself()
    for go_on in (patient.agree, patient.go_to_payment):
        assert "Times are shown in Berlin time (CEST), UTC+2." in patient.page.text
        assert patient.page.links[CHANGE] == "/book/time-zone"
        go_on()
    home = patient.pay().path
    for page in (patient.page, patient.open(f"{home}/cancel"), patient.open(f"{home}/earlier")):
        assert "Times are shown in Berlin time (CEST), UTC+2." in page.text
        assert page.links[CHANGE] == f"{home}/time-zone"


def test_a_visit_keeps_its_moment_and_shows_it_by_another_clock(patient: Patient) -> None:
    home = patient.book()
    assert TEN_IN_NEW_YORK in patient.page.text
    patient.follow(CHANGE)
    assert patient.page.form.value("zone") == "America/New_York"
    patient.fill(zone="Asia/Kolkata")
    page = patient.press("Use this time zone")
    assert page.path == home
    assert "7:30 pm to 8:15 pm" in page.text
    assert "Kolkata time (IST), UTC+5:30" in page.text


def test_an_old_name_is_understood_and_no_name_at_all_refused(patient: Patient, app: Flask) -> None:
    home = patient.book()
    patient.open(f"{home}/time-zone")
    token = patient.page.form.value("csrf_token")
    page = patient.send(f"{home}/time-zone", [("csrf_token", token), ("zone", "Mars/Olympus")])
    assert (page.status, page.errors) == (422, {"zone": "Choose a time zone from the list."})
    page = patient.send(f"{home}/time-zone", [("csrf_token", token), ("zone", "Asia/Calcutta")])
    assert "Kolkata time (IST)" in page.text


def test_a_stranger_without_a_booking_begins_with_the_safety_check(patient: Patient) -> None:
    assert patient.open("/book/time-zone").path == "/book/safety"
