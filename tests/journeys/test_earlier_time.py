"""Asking for an earlier time, being told of one, taking it: on the pages and in the mail."""

from collections.abc import Callable
from email.message import EmailMessage

from icalendar import Calendar

from .patient import Patient, Therapist

AT_ONE = "2026-06-02T17:00:00+00:00"
AT_TEN = "2026-06-02T14:00:00+00:00"
TAKE = "Take the earlier time"


def cancel(patient: Patient, private_page: str) -> None:
    patient.open(f"{private_page}/cancel")
    patient.press("Cancel my visit and get $120.00 back")


def waiting_for_the_morning(patient: Patient, another_patient: Patient) -> tuple[str, str]:
    """One has ten o'clock on Tuesday, the other one o'clock and is on the list."""
    early = another_patient.book(AT_TEN, pt_email="sam.okafor@example.com", pt_name="Sam Okafor")
    late = patient.book(AT_ONE)
    patient.follow("Would you come earlier? Ask to be told")
    patient.press("Tell me of earlier times")
    assert patient.page.heading == "You are on the list"
    return early, late


def test_the_hour_another_gave_back_is_offered_by_mail_and_taken_on_the_private_page(
    patient: Patient,
    another_patient: Patient,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
):
    early, late = waiting_for_the_morning(patient, another_patient)
    run_worker()
    assert "An earlier time is free" not in [mail["Subject"] for mail in mails("rosa.marin")]
    cancel(another_patient, early)
    run_worker()
    [mail] = [mail for mail in mails("rosa.marin") if mail["Subject"] == "An earlier time is free"]
    text = mail.get_body(("plain",)).get_content()
    assert f"http://localhost{late}/earlier" in text
    assert "held for you until 11:00 am on Monday, June 1" in text

    patient.open(late)
    assert "An earlier time is held for you until 11:00 am." in patient.page.text
    offer = patient.follow("See it and answer").form_with(TAKE)
    patient.press(TAKE)
    assert patient.page.path == late
    assert "Your visit has moved" in patient.page.text
    assert "Tuesday, June 2" in patient.page.text
    again = patient.send(offer.action, offer.sent(TAKE))
    assert (again.path, "Your visit has moved" in again.text) == (late, True)
    event = Calendar.from_ical(patient.client.get(f"{late}/appointment.ics").data).events[0]
    assert event["SEQUENCE"] == 1
    assert event.start.hour < 17


def test_a_time_offered_to_one_is_nobody_elses(
    patient: Patient, another_patient: Patient, therapist: Therapist, run_worker: Callable[[], None]
):
    early, late = waiting_for_the_morning(patient, another_patient)
    cancel(another_patient, early)
    run_worker()
    assert patient.open(f"{late}/earlier").heading == "An earlier time is free"
    visitor = Patient(patient.client.application)
    visitor.pass_safety_check()
    times = visitor.client.get("/book/time?from=2026-06-02").text
    assert AT_ONE not in times
    assert AT_TEN not in times
    assert "2026-06-02T15:00:00+00:00" in times
    therapist.sign_in()
    why = therapist.open("/therapist/hours/why?on=2026-06-02").text
    assert "Held for a patient who may come earlier, 9:30 am to 10:15 am, until 11:00 am" in why


def test_an_old_page_takes_nothing_that_is_gone(
    patient: Patient, another_patient: Patient, run_worker: Callable[[], None]
):
    early, late = waiting_for_the_morning(patient, another_patient)
    cancel(another_patient, early)
    run_worker()
    patient.open(f"{late}/earlier")
    other_tab = Patient(patient.client.application)
    other_tab.open(f"{late}/earlier")
    other_tab.press("Keep my time")
    patient.press(TAKE)
    assert "That earlier time can’t be had any more" in patient.page.text
    assert "1:00 pm" in patient.open(late).text
