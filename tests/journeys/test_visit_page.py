"""What somebody finds who sees the patient's calendar, and what they do not."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from icalendar import Calendar

from consult.core.clock import FixedClock

from .patient import ABOUT, Patient, Visitor

WEDNESDAY = "2026-06-03T14:00:00+00:00"
ROSA = ABOUT["pt_email"]


@pytest.fixture
def private_page(patient: Patient) -> str:
    return patient.book(WEDNESDAY)


@pytest.fixture
def in_calendar(patient: Patient, private_page: str) -> str:
    """The address in the calendar entry."""
    file = patient.client.get(f"{private_page}/appointment.ics").data
    assert private_page.removeprefix("/b/") not in file.decode()
    return str(Calendar.from_ical(file).walk("VEVENT")[0]["URL"]).removeprefix("http://localhost")


@pytest.fixture
def reader(app: Flask) -> Visitor:
    """Who sees the calendar."""
    return Visitor(app)


def test_it_shows_when_and_nothing_of_the_patient(
    reader: Visitor, patient: Patient, private_page: str, in_calendar: str
):
    page = reader.open(in_calendar)
    assert page.path == in_calendar
    assert "Wednesday, June 3" in page.text
    assert "10:00 am to 10:45 am" in page.text
    for secret in (private_page, *(str(answer) for answer in ABOUT.values() if len(str(answer)) > 3)):
        assert secret not in reader.client.get(in_calendar).text, secret
    assert not [link for link in page.links.values() if link.startswith("/b/")]


def test_it_opens_no_other_page_of_the_booking(reader: Visitor, in_calendar: str):
    token = in_calendar.removeprefix("/v/")
    for page in ("", "/intake", "/safety", "/cancel", "/reschedule", "/tips", "/appointment.ics"):
        assert reader.client.get(f"/b/{token}{page}").status_code == 404


def test_the_browser_that_booked_is_led_to_the_private_page(
    patient: Patient, private_page: str, in_calendar: str
):
    assert patient.open(in_calendar).path == private_page


def test_the_private_pages_link_is_mailed_to_the_patient_only_and_not_again_at_once(
    reader: Visitor,
    private_page: str,
    in_calendar: str,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
    clock: FixedClock,
):
    run_worker()
    before = len(mails(ROSA))
    for _ in range(3):
        reader.open(in_calendar)
        assert "We have sent it." in reader.press("Email me the link").text
        assert private_page not in reader.page.text
    run_worker()
    assert len(mails(ROSA)) == before + 1
    assert private_page in mails(ROSA)[-1].get_body(("plain",)).get_content()
    clock.advance(timedelta(minutes=10))
    reader.press("Email me the link")
    run_worker()
    assert len(mails(ROSA)) == before + 2


def test_it_leads_into_the_visit_once_the_safety_check_was_answered_again(
    reader: Visitor, patient: Patient, private_page: str, in_calendar: str, clock: FixedClock
):
    assert "You can join from 9:00 am" in reader.open(in_calendar).text
    clock.advance(timedelta(days=2, hours=1, minutes=30))
    page = reader.open(in_calendar)
    assert "To join, please open your private page." in page.text
    assert "Join the video visit" not in page.links

    patient.open(private_page)
    patient.follow("Start the safety check")
    patient.fill(rc_same=["none"])
    patient.press()
    assert "Join the video visit" in reader.open(in_calendar).links


def test_a_cancelled_visit_says_so(patient: Patient, reader: Visitor, private_page: str, in_calendar: str):
    patient.open(private_page)
    patient.follow("Cancel my visit")
    patient.press("Cancel my visit and get $120.00 back")
    page = reader.open(in_calendar)
    assert page.heading == "This appointment is cancelled"
    assert "Join" not in " ".join(page.links)


def test_an_unknown_address_is_not_found(reader: Visitor):
    assert reader.open("/v/unknown").status == 404


def test_whoever_sees_the_calendar_cannot_fill_the_patients_mailbox(
    reader: Visitor, in_calendar: str, clock: FixedClock
):
    statuses = []
    for _ in range(7):
        reader.open(in_calendar)
        statuses.append(reader.press(next(iter(reader.page.forms[0].buttons))).status)
        clock.advance(timedelta(minutes=10))
    assert statuses == [200] * 6 + [429]
