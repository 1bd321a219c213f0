"""All of a patient's appointments in their own calendar, by an address that only their mailbox is told."""

import gzip
import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from icalendar import Calendar, Event
from sqlalchemy import text

from consult.core.clock import FixedClock
from consult.deps import deps

from .patient import ABOUT, Patient, Therapist, Visitor

TUESDAY = "2026-06-02T14:00:00+00:00"
WEDNESDAY = "2026-06-03T14:00:00+00:00"
THURSDAY = "2026-06-04T14:00:00+00:00"
ROSA = ABOUT["pt_email"]
ASK = "Email me my calendar address"

Mails = Callable[[str], list[EmailMessage]]


class Mailbox:
    """Rosa's mail, and what she finds behind the links in it."""

    def __init__(self, app: Flask, run_worker: Callable[[], None], mails: Mails) -> None:
        self.reader = Visitor(app)
        self._run_worker, self._mails = run_worker, mails

    def links(self) -> list[str]:
        """To calendar addresses, oldest first."""
        self._run_worker()
        texts = [mail.get_body(("plain",)).get_content() for mail in self._mails(ROSA)]
        return [found for body in texts for found in re.findall(r"http://localhost(/calendar/\S+)", body)]

    def address(self) -> str:
        """Of the feed, from the newest mail."""
        return feed_of(self.links()[-1])

    def events(self, address: str) -> list[Event]:
        response = self.reader.client.get(address)
        assert response.status_code == 200
        return Calendar.from_ical(response.data).events


def feed_of(page: str) -> str:
    return page.replace("/calendar/", "/cal/") + ".ics"


@pytest.fixture
def mailbox(app: Flask, run_worker: Callable[[], None], mails: Mails) -> Mailbox:
    return Mailbox(app, run_worker, mails)


@pytest.fixture
def private_page(patient: Patient) -> str:
    """Of a visit on Wednesday, for which the address was asked for."""
    page = patient.book(WEDNESDAY)
    patient.press(ASK)
    return page


def test_the_address_is_mailed_and_never_shown_to_whoever_holds_the_private_page(
    patient: Patient, private_page: str, mailbox: Mailbox
):
    assert patient.page.path == private_page
    assert f"We have sent it to {ROSA}" in " ".join(patient.page.text.split()).replace(" .", ".")
    [link] = mailbox.links()
    token = link.removeprefix("/calendar/")
    for shown in (patient.page.html, patient.open(private_page).html):
        assert token not in shown

    page = mailbox.reader.open(link)
    assert page.heading == "Your calendar address"
    assert page.links["Add to Apple Calendar or Outlook"] == f"webcal://localhost{feed_of(link)}"
    assert page.links["Download a copy (.ics)"] == feed_of(link)
    assert f"http://localhost{feed_of(link)}" in page.text


def test_it_shows_the_visits_of_the_whole_mailbox_and_of_no_other(
    app: Flask, patient: Patient, another_patient: Patient, private_page: str, mailbox: Mailbox
):
    another_patient.book(TUESDAY, pt_dob="2001-09-09", pt_name="Ana Marin", pt_email=ROSA.upper())
    Patient(app).book(THURSDAY, pt_email="rosa.marin2@example.com")
    events = mailbox.events(mailbox.address())
    assert [event.start.isoformat() for event in events] == [TUESDAY, WEDNESDAY]


