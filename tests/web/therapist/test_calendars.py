"""The therapist's page of her other calendars."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler
from threading import Event

import pytest
from flask import Flask

from consult.core.clock import FixedClock
from consult.deps import EXTENSION
from tests.journeys.page import Page
from tests.journeys.patient import EARLIEST, Patient, Therapist
from tests.journeys.test_earlier_time import TAKE, cancel, waiting_for_the_morning
from tests.ports.outside.hosting import AT_HOME, Host, serving
from tests.ports.outside.ics import at, calendar, event

Rows = Callable[[str], list[tuple]]

TEN_O_CLOCK = at("20260601T140000Z", "20260601T143000Z", "SUMMARY:Physiotherapy for my own knee")


@pytest.fixture
def host() -> Iterator[Host]:
    with serving() as host:
        yield host


@pytest.fixture
def app(app: Flask) -> Flask:
    d = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(d, ports=replace(d.ports, reach=AT_HOME))
    return app


@pytest.fixture
def olivia(therapist: Therapist) -> Therapist:
    therapist.sign_in()
    return therapist


def add(olivia: Therapist, url: str, name: str = "Family", **more: str) -> Page:
    olivia.open("/therapist/calendars")
    form = olivia.page.form_with("Read and add it")
    for field, answer in ({"name": name, "url": url} | more).items():
        form.fill(field, answer)
    return olivia.press("Read and add it")


def test_a_calendar_is_added_read_and_its_times_are_no_longer_offered(
    app: Flask, olivia: Therapist, host: Host, rows: Rows
):
    olivia.follow("Calendars")
    assert olivia.follow("Your other calendars").path == "/therapist/calendars"
    assert "None yet." in olivia.page.text
    url = host.says("/private-f00d/basic.ics", calendar(TEN_O_CLOCK))
    page = add(olivia, url)
    assert (page.status, page.path) == (200, "/therapist/calendars")
    assert "“Family” was read and is saved. It has 1 busy time in the next 8 weeks." in page.text
    assert "f00d" not in page.html
    times = app.test_client().get("/times.json").json["slots"]
    assert EARLIEST.replace("+00:00", "Z") not in times
    assert "2026-06-01T14:30:00Z" in times
    assert "knee" not in str(rows("SELECT * FROM external_busy")) + str(
        rows("SELECT * FROM external_calendar")
    )


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/none", "Nothing was saved. There is no calendar at that address any more."),
        ("/page", "Nothing was saved. What came back is no calendar."),
    ],
)
def test_one_that_cannot_be_read_is_told_and_what_was_typed_stays(
    olivia: Therapist, host: Host, rows: Rows, path: str, words: str
):
    host.says("/page", b"<html>Sign in</html>")
    page = add(olivia, host.url + path, user="olivia", password="s3cret")
    assert page.status == 422
    assert page.errors["url"].startswith(words)
    form = page.form_with("Read and add it")
    assert (form.value("url"), form.value("user"), form.value("password")) == (host.url + path, "olivia", "")
    assert rows("SELECT * FROM external_calendar") == []


def test_a_private_address_is_refused_in_the_same_words_as_any_other_it_must_not_ask(olivia: Therapist):
    told = {
        add(olivia, url).errors["url"]
        for url in ("http://inner.test/a.ics", "gopher://x.example/", "https://user:x@x.example/")
    }
    assert len(told) == 1
    assert "Only https addresses on the public internet are read." in told.pop()


def test_missing_fields_are_told(olivia: Therapist):
    page = add(olivia, "", name="", kind="caldav")
    assert page.status == 422
    assert set(page.errors) == {"name", "url", "user"}


def test_a_failure_is_shown_with_its_age_and_what_to_do(
    olivia: Therapist, host: Host, clock: FixedClock, run_worker: Callable[[], None]
):
    add(olivia, host.says("/a.ics", calendar(TEN_O_CLOCK)))
    host.says("/a.ics", b"", 401)
    clock.advance(timedelta(minutes=20))
    run_worker()
    page = olivia.open("/therapist/calendars")
    assert "Cannot be read Last read 20 minutes ago, Monday, June 1, 8:00 am." in page.text
    assert "The 1 busy time in the next 8 weeks known from then still count" in page.text
    assert "did not let us in" in page.text
    assert "was last read" not in olivia.open("/therapist").text
    clock.advance(timedelta(hours=24))
    olivia.sign_in()
    assert "Your calendar “Family” was last read 24 hours ago." in olivia.open("/therapist").text
    host.says("/a.ics", calendar())
    olivia.open("/therapist/calendars")
    assert "Read Just now: 0 busy times" in olivia.press("Read now: Family").text


def test_whole_days_keep_her_busy_unless_she_says_otherwise(olivia: Therapist, host: Host):
    url = host.says("/a.ics", calendar(TEN_O_CLOCK, event("DTSTART;VALUE=DATE:20260603")))
    page = add(olivia, url, whole_days_busy=True)
    assert "It has 2 busy times" in page.text
    add(olivia, url, name="Birthdays", whole_days_busy=False)
    assert "Just now: 1 busy time in the next 8 weeks. Its whole-day entries keep nothing busy." in (
        olivia.page.text
    )
    assert olivia.page.form_with("Read and add it").ticked("whole_days_busy") == ["yes"]


def test_name_and_whole_days_are_changed_afterwards(olivia: Therapist, host: Host):
    add(olivia, host.says("/a.ics", calendar(TEN_O_CLOCK, event("DTSTART;VALUE=DATE:20260603"))))
    olivia.follow("Change Family")
    form = olivia.page.form_with("Save")
    assert (form.value("name"), form.ticked("whole_days_busy")) == ("Family", ["yes"])
    form.fill("name", "  ")
    form.fill("whole_days_busy", False)
    page = olivia.press("Save")
    assert (page.status, page.errors) == (422, {"name": "Give it a name, such as Family."})
    assert page.form_with("Save").ticked("whole_days_busy") == []
    page.form_with("Save").fill("name", "Home")
    page = olivia.press("Save")
    assert (page.status, page.path) == (200, "/therapist/calendars")
    assert "Home secret address" in page.text
    assert "1 busy time in the next 8 weeks. Its whole-day entries keep nothing busy." in page.text
    assert olivia.open("/therapist/calendars/rubbish/change").status == 404


def test_a_change_from_a_stale_page_keeps_what_was_typed_and_saves_nothing(
    olivia: Therapist, host: Host, rows: Rows, send_with_forged_token: Callable[[Therapist, str], Page]
):
    add(olivia, host.says("/a.ics", calendar(TEN_O_CLOCK)))
    olivia.follow("Change Family")
    olivia.page.form_with("Save").fill("name", "Home")
    page = send_with_forged_token(olivia, "Save")
    assert (page.status, page.form_with("Save").value("name")) == (422, "Home")
    assert rows("SELECT name FROM external_calendar") == [("Family",)]


def test_while_one_calendar_hangs_everybody_else_is_served(
    app: Flask, olivia: Therapist, patient: Patient, host: Host, rows: Rows
):
    """Also whoever writes: nothing is locked while another's server is waited for."""
    asked, answer = Event(), Event()
    whole = calendar(TEN_O_CLOCK)

    def hang(request: BaseHTTPRequestHandler) -> None:
        asked.set()
        answer.wait(9)
        request.send_response(200)
        request.send_header("Content-Length", str(len(whole)))
        request.end_headers()
        request.wfile.write(whole)

    with ThreadPoolExecutor(1) as elsewhere:
        adding = elsewhere.submit(add, olivia, host.does("/a.ics", hang))
        try:
            assert asked.wait(9)
            assert app.test_client().get("/times.json").status_code == 200
            patient.book(EARLIEST)
            another_tab = Therapist(app)
            another_tab.sign_in()
            assert another_tab.open("/therapist").status == 200
            assert not adding.done()
        finally:
            answer.set()
        assert "“Family” was read and is saved." in adding.result().text
    assert "A visit meets a busy time" in olivia.page.text
    assert rows("SELECT count(*) FROM external_busy") == [(1,)]


