"""The therapist's page of her calendar feed: its address, and how much it shows."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from icalendar import Calendar, Event
from sqlalchemy import select, text

from consult.calendaring.models import CalendarObject
from consult.core.clock import FixedClock
from consult.deps import deps
from tests.journeys.page import Page
from tests.journeys.patient import EARLIEST, Patient, Therapist

Rows = Callable[[str], list[tuple]]

JUNE_9 = "2026-06-09"


@pytest.fixture
def olivia(therapist: Therapist) -> Therapist:
    therapist.sign_in()
    therapist.open("/therapist/calendar")
    return therapist


@pytest.fixture
def address(olivia: Therapist) -> str:
    olivia.press("Make an address")
    return olivia.page.links["Download a copy (.ics)"]


def read(olivia: Therapist, address: str) -> list[Event]:
    return Calendar.from_ical(olivia.client.get(address).data).events


def choose(olivia: Therapist, detail: str) -> Page:
    olivia.open("/therapist/calendar")
    olivia.fill(detail=detail)
    return olivia.press("Save")


def note(olivia: Therapist, title: str) -> None:
    olivia.open("/therapist/hours/days")
    form = olivia.page.form_with("Block this time")
    entry = {"own-title": title, "own-on": JUNE_9, "own-start": "09:00", "own-end": "10:30"}
    for name, answer in entry.items():
        form.fill(name, answer)
    olivia.press("Block this time")


def test_the_address_is_given_in_three_ways_and_shown_once(olivia: Therapist, address: str):
    page = olivia.page
    assert page.links["Add to Apple Calendar or Outlook"] == f"webcal://localhost{address}"
    assert f"http://localhost{address}" in page.text
    assert olivia.client.get(address).status_code == 200
    assert "8 to 24 hours" in page.text
    assert address not in olivia.open("/therapist/calendar").html


def test_a_stopped_address_is_not_found_and_the_page_says_so(olivia: Therapist, address: str):
    page = olivia.press("Stop this address")
    assert "Stopped. The address no longer works" in page.text
    unknown = olivia.client.get("/cal/unknown.ics")
    dead = olivia.client.get(address)
    assert (dead.status_code, dead.data) == (404, unknown.data)
    assert olivia.page.offers("Make an address")
    assert not olivia.page.offers("Stop this address")


def test_initials_are_chosen_unless_she_says_otherwise(olivia: Therapist):
    assert olivia.page.form_with("Save").value("detail") == "initials"


@pytest.mark.parametrize(
    ("detail", "visit", "own"),
    [
        ("busy", "Busy", "Busy"),
        ("initials", "Online appointment – R. M.", "Dentist; bring <papers>"),
        ("name", "Online appointment – Rosa Marin", "Dentist; bring <papers>"),
    ],
)
def test_all_that_the_feed_shows_is_drawn_anew_as_she_chose(
    patient: Patient, olivia: Therapist, address: str, detail: str, visit: str, own: str
):
    choose(olivia, "name" if detail != "name" else "busy")
    patient.book(EARLIEST)
    note(olivia, "Dentist; bring <papers>")
    before = olivia.client.get(address).headers["ETag"]
    page = choose(olivia, detail)
    assert "Saved." in page.text
    assert page.form_with("Save").value("detail") == detail
    assert olivia.client.get(address).headers["ETag"] != before
    events = read(olivia, address)
    assert [str(event["SUMMARY"]) for event in events] == [visit, own]
    assert ["URL" in event for event in events] == [detail != "busy", False]


def test_what_a_former_release_drew_is_drawn_anew_once_and_calendars_learn_of_it(
    patient: Patient, olivia: Therapist, address: str, clock: FixedClock, run_worker: Callable[[], None]
):
    patient.book(EARLIEST)
    drawn = olivia.client.get(address)
    app = olivia.client.application
    with app.app_context(), deps().transaction():
        event = deps().session.scalars(select(CalendarObject)).one()
        event.vevent_therapist = event.vevent_therapist.replace(b"TRANSP:OPAQUE\r\n", b"X-OLD:1\r\n")
    clock.advance(timedelta(minutes=1))
    run_worker()
    since = {"If-Modified-Since": drawn.headers["Last-Modified"]}
    anew = olivia.client.get(address, headers=since)
    assert (anew.status_code, anew.headers["ETag"] != drawn.headers["ETag"]) == (200, True)
    assert b"X-OLD" not in anew.data
    assert read(olivia, address)[0]["DTSTAMP"].dt == clock()
    clock.advance(timedelta(minutes=1))
    run_worker()
    assert olivia.client.get(address).headers["ETag"] == anew.headers["ETag"]


def test_what_comes_after_the_choice_is_shown_by_it_too(patient: Patient, olivia: Therapist, address: str):
    choose(olivia, "busy")
    patient.book(EARLIEST)
    note(olivia, "Dentist")
    assert [str(event["SUMMARY"]) for event in read(olivia, address)] == ["Busy", "Busy"]


def test_the_same_choice_again_changes_nothing(olivia: Therapist, address: str):
    before = olivia.client.get(address).headers["ETag"]
    choose(olivia, "initials")
    assert olivia.client.get(address).headers["ETag"] == before


@pytest.mark.parametrize("sent", ["", "everything"])
def test_a_choice_there_is_not_is_refused(olivia: Therapist, rows: Rows, sent: str):
    form = olivia.page.form_with("Save")
    pairs = [(name, value) for name, value in form.sent("Save") if name != "detail"]
    page = olivia.send(form.action, [*pairs, ("detail", sent)])
    assert (page.status, page.errors) == (422, {"detail": "Choose one of the three."})
    assert rows("SELECT feed_detail FROM therapist") == [("initials",)]


def test_a_page_open_for_too_long_changes_nothing_and_keeps_the_choice(olivia: Therapist, rows: Rows):
    form = olivia.page.form_with("Save")
    page = olivia.send(form.action, [("csrf_token", "stale"), ("detail", "name")])
    assert (page.status, list(page.errors)) == (422, ["detail"])
    assert page.form_with("Save").value("detail") == "name"
    assert rows("SELECT feed_detail FROM therapist") == [("initials",)]


def test_an_entry_of_her_own_comes_and_goes_in_the_feed(olivia: Therapist, address: str, rows: Rows):
    empty = olivia.client.get(address)
    note(olivia, "Dentist")
    [event] = read(olivia, address)
    assert (str(event["SUMMARY"]), event.start.isoformat()) == ("Dentist", "2026-06-09T13:00:00+00:00")
    assert event.end.isoformat() == "2026-06-09T14:30:00+00:00"
    assert not {"URL", "LOCATION", "DESCRIPTION", "CONFERENCE"} & set(event)

    olivia.open("/therapist/hours/days")
    [form] = [form for form in olivia.page.forms if "/own/" in form.action and "/remove" in form.action]
    olivia.send(form.action, form.sent(next(iter(form.buttons))))
    gone = olivia.client.get(address, headers={"If-None-Match": empty.headers["ETag"]})
    assert gone.status_code == 200
    assert Calendar.from_ical(gone.data).events == []


def test_an_entry_from_before_feeds_showed_them_can_be_removed(olivia: Therapist, address: str, rows: Rows):
    note(olivia, "Dentist")
    with olivia.client.application.app_context(), deps().transaction():
        deps().session.execute(text("DELETE FROM calendar_object"))
    olivia.open("/therapist/hours/days")
    [form] = [form for form in olivia.page.forms if "/own/" in form.action and "/remove" in form.action]
    olivia.send(form.action, form.sent(next(iter(form.buttons))))
    assert rows("SELECT status FROM appointment WHERE title = 'Dentist'") == [("cancelled",)]


def test_no_name_is_stored_readable_until_she_chooses_so(
    patient: Patient, olivia: Therapist, address: str, rows: Rows
):
    def stored() -> str:
        return str(rows("SELECT * FROM calendar_object"))

    patient.book(EARLIEST)
    assert "Rosa" not in stored()
    choose(olivia, "name")
    assert "Rosa Marin" in stored()
    choose(olivia, "busy")
    assert "Rosa" not in stored()


def test_the_navigation_leads_to_every_page_and_says_where_one_is(olivia: Therapist):
    for words, path in {
        "Today": "/therapist",
        "Hours": "/therapist/hours",
        "Money": "/therapist/money",
        "Calendars": "/therapist/calendar",
        "Website": "/therapist/website",
        "Form and rules": "/therapist/form",
    }.items():
        page = olivia.follow(words)
        assert (page.status, page.path) == (200, path)
        assert f'<a href="{path}" aria-current="page">{words}' in page.html
    assert olivia.open("/therapist/money").links["Codes and packs"] == "/therapist/vouchers"
    page = olivia.open("/therapist/calendars")
    assert '<a href="/therapist/calendar" aria-current="true">Calendars' in page.html
    assert '<a href="/therapist/calendars" aria-current="page">Your other calendars' in page.html
    assert page.links["Your feed"] == "/therapist/calendar"
