"""The therapist's hours: every edit all of it or nothing, and why a time is free or not."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from consult.deps import deps
from tests.journeys.page import Page
from tests.journeys.patient import Patient, Therapist, Visitor

ON_TUESDAY = "2026-06-02T14:00:00+00:00"
"""Ten in the morning in New York."""

Rows = Callable[[str], list[tuple]]


@pytest.fixture
def olivia(therapist: Therapist) -> Therapist:
    therapist.sign_in()
    return therapist


def send(visitor: Visitor, button: str, **answers: str) -> Page:
    """Fill in the form of this button and press it; in names of fields _ stands for -."""
    form = visitor.page.form_with(button)
    for name, answer in answers.items():
        form.fill(name if form.named(name) else name.replace("_", "-"), answer)
    return visitor.press(button)


def times_offered(app: Flask) -> list[str]:
    patient = Patient(app)
    patient.pass_safety_check()
    return patient.page.form.choices("start")


def weekly(rows: Rows) -> list[tuple]:
    return rows("SELECT weekday, start_time, end_time, valid_from_on FROM availability_rule ORDER BY 1, 2")


class TestWeek:
    def test_the_week_reads_as_a_table(self, olivia: Therapist):
        page = olivia.follow("Hours")
        assert page.heading == "Hours"
        assert "Every week" in page.text
        assert "Monday to Friday 9:00 am to 12:00 pm, 1:00 pm to 5:00 pm" in page.text
        assert "Saturday and Sunday Closed" in page.text

    def test_overlapping_and_inverted_hours_are_told_by_the_field_and_nothing_is_saved(
        self, olivia: Therapist, rows: Rows
    ):
        before = weekly(rows)
        olivia.open("/therapist/hours/week")
        page = send(
            olivia,
            "Save these hours",
            d0_1_start="11:00",
            d1_0_end="08:00",
            d2_0_start="",
            d5_0_start="10:00",
        )
        assert page.status == 422
        assert page.errors == {
            "d0-1-start": "Monday: 11:00 am to 5:00 pm overlaps 9:00 am to 12:00 pm.",
            "d1-0-end": "Tuesday: these hours end before they start, at 9:00 am.",
            "d2-0-start": "Wednesday: give the start as a time, such as 9:00.",
            "d5-0-end": "Saturday: give the end as a time, such as 17:00.",
        }
        assert page.title.startswith("Error: ")
        form = page.form_with("Save these hours")
        assert (form.value("d0-1-start"), form.value("d1-0-end"), form.value("d2-0-start")) == (
            "11:00",
            "08:00",
            "",
        )
        assert form.value("d5-0-start") == "10:00"
        assert weekly(rows) == before

    def test_new_hours_are_offered_at_once(self, app: Flask, olivia: Therapist):
        assert ON_TUESDAY in times_offered(app)
        olivia.open("/therapist/hours/week")
        page = send(
            olivia, "Save these hours", d1_0_start="18:00", d1_0_end="00:00", d1_1_start="", d1_1_end=""
        )
        assert page.path == "/therapist/hours"
        assert "Saved." in page.text
        assert "Tuesday 6:00 pm to midnight" in page.text
        times = times_offered(app)
        assert ON_TUESDAY not in times
        assert "2026-06-03T03:00:00+00:00" in times

    def test_lines_come_and_go_without_a_script_and_without_saving(self, olivia: Therapist, rows: Rows):
        before = weekly(rows)
        olivia.open("/therapist/hours/week")
        page = send(olivia, "Add hours on Saturday", d5_0_start="10:00", d5_0_end="nonsense")
        assert page.status == 200
        form = page.form_with("Save these hours")
        assert (form.value("d5-0-start"), form.value("d5-0-end"), form.value("d5-1-start")) == (
            "10:00",
            "nonsense",
            "",
        )
        form = olivia.press("×Take away Monday, line 1").form_with("Save these hours")
        assert (form.value("d0-0-start"), form.named("d0-1-start")) == ("13:00", [])
        form = olivia.press("Copy to Tuesday–Friday").form_with("Save these hours")
        assert [form.value(f"d{day}-0-start") for day in range(6)] == ["13:00"] * 5 + ["10:00"]
        assert weekly(rows) == before

    def test_special_hours_lie_over_the_usual_week_and_over_no_others(self, olivia: Therapist, rows: Rows):
        olivia.open("/therapist/hours/week/new")
        page = send(
            olivia, "Save these hours", week_from="2026-07-31", week_until="2026-07-01", d0_0_end="08:00"
        )
        assert list(page.errors) == ["week-until", "d0-0-end"]
        assert page.form_with("Save these hours").value("week-from") == "2026-07-31"
        text = send(
            olivia, "Save these hours", week_from="2026-07-01", week_until="2026-07-31", d0_0_end="11:00"
        ).text
        assert "on the days they are for" in text
        assert text.count("Usual hours Every week") == 1
        assert text.count("Special hours From Wednesday, July 1 until Friday, July 31") == 1
        assert text.count("9:00 am to 11:00 am") == 1

        olivia.open("/therapist/hours/week?from=2026-07-01")
        assert olivia.page.form_with("Save these hours").value("d0-0-end") == "11:00"
        before = weekly(rows)
        olivia.open("/therapist/hours/week/new")
        page = send(
            olivia, "Save these hours", week_from="2026-07-31", week_until="2026-08-02", d0_0_end="10:00"
        )
        assert (page.status, list(page.errors)) == (422, ["week-from"])
        assert "special hours already from Wednesday, July 1, 2026" in page.errors["week-from"]
        assert page.form_with("Save these hours").value("d0-0-end") == "10:00"
        assert weekly(rows) == before

        olivia.open("/therapist/hours/week?from=2026-07-01")
        text = olivia.press("Remove these hours").text
        assert "Removed." in text
        assert "Every week" in text
        assert "11:00 am" not in text

    @pytest.mark.parametrize("begins", ["2026-07-02", "x", "9999-12-31"])
    def test_hours_that_begin_on_no_such_day_are_not_found(self, olivia: Therapist, begins: str):
        assert olivia.open(f"/therapist/hours/week?from={begins}").status == 404


class TestDays:
    def test_time_off_closes_its_days_and_names_the_appointments_it_covers(
        self, app: Flask, olivia: Therapist, patient: Patient
    ):
        patient.book(ON_TUESDAY)
        olivia.open("/therapist/hours/days")
        page = send(
            olivia, "Add time off", off_from="2026-06-02", off_until="2026-06-03", off_note="At the sea"
        )
        assert page.status == 200
        assert "Tuesday, June 2 to Wednesday, June 3 At the sea" in page.text
        assert "One appointment lies outside your hours. It stays booked" in page.text
        assert not [time for time in times_offered(app) if time.startswith(("2026-06-02", "2026-06-03"))]
        assert olivia.follow("Tuesday, June 2, 10:00 am: Rosa Marin").heading == "Rosa Marin, 46"

        olivia.open("/therapist/hours/days")
        page = olivia.press("Remove Tuesday, June 2 to Wednesday, June 3")
        assert "No time off ahead." in page.text
        assert "outside your hours" not in page.text
        assert [time for time in times_offered(app) if time.startswith("2026-06-03")]

    def test_what_is_gone_already_can_be_removed_again(self, olivia: Therapist, rows: Rows):
        olivia.open("/therapist/hours/days")
        send(olivia, "Add time off", off_from="2026-06-05")
        form = olivia.page.form_with("Remove Friday, June 5")
        for _ in range(2):
            page = olivia.send(form.action, form.sent("Remove Friday, June 5"))
            assert (page.status, page.path) == (200, "/therapist/hours/days")
        assert rows("SELECT * FROM time_off") == []

    def test_bad_days_are_told_by_the_field_and_nothing_is_saved(self, olivia: Therapist, rows: Rows):
        for button, answers, fields in (
            (
                "Add time off",
                {"off_from": "2026-06-05", "off_start": "15:00", "off_end": "13:00"},
                ["off-end"],
            ),
            ("Add time off", {"off_from": "2026-05-05"}, ["off-from"]),
            ("Add extra hours", {"extra_on": "2026-06-06"}, ["extra-start", "extra-end"]),
            ("Block this time", {"own_start": "09:00"}, ["own-title", "own-on", "own-end"]),
        ):
            olivia.open("/therapist/hours/days")
            page = send(olivia, button, **answers)
            assert (page.status, list(page.errors)) == (422, fields)
            for name, answer in answers.items():
                assert page.form_with(button).value(name.replace("_", "-")) == answer
        assert (
            rows("SELECT id FROM time_off UNION SELECT id FROM extra_hours UNION SELECT id FROM appointment")
            == []
        )

    def test_holidays_of_a_region_nothing_is_known_of_any_more_are_an_error_to_mend(
        self, app: Flask, olivia: Therapist
    ):
        with app.app_context(), deps().transaction():
            deps().session.execute(text("UPDATE schedule SET holiday_region = 'XX-1', rules_version = 9"))
        for address in ("/therapist/hours", "/therapist/hours/days"):
            assert "The holidays of “XX, 1” are not known any more." in olivia.open(address).text
        assert ON_TUESDAY in times_offered(app)
        assert olivia.open("/therapist/hours/why").status == 200
        olivia.open("/therapist/hours/days")
        assert "not known any more" not in send(olivia, "Save holidays", holiday_region="US").text

    def test_extra_hours_open_a_saturday(self, app: Flask, olivia: Therapist):
        olivia.open("/therapist/hours/days")
        page = send(olivia, "Add extra hours", extra_on="2026-06-06", extra_start="09:00", extra_end="10:00")
        assert "Saturday, June 6, 9:00 am to 10:00 am" in page.text
        assert "2026-06-06T13:00:00+00:00" in times_offered(app)

    def test_her_own_entry_takes_no_time_that_somebody_has_or_is_booking(
        self, app: Flask, olivia: Therapist, patient: Patient, rows: Rows
    ):
        patient.come_to_check(ON_TUESDAY)
        olivia.open("/therapist/hours/days")
        own = {"own_title": "Dentist", "own_on": "2026-06-02", "own_start": "10:15", "own_end": "11:15"}
        page = send(olivia, "Block this time", **own)
        assert (page.status, list(page.errors)) == (409, ["own-start"])
        assert page.form_with("Block this time").value("own-title") == "Dentist"
        assert rows("SELECT title FROM appointment WHERE title IS NOT NULL") == []

        page = send(olivia, "Block this time", own_start="13:00", own_end="14:00")
        assert page.status == 200
        assert "Tuesday, June 2, 1:00 pm to 2:00 pm Dentist" in page.text
        assert "2026-06-02T17:30:00+00:00" not in times_offered(app)
        page = olivia.press("Remove Tuesday, June 2, 1:00 pm to 2:00 pm")
        assert "No entries ahead." in page.text
        assert "2026-06-02T17:30:00+00:00" in times_offered(app)

    def test_a_patients_appointment_cannot_be_removed_as_an_own_entry(
        self, olivia: Therapist, patient: Patient, rows: Rows
    ):
        patient.book(ON_TUESDAY)
        [(appointment,)] = rows("SELECT id FROM appointment")
        token = olivia.open("/therapist/hours/days").form.value("csrf_token")
        olivia.send(f"/therapist/hours/days/own/{appointment}/remove", [("csrf_token", token)])
        assert rows("SELECT status FROM appointment") == [("booked",)]

    def test_holidays_are_shown_by_name_and_can_be_those_of_a_state(self, olivia: Therapist):
        olivia.open("/therapist/hours/days")
        page = send(olivia, "Save holidays", holiday_region="US")
        assert "Friday, June 19 Juneteenth National Independence Day" in page.text
        assert "Lincoln's Birthday" not in page.text
        send(olivia, "Save holidays", holiday_part="US-NY")
        assert "Days off for United States, New York" in olivia.page.text
        page = send(olivia, "Save holidays", holiday_region="DE")
        assert "Days off for Germany;" in page.text
        page = send(olivia, "Save holidays", holiday_region="")
        assert "You work on public holidays." in page.text


class TestRules:
    def test_bad_rules_are_told_by_the_field_and_none_is_saved(self, olivia: Therapist, rows: Rows):
        olivia.open("/therapist/hours/rules")
        page = send(olivia, "Save rules", notice_minutes="-1", horizon_days="400", max_per_day="0")
        assert page.status == 422
        assert list(page.errors) == ["notice_minutes", "horizon_days", "max_per_day"]
        assert page.form.value("horizon_days") == "400"
        assert rows("SELECT notice_minutes, horizon_days, max_per_day FROM schedule") == [(120, 60, None)]

    def test_rules_count_at_once_and_another_zone_moves_no_appointment(
        self, app: Flask, olivia: Therapist, patient: Patient, rows: Rows
    ):
        patient.book(ON_TUESDAY)
        before = rows("SELECT start_at, end_at FROM appointment")
        olivia.open("/therapist/hours/rules")
        page = send(
            olivia,
            "Save rules",
            zone="America/Los_Angeles",
            slot_step_minutes="60",
            notice_minutes="1",
            notice_unit="day",
            max_per_week="20",
        )
        assert page.path == "/therapist/hours"
        assert "1 day" in page.text
        assert "Tuesday, June 2, 7:00 am: Rosa Marin" in page.links
        assert rows("SELECT start_at, end_at FROM appointment") == before
        assert times_offered(app)[0] == "2026-06-02T16:00:00+00:00"

    def test_new_terms_leave_those_of_bookings_made_before(
        self, olivia: Therapist, patient: Patient, rows: Rows
    ):
        patient.book(ON_TUESDAY)
        before = rows("SELECT refund_terms FROM booking")
        olivia.open("/therapist/hours/terms")
        page = send(olivia, "Save terms", late_refund_percent="101")
        assert (page.status, list(page.errors)) == (422, ["late_refund_percent"])
        page = send(
            olivia, "Save terms", full_refund_hours="48", late_refund_percent="0", move_until_hours="12"
        )
        assert (page.status, list(page.errors)) == (422, ["move_until_hours"])
        page = send(
            olivia, "Save terms", full_refund_hours="48", late_refund_percent="0", move_until_hours="72"
        )
        assert "until 48 hours before" in page.text
        assert rows("SELECT refund_terms FROM booking") == before
        Patient(olivia.client.application).pass_safety_check()
        assert len(set(rows("SELECT refund_terms FROM booking"))) == 2


class TestSessions:
    def test_a_bad_session_is_told_by_the_field_and_not_saved(self, olivia: Therapist, rows: Rows):
        olivia.open("/therapist/hours/sessions/new")
        page = send(olivia, "Add session", name="online session", minutes="5", price="free")
        assert (page.status, list(page.errors)) == (422, ["name", "minutes", "price"])
        assert page.form.value("price") == "free"
        assert len(rows("SELECT id FROM session_type")) == 1

    def test_sessions_are_added_changed_put_in_order_and_retired(
        self, olivia: Therapist, patient: Patient, rows: Rows
    ):
        patient.book(ON_TUESDAY)
        olivia.open("/therapist/hours/sessions/new")
        page = send(olivia, "Add session", name="Follow-up", minutes="30", price="80.50")
        assert "30 minutes, $80.50, 15 minutes’ quiet after" in page.text
        page = olivia.press("Move up Follow-up")
        assert page.text.index("Follow-up") < page.text.index("Online session")
        olivia.follow("Online session")
        assert olivia.page.form.value("price") == "120"
        page = send(olivia, "Save session", price="130", minutes="50")
        assert "50 minutes, $130.00" in page.text
        assert rows("SELECT price_minor FROM booking") == [(12_000,)]

        page = olivia.press("Stop offering Online session")
        assert not page.offers("Stop offering Follow-up")
        assert page.offers("Offer again Online session")
        assert rows("SELECT status FROM appointment") == [("booked",)]
        assert olivia.press("Offer again Online session").offers("Stop offering Follow-up")

    def test_the_last_session_stays_on_offer(self, olivia: Therapist, rows: Rows):
        [(only,)] = rows("SELECT id FROM session_type")
        token = olivia.open("/therapist/hours/sessions").form.value("csrf_token")
        page = olivia.send(f"/therapist/hours/sessions/{only}/retire", [("csrf_token", token)])
        assert "At least one session has to be on offer" in page.text
        assert rows("SELECT active FROM session_type") == [(1,)]

    def test_an_unknown_session_is_not_found(self, olivia: Therapist):
        for type_id in ("x", "11111111-1111-4111-8111-111111111111"):
            assert olivia.open(f"/therapist/hours/sessions/{type_id}").status == 404


class TestWhy:
    def test_every_start_has_its_reasons_and_where_they_lead(
        self, app: Flask, olivia: Therapist, patient: Patient
    ):
        patient.book(ON_TUESDAY)
        Patient(app).come_to_check("2026-06-02T19:00:00+00:00")
        olivia.open("/therapist/hours/days")
        send(olivia, "Add time off", off_from="2026-06-02", off_start="16:00", off_note="School play")
        send(
            olivia,
            "Block this time",
            own_title="Dentist",
            own_on="2026-06-02",
            own_start="13:00",
            own_end="13:30",
        )
        page = olivia.open("/therapist/hours/why?on=2026-06-02")
        assert page.heading == "Tuesday, June 2"
        for words in (
            "12:00 am to 9:00 am Closed Outside your hours",
            "Weekly hours 9:00 am to 12:00 pm 9:00 am On offer",
            "9:30 am Not offered Rosa Marin, 10:00 am to 10:45 am",
            "11:30 am Not offered Too short: 45 minutes would run past 12:00 pm",
            "1:00 pm Not offered “Dentist”, 1:00 pm to 1:30 pm",
            "3:00 pm Not offered Held for somebody who is just booking, 3:00 pm to 3:45 pm, until 8:10 am",
            "4:00 pm to 5:00 pm Closed Time off (School play): Tuesday, June 2, 4:00 pm to midnight",
        ):
            assert words in page.text, words
        assert olivia.follow("Rosa Marin, 10:00 am to 10:45 am").heading == "Rosa Marin, 46"

    def test_visits_outside_the_hours_stand_in_the_closed_time_and_quiet_time_says_which(
        self, olivia: Therapist, patient: Patient
    ):
        patient.book(ON_TUESDAY)
        olivia.open("/therapist/hours/rules")
        send(olivia, "Save rules", slot_step_minutes="15")
        text = olivia.open("/therapist/hours/why?on=2026-06-02").text
        quiet = "Quiet time around Rosa Marin, 10:00 am to 10:45 am: kept free 10:00 am to 11:00 am"
        assert f"10:45 am Not offered {quiet}" in text
        assert "Outside your hours Rosa" not in text

        olivia.open("/therapist/hours/days")
        send(olivia, "Add time off", off_from="2026-06-02")
        text = olivia.open("/therapist/hours/why?on=2026-06-02").text
        assert "10:00 am to 10:45 am Outside your hours Rosa Marin, 10:00 am to 10:45 am" in text

    def test_rules_of_today_and_far_ahead_are_reasons_too(self, olivia: Therapist):
        olivia.open("/therapist/hours/rules")
        send(olivia, "Save rules", max_per_day="1", horizon_days="2", notice_minutes="3")
        page = olivia.open("/therapist/hours/why")
        assert page.heading == "Monday, June 1"
        assert (
            "9:00 am Not offered Too soon: with 3 hours notice the first time is Monday, June 1, 11:00 am"
            in page.text
        )
        page = olivia.follow("Day after")
        assert (page.heading, "on offer for “Online session”" in page.text) == ("Tuesday, June 2", True)
        page = olivia.open("/therapist/hours/why?on=2026-06-04")
        assert "9:00 am Not offered Too far: you can be booked 2 days ahead" in page.text

    def test_a_full_day_says_so(self, olivia: Therapist, patient: Patient):
        patient.book(ON_TUESDAY)
        olivia.open("/therapist/hours/rules")
        send(olivia, "Save rules", max_per_day="1", max_per_week="1")
        page = olivia.open("/therapist/hours/why?on=2026-06-02")
        assert (
            "2:00 pm Not offered Full: 1 session that day is your most Full: 1 session that week" in page.text
        )

    @pytest.mark.parametrize("query", ["?on=x", "?on=2026-02-30", "?type=x", "?on="])
    def test_what_is_no_day_or_session_is_today_and_the_first(self, olivia: Therapist, query: str):
        assert olivia.open(f"/therapist/hours/why{query}").heading == "Monday, June 1"

    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
    def test_the_ends_of_the_calendar_are_not_found(self, olivia: Therapist, day: str):
        assert olivia.open(f"/therapist/hours/why?on={day}").status == 404


FORMS = {
    "/therapist/hours/week": "Save these hours",
    "/therapist/hours/week/new": "Save these hours",
    "/therapist/hours/days": "Add time off",
    "/therapist/hours/rules": "Save rules",
    "/therapist/hours/terms": "Save terms",
    "/therapist/hours/sessions/new": "Add session",
}


def test_a_stale_form_is_shown_again_as_typed_and_saves_nothing(
    olivia: Therapist, rows: Rows, send_with_forged_token: Callable[[Visitor, str], Page], subtests
):
    def everything() -> list[list[tuple]]:
        tables = ("availability_rule", "time_off", "schedule", "session_type", "practice")
        return [rows(f"SELECT * FROM {table}") for table in tables]  # noqa: S608 - our own names

    before = everything()
    for address, button in FORMS.items():
        with subtests.test(address):
            form = olivia.open(address).form_with(button)
            typed = next(control for control in form.controls if control.type in ("text", "time", "date"))
            typed.value = "typed"
            page = send_with_forged_token(olivia, button)
            assert page.status == 422
            assert page.errors["main"].startswith("This page was open for a long time")
            assert page.form_with(button).value(typed.name) == "typed"
            assert everything() == before