def test_removing_asks_first(app: Flask, olivia: Therapist, host: Host, rows: Rows):
    add(olivia, host.says("/a.ics", calendar(TEN_O_CLOCK)))
    page = olivia.follow("Remove Family")
    assert "Its busy times are free at once" in page.text
    address = page.path
    assert rows("SELECT count(*) FROM external_busy") == [(1,)]
    page = olivia.press("Remove it")
    assert (page.path, "Removed. Its times are free again." in page.text) == ("/therapist/calendars", True)
    assert rows("SELECT count(*) FROM external_busy") == [(0,)]
    assert olivia.open(address).status == 404
    assert olivia.open("/therapist/calendars/rubbish/remove").status == 404


def test_a_visit_that_meets_a_busy_time_stands_and_is_shown(olivia: Therapist, patient: Patient, host: Host):
    patient.book(EARLIEST)
    add(olivia, host.says("/a.ics", calendar(TEN_O_CLOCK)))
    for address in ("/therapist/calendars", "/therapist"):
        assert "A visit meets a busy time in your other calendars." in olivia.open(address).text
    assert olivia.follow("Monday, June 1, 10:00 am").path.startswith("/therapist/bookings/")


def test_why_not_this_time_names_the_calendar_and_its_age(olivia: Therapist, host: Host, clock: FixedClock):
    add(olivia, host.says("/a.ics", calendar(TEN_O_CLOCK)))
    clock.advance(timedelta(minutes=4))
    page = olivia.open("/therapist/hours/why?on=2026-06-01")
    assert "Busy in your calendar “Family”, read 4 minutes ago: 10:00 am to 10:30 am" in page.text


