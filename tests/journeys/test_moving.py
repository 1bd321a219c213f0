"""The same visit at another time, from both sides of the desk."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from icalendar import Calendar, Event

from consult.core.clock import FixedClock

from .patient import Patient, Therapist

ROSA = "rosa.marin@example.com"
OLIVIA = "olivia.patel@example.com"
WEDNESDAY = "2026-06-03T14:00:00+00:00"
THURSDAY = "2026-06-04T14:00:00+00:00"
MOVE = "Move my visit to this time"
TOO_CLOSE = (
    "That is too close to what comes before or after. "
    "Quiet time around Ann Other, 10:00 am to 10:45 am: kept free 10:00 am to 11:00 am."
)


def invitation(mail: EmailMessage) -> tuple[str, Event]:
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    event = Calendar.from_ical(part.get_content()).walk("VEVENT")[0]
    return str(part.get_param("method")), event


def test_a_patient_moves_a_visit_and_everything_follows(
    patient: Patient,
    therapist: Therapist,
    clock: FixedClock,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
    rows: Callable[[str], list[tuple]],
):
    private_page = patient.book(WEDNESDAY)
    run_worker()
    clock.advance(timedelta(minutes=1))
    patient.open(private_page)
    assert (
        "You can move the visit to another free time up to 5 times, until Tuesday, June 2, 10:00 am."
        in patient.page.text
    )
    patient.follow("Move my visit")
    assert "Nothing is paid again" in patient.page.text
    assert WEDNESDAY not in patient.page.form.choices("start")
    patient.fill(start=THURSDAY)
    patient.press(MOVE)

    assert patient.page.path == private_page
    assert "Your visit has moved." in patient.page.text
    assert "Thursday, June 4 10:00 am to 10:45 am" in patient.page.text
    assert "You moved this visit. It was on Wednesday, June 3, 10:00 am." in patient.page.text
    assert rows("SELECT count(*) FROM payment") == [(1,)]
    assert rows("SELECT count(*) FROM refund") == [(0,)]

    run_worker()
    booked, moved = mails(ROSA)
    assert moved["Subject"] == "Your appointment has moved"
    (_, first), (method, second) = invitation(booked), invitation(moved)
    assert (method, second["UID"], second["SEQUENCE"]) == ("REQUEST", first["UID"], first["SEQUENCE"] + 1)
    assert mails(OLIVIA)[-1]["Subject"] == "An appointment has moved"
    download = Calendar.from_ical(patient.client.get(f"{private_page}/appointment.ics").data)
    assert download.walk("VEVENT")[0]["DTSTART"].dt == second["DTSTART"].dt

    therapist.sign_in()
    assert "Thursday, June 4 10:00 am" in therapist.page.text
    assert "by the patient" in therapist.read_summary("Rosa Marin").text


def test_an_old_page_and_a_second_click_change_nothing_twice(
    patient: Patient, run_worker: Callable[[], None], mails: Callable[[str], list[EmailMessage]]
):
    private_page = patient.book(WEDNESDAY)
    run_worker()
    patient.open(f"{private_page}/reschedule")
    old_form = patient.page.form
    patient.fill(start=THURSDAY)
    sent = patient.page.form.sent(MOVE)
    for _ in range(2):
        patient.send(old_form.action, sent)
        assert "Thursday, June 4 10:00 am to 10:45 am" in patient.page.text
    run_worker()
    assert len(mails(ROSA)) == 2

    elsewhere = [(name, value.replace("06-04", "06-05")) for name, value in sent]
    patient.send(old_form.action, elsewhere)
    assert patient.page.status == 409
    assert "Your visit has changed since you opened this page." in patient.page.text
    assert "Thursday, June 4 10:00 am to 10:45 am" in patient.page.text
    run_worker()
    assert len(mails(ROSA)) == 2


def test_a_time_somebody_just_took_leaves_the_visit_and_names_the_nearest(
    patient: Patient, another_patient: Patient
):
    private_page = patient.book(WEDNESDAY)
    patient.open(f"{private_page}/reschedule")
    patient.fill(start=THURSDAY)
    another_patient.book(THURSDAY, pt_name="Ann Other")
    patient.press(MOVE)
    assert patient.page.status == 409
    assert "Thursday, June 4 at 10:00 am is no longer free." in patient.page.text
    nearest = patient.page.form.choices("start")
    assert len(nearest) == 6
    assert not {THURSDAY, WEDNESDAY} & set(nearest)
    patient.fill(start=nearest[0])
    assert "Your visit has moved." in patient.press(MOVE).text


def test_nothing_chosen_and_a_forged_form_are_asked_again(patient: Patient):
    private_page = patient.book(WEDNESDAY)
    patient.open(f"{private_page}/reschedule")
    patient.press(MOVE)
    assert (patient.page.status, patient.page.errors) == (422, {"start": "Choose a time."})
    patient.page.form.fill("start", THURSDAY)
    sent = [(name, value) for name, value in patient.page.form.sent(MOVE) if name != "csrf_token"]
    patient.send(f"{private_page}/reschedule", sent)
    assert patient.page.status == 422
    assert patient.page.form.value("start") == THURSDAY
    assert "Wednesday, June 3" in patient.open(private_page).text


def test_times_are_shown_in_the_zone_the_patient_picks(patient: Patient):
    private_page = patient.book(WEDNESDAY)
    patient.open(f"{private_page}/reschedule")
    patient.page.form_with("Use this time zone").fill("zone", "America/Los_Angeles")
    patient.press("Use this time zone")
    assert patient.page.path == f"{private_page}/reschedule"
    assert "7:00 am to 7:45 am Los Angeles time (PDT)" in patient.page.text
    forged = [*patient.page.form.sent(MOVE)[:1], ("zone", "Mars/Olympus"), ("use_zone", "1")]
    patient.send(f"{private_page}/reschedule", forged)
    assert "We don’t know that time zone." in patient.page.text


@pytest.mark.parametrize("start", [THURSDAY, "2026-06-25T14:00:00+00:00"])
def test_another_zone_keeps_the_time_that_was_chosen(patient: Patient, start: str):
    patient.open(f"{patient.book(WEDNESDAY)}/reschedule?from={start[:10]}")
    patient.fill(start=start, zone="Asia/Tokyo")
    patient.press("Use this time zone")
    assert patient.page.form.value("start") == start
    assert "11:00 pm" in patient.page.text
    assert "Your visit has moved." in patient.press(MOVE).text


def test_another_zone_keeps_the_days_that_are_shown(patient: Patient):
    patient.open(f"{patient.book(WEDNESDAY)}/reschedule")
    later = patient.follow("Later days").form.choices("start")
    patient.page.form_with("Use this time zone").fill("zone", "America/Chicago")
    assert patient.press("Use this time zone").form.choices("start") == later


def test_too_late_the_page_says_what_can_be_done_instead(patient: Patient, clock: FixedClock):
    private_page = patient.book(WEDNESDAY)
    patient.open(f"{private_page}/reschedule")
    patient.fill(start=THURSDAY)
    clock.advance(timedelta(days=1, hours=2, seconds=1))
    patient.press(MOVE)
    assert patient.page.status == 409
    assert "less than 24 hours away, so it is too late to move it here" in patient.page.text
    assert "You can also cancel: you get $60.00 back" in patient.page.text
    assert not patient.page.offers(MOVE)
    patient.follow("Cancel this visit")
    assert patient.page.offers("Cancel my visit and get $60.00 back")
    patient.open(private_page)
    assert "Wednesday, June 3" in patient.page.text
    assert "Move my visit" not in patient.page.links


def test_the_therapist_moves_a_visit_to_any_time_and_takes_it_back(
    patient: Patient,
    therapist: Therapist,
    clock: FixedClock,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
):
    private_page = patient.book(WEDNESDAY)
    run_worker()
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    summary = therapist.page.path
    therapist.follow("Move")
    therapist.page.form_with("Move it to this time").fill("on", "2026-06-06")
    therapist.page.form_with("Move it to this time").fill("at", "18:20")
    therapist.press("Move it to this time")
    assert therapist.page.status == 409
    assert "Saturday, June 6, 6:20 pm is outside your hours. Nothing has moved yet." in therapist.page.text
    therapist.press("Move it there all the same")
    assert therapist.page.path == summary
    assert "Saturday, June 6, 6:20 pm to 7:05 pm" in therapist.page.text
    assert "Moved by you" in therapist.page.text

    patient.open(private_page)
    assert "Saturday, June 6 6:20 pm to 7:05 pm" in patient.page.text
    assert "Dr. Olivia Patel has moved this visit." in patient.page.text
    assert "may still be put right" in patient.page.text
    run_worker()
    assert len(mails(ROSA)) == 1

    therapist.open("/therapist")
    assert "Changed by you just now" in therapist.page.text
    therapist.press("Undo for Rosa Marin")
    assert "Wednesday, June 3, 10:00 am" in therapist.page.text
    clock.advance(timedelta(minutes=10))
    run_worker()
    assert len(mails(ROSA)) == 1
    patient.open(private_page)
    assert "Wednesday, June 3 10:00 am" in patient.page.text
    assert "put right" not in patient.page.text


def test_a_therapists_move_that_stands_is_mailed(
    patient: Patient,
    therapist: Therapist,
    clock: FixedClock,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
):
    patient.book(WEDNESDAY)
    run_worker()
    clock.advance(timedelta(minutes=1))
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    undo_later = therapist.follow("Move").form_with("Move it there")
    undo_later.fill("start", THURSDAY)
    therapist.press("Move it there")
    old_page = therapist.page
    clock.advance(timedelta(minutes=10))
    run_worker()
    assert mails(ROSA)[-1]["Subject"] == "Your appointment has moved"
    form = old_page.form_with("Undo")
    therapist.send(form.action, form.sent("Undo"))
    assert "Too late to undo." in therapist.page.text
    assert "Thursday, June 4, 10:00 am" in therapist.page.text


def test_what_the_therapist_typed_wrongly_is_shown_again(
    patient: Patient, another_patient: Patient, therapist: Therapist
):
    patient.book(WEDNESDAY)
    another_patient.book(THURSDAY, pt_name="Ann Other")
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    therapist.follow("Move")
    tried = {
        ("", "18:20"): (422, {"on": "Choose a day."}),
        ("2062-06-03", "18:20"): (422, {"on": "That is more than two years ahead. Is the year right?"}),
        ("2026-06-06", "half past"): (422, {"at": "Write the time as hours and minutes, such as 14:30."}),
        ("2026-05-30", "10:00"): (422, {"at": "That time is past. Choose one still to come."}),
        ("2027-03-14", "02:30"): (422, {"at": "The clocks skip that time on that day. Choose another."}),
        ("2026-06-04", "10:10"): (409, {"at": "You have something else at that time."}),
        ("2026-06-04", "10:50"): (409, {"at": TOO_CLOSE}),
    }
    for (day, at), expected in tried.items():
        form = therapist.page.form_with("Move it to this time")
        form.fill("on", day)
        form.fill("at", at)
        therapist.press("Move it to this time")
        assert (therapist.page.status, therapist.page.errors) == expected
        again = therapist.page.form_with("Move it to this time")
        assert (again.value("on"), again.value("at")) == (day, at)


def test_after_five_moves_the_page_says_to_call(patient: Patient, rows: Callable[[str], list[tuple]]):
    private_page = patient.book(WEDNESDAY)
    for number in range(5):
        patient.open(f"{private_page}/reschedule")
        patient.fill(start=(THURSDAY, WEDNESDAY)[number % 2])
        patient.press(MOVE)
        assert "Your visit has moved." in patient.page.text
    assert "You have moved this visit as often as you can yourself." in patient.page.text
    assert "Move my visit" not in patient.page.links
    page = patient.open(f"{private_page}/reschedule")
    assert "To move it again, please call us on" in page.text
    assert not page.offers(MOVE)
    assert rows("SELECT patient_moves FROM booking") == [(5,)]


def test_the_therapist_sees_the_patients_clock_where_it_shows_another_time(
    patient: Patient, therapist: Therapist
):
    patient.open(f"{patient.book(WEDNESDAY)}/reschedule")
    patient.fill(zone="Asia/Tokyo")
    patient.press("Use this time zone")
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    page = therapist.follow("Move")
    assert "For the patient: 11:00 pm to 11:45 pm, Tokyo time" in page.text
    assert "10:00 am 11:00 pm" in page.text
    assert "1:00 pm Wed 2:00 am" in page.text


def test_a_patient_moved_at_short_notice_is_not_noted_as_missing(
    patient: Patient, therapist: Therapist, clock: FixedClock
):
    patient.book(WEDNESDAY)
    clock.advance(timedelta(days=2, hours=1, minutes=30))
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    summary = therapist.page.path
    therapist.follow("Move")
    therapist.page.form_with("Move it to this time").fill("on", "2026-06-03")
    therapist.page.form_with("Move it to this time").fill("at", "10:15")
    therapist.press("Move it to this time")
    clock.advance(timedelta(minutes=46))
    therapist.sign_in()
    page = therapist.open(summary)
    assert page.offers("It took place")
    assert not page.offers("The patient did not come")
    assert "it can’t be noted as missed" in page.text.replace("'", "’")
    form = page.form_with("It took place")
    therapist.send(
        form.action, [(name, value.replace("done", "no_show")) for name, value in form.sent("It took place")]
    )
    assert "Did not come" not in therapist.page.text
