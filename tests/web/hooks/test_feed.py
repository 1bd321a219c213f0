"""The calendar feed as calendar programs read it."""

import gzip
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask, request_started
from icalendar import Calendar

from consult.core.clock import FixedClock
from tests.journeys.patient import Patient, Therapist


@pytest.fixture
def subscribe(therapist: Therapist) -> Callable[[], str]:
    """Make a new address, as the therapist does."""

    def make() -> str:
        therapist.sign_in()
        therapist.open("/therapist/calendar")
        [button] = [button for form in therapist.page.forms for button in form.buttons if "Make" in button]
        therapist.press(button)
        return therapist.page.links["Add to Apple Calendar or Outlook"].removeprefix("webcal://localhost")

    return make


def test_the_feed_is_a_calendar_without_a_cookie_and_without_a_method(
    patient: Patient, subscribe: Callable[[], str]
):
    address = subscribe()
    patient.book()
    response = patient.client.get(address)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert "Set-Cookie" not in response.headers
    assert response.headers["Cache-Control"] == "private, max-age=0, must-revalidate"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    calendar = Calendar.from_ical(response.data)
    assert "METHOD" not in calendar
    [event] = calendar.events
    assert "R. M." in event["SUMMARY"]
    assert "Rosa" not in response.text
    assert "rosa.marin" not in response.text


def test_what_did_not_change_is_not_sent_again(
    patient: Patient, subscribe: Callable[[], str], clock: FixedClock
):
    address = subscribe()
    first = patient.client.get(address)
    again = patient.client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    since = patient.client.get(address, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert since.status_code == 304

    clock.advance(timedelta(minutes=1))
    patient.book("2026-06-02T14:00:00+00:00")
    changed = patient.client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    since = patient.client.get(address, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert since.status_code == 200


@pytest.mark.parametrize("header", ["If-Modified-Since", "If-None-Match", "Accept-Encoding", "User-Agent"])
def test_a_header_that_makes_no_sense_is_borne(patient: Patient, subscribe: Callable[[], str], header: str):
    response = patient.client.get(subscribe(), headers={header: "é" * 300 + '"'})
    assert response.status_code == 200


def test_head_tells_the_same_without_a_body(patient: Patient, subscribe: Callable[[], str]):
    address = subscribe()
    head, get = patient.client.head(address), patient.client.get(address)
    assert (head.status_code, head.data) == (200, b"")
    for name in ("ETag", "Last-Modified", "Content-Type", "Cache-Control"):
        assert head.headers[name] == get.headers[name]


def test_compressed_for_those_who_ask(patient: Patient, subscribe: Callable[[], str]):
    address = subscribe()
    plain = patient.client.get(address)
    packed = patient.client.get(address, headers={"Accept-Encoding": "gzip, deflate"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in packed.vary
    assert "Accept-Encoding" in plain.vary


@pytest.mark.parametrize("codings", ["gzip;q=0", "identity, gzip; q=0.0, *", "*;q=0, br", "gzipped", ""])
def test_not_compressed_for_those_who_refuse_or_never_named_it(
    patient: Patient, subscribe: Callable[[], str], codings: str
):
    response = patient.client.get(subscribe(), headers={"Accept-Encoding": codings})
    assert "Content-Encoding" not in response.headers
    assert response.data.startswith(b"BEGIN:VCALENDAR")


def test_nothing_changed_is_said_before_the_application_begins(
    app: Flask, patient: Patient, subscribe: Callable[[], str], clock: FixedClock
):
    address = subscribe()
    tag = {"If-None-Match": patient.client.get(address).headers["ETag"]}
    begun: list[object] = []
    with request_started.connected_to(lambda sender: begun.append(sender), app):
        for method in (patient.client.get, patient.client.head):
            again = method(address, headers=tag)
            assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag["If-None-Match"])
            assert "Set-Cookie" not in again.headers
        assert begun == []
        assert patient.client.post(address, headers=tag).status_code == 405
        assert patient.client.get("/cal/unknown.ics", headers=tag).status_code == 404
        assert patient.client.get(address, headers={"If-None-Match": '"old"'}).status_code == 200
        assert len(begun) == 3
        # Its coming has to be written down now and then, which is not done in front.
        clock.advance(timedelta(minutes=5))
        assert patient.client.get(address, headers=tag).status_code == 304
        assert len(begun) == 4


def test_a_new_address_ends_the_old_one(patient: Patient, subscribe: Callable[[], str]):
    old, new = subscribe(), subscribe()
    unknown = patient.client.get("/cal/unknown.ics")
    dead = patient.client.get(old)
    assert (dead.status_code, dead.data) == (404, unknown.data)
    assert "Set-Cookie" not in dead.headers
    assert patient.client.get(new).status_code == 200


def test_the_therapist_sees_when_and_by_what_it_was_last_read(
    patient: Patient, therapist: Therapist, subscribe: Callable[[], str]
):
    address = subscribe()
    assert "no program has read it yet" in therapist.open("/therapist/calendar").text
    assert address not in therapist.page.html
    patient.client.get(address, headers={"User-Agent": "Thunderbird <b>"})
    assert "by Thunderbird <b>" in therapist.open("/therapist/calendar").text
    patient.client.get(address, headers={"User-Agent": "Google-Calendar-Importer"})
    assert "by Google-Calendar-Importer" in therapist.open("/therapist/calendar").text


def test_the_address_is_kept_only_as_a_digest(subscribe: Callable[[], str], rows):
    token = subscribe().removeprefix("/cal/").removesuffix(".ics")
    assert token not in str(rows("SELECT * FROM feed_subscription"))
