"""Somebody else was quicker."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import event

from consult.deps import deps

from .patient import EARLIEST, Patient

Rows = Callable[[str], list[tuple]]


def test_a_time_taken_between_showing_and_choosing_leads_to_the_nearest_free_ones_with_nothing_lost(
    patient: Patient, another_patient: Patient
):
    patient.pass_safety_check("calf")
    patient.fill(read=True)
    patient.press("Continue to book")
    another_patient.book(EARLIEST)

    page = patient.choose_time(EARLIEST)
    assert (page.status, page.path) == (409, "/book/time")
    assert "Monday, June 1 at 10:00 am is no longer free. Somebody else just took it." in page.text
    assert "Nothing you told us is lost, and nothing was charged." in page.text
    assert "Nearest free times" in page.text
    nearest = page.form.choices("start")[:6]
    assert nearest[0] == "2026-06-01T15:00:00+00:00"
    assert EARLIEST not in nearest

    assert patient.choose_time(nearest[0]).path == "/book/about/you"
    patient.tell_about_myself()
    patient.agree()
    patient.go_to_payment()
    assert "11:00 am to 11:45 am" in patient.pay().text


def test_the_buffer_after_a_session_is_not_sold_either(patient: Patient, another_patient: Patient):
    another_patient.book(EARLIEST)
    patient.pass_safety_check()
    starts = patient.page.form.choices("start")
    assert "2026-06-01T14:30:00+00:00" not in starts
    assert starts[0] == "2026-06-01T15:00:00+00:00"


def test_losing_the_race_for_a_second_time_keeps_the_first(
    patient: Patient, another_patient: Patient, rows: Rows
):
    patient.pass_safety_check()
    patient.choose_time("2026-06-01T17:00:00+00:00")
    patient.open("/book/time")
    another_patient.book(EARLIEST)
    page = patient.choose_time(EARLIEST)
    assert page.status == 409
    assert "until 8:10 am" in page.text
    assert page.form.value("start") == "2026-06-01T17:00:00+00:00"
    assert rows("SELECT start_at FROM appointment WHERE status = 'held'") == [("2026-06-01 17:00:00.000000",)]


def test_who_is_too_late_waits_for_no_lock(app: Flask, patient: Patient, another_patient: Patient):
    patient.pass_safety_check()
    another_patient.book(EARLIEST)
    asked: list[str] = []
    with app.app_context():
        event.listen(deps().session.get_bind(), "before_cursor_execute", lambda *it: asked.append(it[2]))
    assert patient.choose_time(EARLIEST).status == 409
    assert [each for each in asked if not each.startswith("SELECT")] == []
    assert len(asked) <= 9


def test_from_the_nearest_times_a_link_leads_to_all_of_them(patient: Patient, another_patient: Patient):
    patient.pass_safety_check()
    another_patient.book(EARLIEST)
    patient.choose_time(EARLIEST)
    page = patient.follow("See all free times")
    assert page.path == "/book/time"
    assert len(page.form.choices("start")) > 6


def test_another_zone_keeps_the_time_and_the_days_that_were_chosen(patient: Patient):
    patient.pass_safety_check()
    patient.follow("Later days")
    later = patient.page.form.choices("start")[-1]
    patient.fill(start=later, zone="Asia/Tokyo")
    page = patient.press("Use this time zone")
    assert (page.status, page.path) == (200, "/book/time")
    assert page.form.value("start") == later
    assert "Tokyo time (JST)" in page.text
    assert patient.press("Continue with this time").path == "/book/about/you"


def test_another_zone_keeps_the_days_also_when_no_time_was_chosen(patient: Patient):
    patient.pass_safety_check()
    page = patient.follow("Later days")
    first = page.form.choices("start")[0]
    patient.fill(zone="America/Los_Angeles")
    page = patient.press("Use this time zone")
    assert page.form.choices("start")[0] == first
    assert page.form.value("start") == ""


def test_another_zone_where_the_first_time_is_a_day_earlier_does_not_hide_it(patient: Patient):
    patient.pass_safety_check()
    for zone in ("Pacific/Auckland", "America/New_York"):
        patient.page.form_with("Use this time zone").fill("zone", zone)
        page = patient.press("Use this time zone")
        assert page.form.choices("start")[0] == EARLIEST
        assert "Earlier days" not in page.links


def test_no_time_chosen_among_later_days_keeps_those_days(patient: Patient):
    patient.pass_safety_check()
    offered = patient.follow("Later days").form.choices("start")
    page = patient.press("Continue with this time")
    assert page.status == 422
    assert page.form.choices("start") == offered


def test_times_are_shown_in_the_patients_own_zone_and_the_choice_is_the_same_instant(patient: Patient):
    patient.pass_safety_check()
    form = patient.page.form_with("Use this time zone")
    form.fill("zone", "Asia/Tokyo")
    page = patient.press("Use this time zone")
    assert "Tokyo time (JST), UTC+9" in page.text
    patient.choose_time(EARLIEST)
    patient.tell_about_myself()
    patient.agree()
    assert "Monday, June 1 11:00 pm to 11:45 pm Tokyo time (JST), UTC+9" in patient.page.text


def test_later_days_lead_to_the_end_of_what_is_on_offer(patient: Patient):
    page = patient.pass_safety_check()
    assert "Earlier days" not in page.links
    weeks = 0
    while "Later days" in patient.page.links:
        patient.follow("Later days")
        weeks += 1
    assert weeks == 8
    assert max(patient.page.form.choices("start")).startswith("2026-07-31")
    assert "Earlier days" in patient.page.links
