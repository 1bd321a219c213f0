"""Invitations and feeds as ical.js reads them, Thunderbird's parser, which shares nothing with us."""

import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from icalendar import Calendar, Event

from consult.calendaring.event import EventFacts, Status
from consult.calendaring.itip import Party, invitation
from consult.core.timespan import TimeSpan
from tests.conftest import THERAPIST_EMAIL
from tests.npm_package import npm_package, skip_here
from tests.unit.calendaring.test_event import HOSTILE

from .patient import Patient, Therapist, Visitor

VERSION = "2.2.1"
INTEGRITY = "yK/UlPbEs316igb/tjRgbFA8ZV75rCsBJp/hWOatpyaPNlgw0dGDmU+FoicOcwX4xXkeXOkYiOmCqNPFpNPkQg=="
SCRIPT = Path(__file__).with_name("read_calendars.cjs")
LIBRARY = "package/dist/ical.es5.cjs"

JUNE = "2026-06-{:02}T14:00:00+00:00"
RIGHT_TO_LEFT, EMOJI, LONG = "\u202eנועה; \\ “כהן”, \u200f", '👩‍⚕️ "Zoë" 🏳️‍🌈^', "Ä" * 60 + "🙂" * 60

Read = Callable[[list[str]], list[dict[str, object]]]


@pytest.fixture(scope="session")
def ical_js() -> Read:
    node = shutil.which("node")
    if node is None:
        skip_here("there is no `node` on the PATH")
    folder = npm_package("ical.js", VERSION, INTEGRITY, _unpack)

    def read(bodies: list[str]) -> list[dict[str, object]]:
        done = subprocess.run(  # noqa: S603 - a script of ours
            [node or "node", str(SCRIPT), str(folder / LIBRARY)],
            input=json.dumps(bodies),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return read


def _unpack(package: Path, folder: Path) -> None:
    with tarfile.open(package) as archive:
        archive.extract(LIBRARY, folder, filter="data")


def ours(body: str) -> dict[str, object]:
    """The same as we read it ourselves."""
    calendar = Calendar.from_ical(body)

    def said(of: Calendar | Event, name: str) -> str | None:
        return str(of[name]) if name in of else None

    def people(event: Event, name: str) -> list[list[str | None]]:
        return [[str(event[name]), event[name].params.get("CN")]] if name in event else []

    def instant(at: datetime) -> str:
        return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"

    events = [
        {
            "uid": said(event, "UID"),
            "sequence": int(event["SEQUENCE"]),
            "status": said(event, "STATUS"),
            "summary": said(event, "SUMMARY"),
            "description": said(event, "DESCRIPTION"),
            "url": said(event, "URL"),
            "conference": [str(event["CONFERENCE"])] if "CONFERENCE" in event else [],
            "start": instant(event.start),
            "end": instant(event.end),
            "stamp": instant(event["DTSTAMP"].dt),
            "organizer": people(event, "ORGANIZER"),
            "attendee": people(event, "ATTENDEE"),
        }
        for event in calendar.events
    ]
    return {"method": said(calendar, "METHOD"), "name": said(calendar, "X-WR-CALNAME"), "events": events}


def written_with(text: str) -> list[str]:
    """An invitation and its CANCEL with such a text wherever one is told, longer than any form takes."""
    start = datetime(2026, 6, 2, 19, 0, tzinfo=UTC)
    facts = EventFacts(
        uid="5d0b6c1e@book.example.org",
        sequence=0,
        revised_at=start,
        created_at=start,
        span=TimeSpan(start, start + timedelta(minutes=45)),
        summary=f"x{text}",
        description=f"{text}\n{text}",
        url=None,
        location=text,
        status=Status.CONFIRMED,
    )
    somebody = Party(text, "somebody@example.com")
    gone = replace(facts, status=Status.CANCELLED)
    return [invitation(each, somebody, somebody).ics.decode() for each in (facts, gone)]


def invitations(mails: list[EmailMessage]) -> list[str]:
    parts = [part for mail in mails for part in mail.walk() if part.get_content_type() == "text/calendar"]
    return [part.get_payload(decode=True).decode() for part in parts]


def test_a_parser_of_another_maker_reads_what_we_wrote(
    app: Flask,
    patient: Patient,
    therapist: Therapist,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
    ical_js: Read,
):
    therapist.sign_in()
    therapist.open("/therapist/calendar/invitations").form_with("Save").fill("wanted", "yes")
    therapist.press("Save")
    therapist.open("/therapist/calendar")
    therapist.fill(detail="name")
    therapist.press("Save")
    therapist.press("Make an address")
    hers = therapist.page.links["Download a copy (.ics)"]

    Patient(app).book(JUNE.format(2), pt_name=RIGHT_TO_LEFT, pt_email="rtl@example.com")
    Patient(app).book(JUNE.format(3), pt_name=LONG, pt_email="long@example.com", pt_access=["phone"])
    private_page = patient.book(JUNE.format(4), pt_name=EMOJI, pt_email="emoji@example.com")
    patient.press("Email me my calendar address")
    run_worker()
    [link] = re.findall(
        r"/calendar/\S+",
        "".join(mail.get_body(("plain",)).get_content() for mail in mails("emoji@example.com")),
    )
    reader = Visitor(app)
    theirs = reader.open(link).links["Download a copy (.ics)"]
    feeds = [reader.client.get(address).get_data(as_text=True) for address in (hers, theirs)]

    patient.open(private_page)
    patient.follow("Move my visit")
    patient.fill(start=JUNE.format(5))
    patient.press("Move my visit to this time")
    run_worker()
    patient.open(private_page)
    patient.follow("Cancel my visit")
    patient.press("Cancel my visit and get $120.00 back")
    run_worker()

    addresses = ("emoji@example.com", "rtl@example.com", "long@example.com", THERAPIST_EMAIL)
    to_emoji, to_rtl, to_long, to_her = (invitations(mails(address)) for address in addresses)
    bodies = [*feeds, *to_emoji, *to_rtl, *to_long, *to_her]
    bodies += [body for text in HOSTILE for body in written_with(text)]
    found = ical_js(bodies)
    assert found == [ours(body) for body in bodies]

    her_feed, their_feed, *rest = found
    assert all(len(read["events"]) == 1 for read in rest)
    assert [event["summary"].partition(" – ")[2][:3] for event in her_feed["events"]] == ["נוע", "ÄÄÄ", "👩‍⚕"]
    assert (her_feed["method"], her_feed["name"], len(their_feed["events"])) == (
        None,
        "Online appointments",
        1,
    )
    of_emoji = rest[: len(to_emoji)]
    assert [sent["method"] for sent in of_emoji] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [sent["events"][0]["sequence"] for sent in of_emoji] == [0, 1, 2]
    assert {sent["events"][0]["uid"] for sent in of_emoji} == {their_feed["events"][0]["uid"]}
    assert [len(sent["events"][0]["conference"]) for sent in of_emoji] == [1, 1, 0]
    [by_phone] = rest[len(to_emoji) + len(to_rtl) :][: len(to_long)]
    assert by_phone["events"][0]["conference"] == []
    assert [len(sent["events"][0]["attendee"]) for sent in rest] == [1] * len(rest)
    assert len(to_her) == 5
