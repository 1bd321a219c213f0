"""A visit called off, what comes back, and what every page says of it afterwards."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from icalendar import Calendar

from consult.core.clock import FixedClock
from consult.deps import deps
from consult.payments.demo_gateway import Fault

from .patient import Patient, Therapist
from .test_moving import OLIVIA, ROSA, THURSDAY, WEDNESDAY, invitation


def test_a_patient_cancels_and_reads_what_becomes_of_the_money(
    patient: Patient,
    therapist: Therapist,
    clock: FixedClock,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
):
    private_page = patient.book(WEDNESDAY)
    run_worker()
    clock.advance(timedelta(minutes=1))
    patient.open(private_page)
    patient.follow("Cancel my visit")
    assert "All of $120.00 , to the card you paid with." in patient.page.text
    assert "This is so until Tuesday, June 2, 10:00 am. After that you get $60.00 back." in patient.page.text
    patient.press("Cancel my visit and get $120.00 back")

    assert patient.page.path == private_page
    assert patient.page.heading == "Your visit is cancelled"
    assert "We are sending all of $120.00 back to your card." in patient.page.text
    run_worker()
    assert "$120.00 was sent back to your card." in patient.open(private_page).text

    cancelled = mails(ROSA)[-1]
    assert cancelled["Subject"] == "Your appointment is cancelled"
    assert "All of $120.00 is being refunded" in cancelled.get_body(("plain",)).get_content()
    method, event = invitation(cancelled)
    assert (method, str(event["STATUS"])) == ("CANCEL", "CANCELLED")
    assert mails(OLIVIA)[-1]["Subject"] == "An appointment was cancelled"
    download = Calendar.from_ical(patient.client.get(f"{private_page}/appointment.ics").data)
    assert str(download.walk("VEVENT")[0]["STATUS"]) == "CANCELLED"

    therapist.sign_in()
    assert "Rosa" not in therapist.page.text
    assert "You have a visit booked" not in patient.open("/").text
    patient.open(private_page)
    patient.follow("Book again")
    assert patient.page.path == "/book/safety"


OLD_LINKS = (
    *("intake", "intake/body", "intake/done", "safety", "safety/done"),
    *("tips", "earlier", "reschedule", "cancel"),
)


def test_every_old_link_of_a_cancelled_visit_leads_to_what_is_true_now(
    patient: Patient, clock: FixedClock, subtests: pytest.Subtests
):
    private_page = patient.book(WEDNESDAY)
    patient.open(f"{private_page}/cancel")
    form = patient.page.form
    sent = form.sent("Cancel my visit and get $120.00 back")
    patient.send(form.action, sent)
    clock.advance(timedelta(days=2))
    for link in OLD_LINKS:
        with subtests.test(link):
            patient.open(f"{private_page}/{link}")
            assert (patient.page.path, patient.page.heading) == (private_page, "Your visit is cancelled")
            inviting = {"Join the video visit", "Start the form", "Start the safety check"}
            assert not inviting & set(patient.page.links)
            patient.send(f"{private_page}/{link}", sent)
            assert patient.page.status == 405 or patient.page.heading == "Your visit is cancelled"


def test_a_form_filled_in_meanwhile_is_not_taken_any_more(
    patient: Patient, rows: Callable[[str], list[tuple]]
):
    private_page = patient.book(WEDNESDAY)
    patient.open(f"{private_page}/intake")
    started = patient.page.form
    patient.open(f"{private_page}/cancel")
    patient.press("Cancel my visit and get $120.00 back")
    before = rows("SELECT updated_at FROM questionnaire_response")
    patient.send(started.action, started.sent("Save and continue"))
    assert patient.page.heading == "Your visit is cancelled"
    assert rows("SELECT updated_at FROM questionnaire_response") == before


def test_nobody_loses_money_to_a_limit_that_passed_while_they_read(
    patient: Patient, clock: FixedClock, rows: Callable[[str], list[tuple]]
):
    private_page = patient.book(WEDNESDAY)
    clock.advance(timedelta(days=1, hours=2))
    patient.open(f"{private_page}/cancel")
    clock.advance(timedelta(seconds=1))
    patient.press("Cancel my visit and get $120.00 back")
    assert patient.page.status == 409
    assert "Your visit has changed since you opened this page." in patient.page.text
    assert "$60.00 of the $120.00 you paid" in patient.page.text
    assert rows("SELECT count(*) FROM refund") == [(0,)]
    patient.press("Cancel my visit and get $60.00 back")
    assert patient.page.heading == "Your visit is cancelled"
    assert rows("SELECT amount_minor, reason FROM refund") == [(6000, "patient")]


def test_a_second_click_cancels_nothing_twice(
    patient: Patient,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
    rows: Callable[[str], list[tuple]],
):
    private_page = patient.book(WEDNESDAY)
    patient.open(f"{private_page}/cancel")
    form = patient.page.form
    for _ in range(2):
        patient.send(form.action, form.sent("Cancel my visit and get $120.00 back"))
        assert patient.page.heading == "Your visit is cancelled"
        run_worker()
    assert rows("SELECT count(*) FROM refund") == [(1,)]
    assert [mail["Subject"] for mail in mails(ROSA)].count("Your appointment is cancelled") == 1


def test_an_amount_no_page_said_cancels_nothing(patient: Patient, rows: Callable[[str], list[tuple]]):
    private_page = patient.book(WEDNESDAY)
    patient.open(f"{private_page}/cancel")
    form = patient.page.form
    sent = [pair for pair in form.sent("Cancel my visit and get $120.00 back") if pair[0] != "refund"]
    for refund in ("", "-1", "12000.0", "99999999999999999999", "²"):
        patient.send(form.action, [*sent, ("refund", refund)])
        assert patient.page.status == 409
    patient.send(
        form.action, [("visit", "soon") if name == "visit" else (name, value) for name, value in sent]
    )
    assert patient.page.status == 409
    assert rows("SELECT status FROM appointment") == [("booked",)]


def test_from_the_start_on_the_page_says_to_call(patient: Patient, clock: FixedClock):
    private_page = patient.book(WEDNESDAY)
    patient.open(f"{private_page}/cancel")
    clock.advance(timedelta(days=2, hours=2))
    patient.press("Cancel my visit and get $120.00 back")
    assert patient.page.status == 409
    assert "Your visit has begun, so it can't be cancelled here." in patient.page.text
    patient.open(private_page)
    assert not {"Cancel my visit", "Move my visit"} & set(patient.page.links)


def test_the_therapist_cancels_and_takes_it_back_before_anybody_is_told(
    patient: Patient,
    therapist: Therapist,
    clock: FixedClock,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
    rows: Callable[[str], list[tuple]],
):
    private_page = patient.book(WEDNESDAY)
    run_worker()
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    therapist.follow("Cancel")
    assert "The patient gets all of $120.00 back." in therapist.page.text
    therapist.press("Cancel the visit and pay $120.00 back")
    assert "$120.00 will be sent back." in therapist.page.text
    assert "Join the video visit" not in therapist.page.links
    patient.open(private_page)
    assert patient.page.heading == "Dr. Olivia Patel has cancelled your visit"
    assert "may still be put right" in patient.page.text
    assert "Book again" not in patient.page.links
    run_worker()

    form = therapist.page.form_with("Undo")
    for _ in range(2):
        therapist.send(form.action, form.sent("Undo"))
        assert therapist.page.status == 200
        assert "Cancelled by you" not in therapist.page.text
    clock.advance(timedelta(minutes=11))
    run_worker()
    assert patient.open(private_page).heading == "You're booked, Rosa"
    assert len(mails(ROSA)) == 1
    assert rows("SELECT count(*) FROM refund") == [(0,)]


def test_a_cancellation_that_stands_pays_everything_back_and_says_so(
    patient: Patient,
    another_patient: Patient,
    therapist: Therapist,
    clock: FixedClock,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
):
    private_page = patient.book(WEDNESDAY)
    run_worker()
    clock.advance(timedelta(days=2))
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    therapist.follow("Cancel")
    therapist.press("Cancel the visit and pay $120.00 back")
    old_page = therapist.page
    clock.advance(timedelta(minutes=10))
    run_worker()
    mail = mails(ROSA)[-1]
    assert "We are sorry: Dr. Olivia Patel has to cancel" in mail.get_body(("plain",)).get_content()
    assert invitation(mail)[0] == "CANCEL"
    patient.open(private_page)
    assert "$120.00 was sent back to your card." in patient.page.text
    assert "put right" not in patient.page.text
    form = old_page.form_with("Undo")
    therapist.send(form.action, form.sent("Undo"))
    assert "Too late to undo." in therapist.page.text
    assert "Undo" not in {button for form in therapist.page.forms for button in form.buttons}


def test_the_hour_is_kept_for_the_undo_and_named_where_she_asks_why(
    patient: Patient, another_patient: Patient, therapist: Therapist, clock: FixedClock
):
    patient.book(WEDNESDAY)
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    therapist.follow("Cancel")
    therapist.press("Cancel the visit and pay $120.00 back")
    assert WEDNESDAY not in another_patient.pass_safety_check().form.choices("start")
    therapist.open("/therapist/hours/why?on=2026-06-03")
    assert "Kept for Rosa Marin, until 8:10 am: you can undo your change of that visit" in therapist.page.text
    clock.advance(timedelta(minutes=10))
    assert WEDNESDAY in another_patient.open("/book/time").form.choices("start")
    assert "Kept for" not in therapist.open("/therapist/hours/why?on=2026-06-03").text


def test_an_hour_she_gave_to_another_meanwhile_is_not_taken_back(
    patient: Patient, another_patient: Patient, therapist: Therapist
):
    patient.book(WEDNESDAY)
    another_patient.book(THURSDAY, pt_name="Ann Other")
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    therapist.follow("Cancel")
    therapist.press("Cancel the visit and pay $120.00 back")
    old_page = therapist.page
    therapist.open("/therapist")
    therapist.read_summary("Ann Other")
    therapist.follow("Move")
    therapist.page.form_with("Move it to this time").fill("on", "2026-06-03")
    therapist.page.form_with("Move it to this time").fill("at", "10:00")
    therapist.press("Move it to this time")
    assert "Wednesday, June 3, 10:00 am" in therapist.page.text
    form = old_page.form_with("Undo")
    therapist.send(form.action, form.sent("Undo"))
    assert "Not undone." in therapist.page.text
    assert "Cancelled by you" in therapist.page.text


def test_a_visit_is_marked_after_its_start_and_the_mark_taken_back(
    patient: Patient, therapist: Therapist, clock: FixedClock
):
    private_page = patient.book(WEDNESDAY)
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    assert not therapist.page.offers("It took place")
    clock.advance(timedelta(days=2, hours=2))
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    therapist.press("The patient did not come")
    assert "Did not come Nothing is paid back." in therapist.page.text
    patient.open(private_page)
    assert "We have noted that you did not come" in patient.page.text
    assert "Did not come" in therapist.open("/therapist").text
    therapist.read_summary("Rosa Marin")
    therapist.press("Not right? Take this note back")
    therapist.press("It took place")
    assert "Took place" in therapist.page.text
    assert "did not come" not in patient.open(private_page).text


def test_a_refund_that_fails_is_said_to_patient_and_therapist(
    patient: Patient,
    therapist: Therapist,
    clock: FixedClock,
    run_worker: Callable[[], None],
    rows: Callable[[str], list[tuple]],
    mails: Callable[[str], list[EmailMessage]],
):
    private_page = patient.book(WEDNESDAY)
    run_worker()
    clock.advance(timedelta(minutes=1))
    patient.open(f"{private_page}/cancel")
    patient.press("Cancel my visit and get $120.00 back")
    with patient.client.application.app_context():
        deps().ports.gateway.faults = [None, Fault.REFUSE]
    run_worker()
    clock.advance(timedelta(minutes=1))
    run_worker()
    assert "We could not send $120.00 back to your card yet." in patient.open(private_page).text
    assert "Money needs you" in [mail["Subject"] for mail in mails(OLIVIA)]
    [failed] = [mail for mail in mails("rosa.marin@") if mail["Subject"] == "Your refund has not arrived"]
    assert "We refunded $120.00" in failed.get_body(("plain",)).get_content()
    therapist.sign_in()
    [(booking_id,)] = rows("SELECT id FROM booking")
    therapist.open(f"/therapist/bookings/{booking_id}")
    assert "$120.00 could not be sent back." in therapist.page.text