def test_an_hour_that_turned_busy_is_not_paid_for(
    olivia: Therapist, patient: Patient, host: Host, clock: FixedClock, rows: Rows
):
    add(olivia, host.says("/a.ics", calendar()))
    patient.pass_safety_check()
    patient.choose_time(EARLIEST)
    patient.tell_about_myself()
    patient.agree()
    host.says("/a.ics", calendar(TEN_O_CLOCK))
    clock.advance(timedelta(minutes=3))
    page = patient.go_to_payment()
    assert page.status == 409
    assert "Monday, June 1 at 10:00 am is no longer free. It was just taken." in page.text
    assert "nothing was charged" in page.text
    nearest = page.form.choices("start")
    assert EARLIEST not in nearest
    assert rows("SELECT count(*) FROM payment") == [(0,)]
    patient.choose_time(nearest[0])
    assert patient.go_to_payment().status == 200


def test_what_is_paid_while_the_hour_turns_busy_is_kept_and_she_is_told(
    olivia: Therapist,
    patient: Patient,
    host: Host,
    clock: FixedClock,
    rows: Rows,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
):
    add(olivia, host.says("/a.ics", calendar()))
    patient.come_to_check(EARLIEST)
    patient.go_to_payment()
    host.says("/a.ics", calendar(TEN_O_CLOCK))
    clock.advance(timedelta(minutes=11))
    run_worker()
    patient.pay()
    assert rows("SELECT status FROM appointment") == [("booked",)]
    assert rows("SELECT count(*) FROM refund") == [(0,)]
    run_worker()
    told = [mail for mail in mails("olivia") if "busy elsewhere" in str(mail["Subject"])]
    [text] = [mail.get_body(("plain",)).get_content() for mail in told]
    assert "Monday, June 1, 2026, 10:00 am" in text
    assert "/therapist/bookings/" in text
    assert "knee" not in text
    assert "Family" not in text


def test_an_earlier_time_that_turned_busy_is_said_to_be_gone_on_the_page_and_by_mail(
    olivia: Therapist,
    patient: Patient,
    another_patient: Patient,
    host: Host,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
):
    early, late = waiting_for_the_morning(patient, another_patient)
    cancel(another_patient, early)
    run_worker()
    assert patient.open(f"{late}/earlier").heading == "An earlier time is free"
    add(olivia, host.says("/a.ics", calendar(at("20260602T140000Z", "20260602T150000Z"))))
    page = patient.press(TAKE)
    assert page.heading == "You are on the list"
    assert "That earlier time can’t be had any more" in page.text
    run_worker()
    page = patient.open(f"{late}/earlier")
    assert page.heading == "You are on the list"
    assert "The earlier time that we offered you, Tuesday, June 2 at " in page.text
    [mail] = [mail for mail in mails("rosa.marin") if mail["Subject"] == "The earlier time is gone"]
    assert f"http://localhost{late}/earlier" in mail.get_body(("plain",)).get_content()


def test_nobody_without_a_visit_has_her_calendars_read(
    olivia: Therapist, patient: Patient, host: Host, clock: FixedClock
):
    add(olivia, host.says("/a.ics", calendar()))
    clock.advance(timedelta(minutes=5))
    reads = len(host.seen)
    token = patient.open("/book/safety").form.value("csrf_token")
    page = patient.send("/b/guessed/earlier", [("csrf_token", token), ("answer", "accept")])
    assert (page.status, len(host.seen)) == (404, reads)


def test_after_a_day_unread_she_gets_a_mail_that_leads_to_the_page(
    olivia: Therapist,
    host: Host,
    clock: FixedClock,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
):
    add(olivia, host.says("/secret-1234.ics", calendar()), name="Dr. Stein")
    host.says("/secret-1234.ics", b"", 404)
    clock.advance(timedelta(hours=25))
    run_worker()
    run_worker()
    [mail] = mails("olivia")
    assert mail["Subject"] == "One of your other calendars cannot be read"
    text = mail.get_body(("plain",)).get_content()
    assert "http://localhost/therapist/calendars" in text.splitlines()
    assert "Stein" not in mail.as_string()
    assert "1234" not in mail.as_string()


def test_moving_a_visit_into_a_busy_time_is_refused_by_the_calendars_name(
    olivia: Therapist, patient: Patient, host: Host, rows: Rows
):
    patient.book("2026-06-01T17:00:00+00:00")
    add(olivia, host.says("/a.ics", calendar(TEN_O_CLOCK)))
    [(booking_id,)] = rows("SELECT booking_id FROM appointment")
    olivia.open(f"/therapist/bookings/{booking_id}/move")
    form = olivia.page.form_with("Move it to this time")
    form.fill("on", "2026-06-01")
    form.fill("at", "10:00")
    page = olivia.press("Move it to this time")
    assert page.status == 409
    assert page.errors["at"].startswith("You are busy then in your calendar “Family”, read just now.")