def test_an_event_is_the_invitations_own_and_names_nobody(
    app: Flask, patient: Patient, private_page: str, mailbox: Mailbox, mails: Mails
):
    address = mailbox.address()
    [event] = mailbox.events(address)
    [invited] = [
        Calendar.from_ical(part.get_content()).events[0]
        for mail in mails(ROSA)
        for part in mail.walk()
        if part.get_content_type() == "text/calendar"
    ]
    for name in ("UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "URL"):
        assert event[name] == invited[name], name
    assert str(event["URL"]).startswith("http://localhost/v/")
    assert not {"ATTENDEE", "ORGANIZER"} & set(event)

    body = mailbox.reader.client.get(address).text
    with app.app_context():
        practice = deps().session.scalar(text("SELECT name FROM practice"))
    for word in ("METHOD", "VALARM", "Rosa", "Marin", private_page, practice):
        assert word not in body, word
    assert "X-WR-CALNAME:Online appointments\r\n" in body


def test_it_follows_every_change_and_is_not_sent_again_without_one(
    app: Flask,
    patient: Patient,
    therapist: Therapist,
    private_page: str,
    mailbox: Mailbox,
    clock: FixedClock,
):
    address = mailbox.address()
    client = mailbox.reader.client
    first = client.get(address)
    [event] = Calendar.from_ical(first.data).events

    def changed() -> bool:
        """Whether somebody who has the last answer gets another; then that is the last."""
        nonlocal first
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 200 or (again.status_code, again.data) == (304, b"")
        same = again.status_code == 304
        first = first if same else again
        return not same

    assert not changed()
    Patient(app).book(TUESDAY, pt_email="sam@example.com")
    assert not changed()

    patient.open(private_page)
    patient.follow("Move my visit")
    patient.fill(start=THURSDAY)
    patient.press("Move my visit to this time")
    assert changed()
    [moved] = Calendar.from_ical(first.data).events
    assert (moved["UID"], moved["SEQUENCE"]) == (event["UID"], event["SEQUENCE"] + 1)
    assert moved.start.isoformat() == THURSDAY

    therapist.sign_in()
    therapist.open("/therapist/calendar")
    therapist.fill(detail="name")
    therapist.press("Save")
    assert not changed()
    assert client.get(address).data == first.data

    patient.open(private_page)
    patient.follow("Cancel my visit")
    patient.press("Cancel my visit and get $120.00 back")
    assert changed()
    assert not Calendar.from_ical(first.data).events


def test_a_cancellation_taken_back_is_back_in_the_feed(
    patient: Patient, therapist: Therapist, private_page: str, mailbox: Mailbox
):
    address = mailbox.address()
    before = mailbox.reader.client.get(address)
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    therapist.follow("Cancel")
    therapist.press("Cancel the visit and pay $120.00 back")
    assert mailbox.events(address) == []
    therapist.press("Undo")
    assert len(mailbox.events(address)) == 1
    assert mailbox.reader.client.get(address).headers["ETag"] != before.headers["ETag"]


def test_it_is_served_as_the_therapists_is(patient: Patient, private_page: str, mailbox: Mailbox):
    address, client = mailbox.address(), Visitor(patient.client.application).client
    plain = client.get(address)
    head = client.head(address)
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert "Set-Cookie" not in plain.headers
    assert (head.status_code, head.data) == (200, b"")
    for name in ("ETag", "Last-Modified", "Content-Type", "Cache-Control", "X-Robots-Tag"):
        assert head.headers[name] == plain.headers[name]
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    since = client.get(address, headers={"If-Modified-Since": plain.headers["Last-Modified"]})
    assert since.status_code == 304


def test_asked_for_again_within_ten_minutes_nothing_is_sent_and_the_address_stays(
    patient: Patient, private_page: str, mailbox: Mailbox, clock: FixedClock
):
    [link] = mailbox.links()
    clock.advance(timedelta(minutes=9))
    assert "We have sent it" in patient.press(ASK).text
    assert mailbox.links() == [link]
    assert mailbox.reader.open(link).status == 200


def test_whoever_books_with_her_email_and_asks_again_ends_no_address_of_hers(
    patient: Patient, another_patient: Patient, private_page: str, mailbox: Mailbox, clock: FixedClock
):
    [hers] = mailbox.links()
    another_patient.book(TUESDAY, pt_dob="2001-09-09")
    clock.advance(timedelta(minutes=10))
    another_patient.press(ASK)
    old, new = mailbox.links()
    assert old == hers
    assert new != old
    for link in (old, new):
        assert len(mailbox.events(feed_of(link))) == 2
        assert "1 other address shows the same appointments" in mailbox.reader.open(link).text


def test_of_two_addresses_a_new_one_takes_the_place_of_one_and_all_are_stopped_at_once(
    patient: Patient, private_page: str, mailbox: Mailbox, clock: FixedClock
):
    clock.advance(timedelta(minutes=10))
    patient.press(ASK)
    first, second = mailbox.links()
    mailbox.reader.open(first)
    assert "The others go on working" in mailbox.reader.page.text
    third = mailbox.reader.press("Make a new address instead").path
    status = [mailbox.reader.client.get(feed_of(link)).status_code for link in (first, second, third)]
    assert status == [404, 200, 200]

    assert mailbox.reader.press("Stop all 2 addresses").heading == "Your calendar is stopped"
    status = [mailbox.reader.client.get(feed_of(link)).status_code for link in (first, second, third)]
    assert status == [404, 404, 404]


def test_the_page_says_the_same_whether_or_not_the_mailbox_has_an_address(
    patient: Patient, another_patient: Patient, private_page: str
):
    def said(visitor: Patient, email: str) -> str:
        after = visitor.page.text.partition("All your appointments in your own calendar")[2]
        return after.partition("Need to change something?")[0].replace(email, "…")

    another_patient.book(TUESDAY, pt_dob="2001-09-09")
    patient.book(THURSDAY, pt_email="quite.new@example.com")
    for _ in range(2):
        of_known, of_new = said(another_patient, ROSA), said(patient, "quite.new@example.com")
        assert of_known == of_new != ""
        another_patient.press(ASK)
        patient.press(ASK)


def test_too_many_are_refused(patient: Patient, private_page: str, mailbox: Mailbox, clock: FixedClock):
    for sent in (1, 2, 3):
        assert len(mailbox.links()) == sent
        clock.advance(timedelta(minutes=10))
        assert patient.open(private_page).offers(ASK)
        patient.press(ASK)
    assert (patient.page.status, len(mailbox.links())) == (429, 3)
    assert len(mailbox.events(mailbox.address())) == 1


def test_whoever_has_the_mail_makes_a_new_address_and_stops_it(
    patient: Patient, private_page: str, mailbox: Mailbox
):
    old = mailbox.links()[-1]
    mailbox.reader.open(old)
    page = mailbox.reader.press("Make a new address instead")
    new = page.path
    assert new != old
    assert "The one it replaces no longer works" in page.text
    unknown = mailbox.reader.client.get("/cal/unknown.ics")
    dead = mailbox.reader.client.get(feed_of(old))
    assert (dead.status_code, dead.data) == (404, unknown.data)
    assert mailbox.reader.open(old).status == 404
    mailbox.reader.open(new)
    assert len(mailbox.events(feed_of(new))) == 1

    assert mailbox.reader.press("Stop this address").heading == "Your calendar is stopped"
    assert mailbox.reader.client.get(feed_of(new)).status_code == 404
    assert mailbox.reader.open(new).status == 404


def test_the_page_tells_no_search_engine_and_no_other_site_its_address(
    patient: Patient, private_page: str, mailbox: Mailbox
):
    headers = mailbox.reader.client.get(mailbox.links()[-1]).headers
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_the_therapists_address_opens_no_patients_page(therapist: Therapist):
    therapist.sign_in()
    therapist.open("/therapist/calendar")
    therapist.press("Make an address")
    token = therapist.page.links["Download a copy (.ics)"].removeprefix("/cal/").removesuffix(".ics")
    assert therapist.open(f"/calendar/{token}").status == 404
    stop = therapist.client.post(f"/calendar/{token}/stop")
    assert stop.status_code in (400, 404)
    assert therapist.client.get(f"/cal/{token}.ics").status_code == 200


def test_an_erased_booking_takes_its_address_along(
    app: Flask, patient: Patient, private_page: str, mailbox: Mailbox
):
    address = mailbox.address()
    with app.app_context(), deps().transaction():
        for table in ("receipt", "ledger_entry", "payment"):
            deps().session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - three words from above
        deps().session.execute(text("DELETE FROM booking"))
    assert mailbox.reader.client.get(address).status_code == 404
