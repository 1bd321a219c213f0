"""Both feeds as real calendar programs have them: vdirsyncer fetches over HTTP, khal shows what it got."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from .patient import ABOUT, Patient, Therapist, Visitor

TUESDAY = "2026-06-02T14:00:00+00:00"
WEDNESDAY = "2026-06-03T14:00:00+00:00"
THURSDAY = "2026-06-04T14:00:00+00:00"

_BIN = Path(sys.executable).parent


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The address is secret."""


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server = make_server("127.0.0.1", port, app, request_handler=_Quiet, fd=listening.fileno())
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class Calendars:
    """A computer with a calendar that subscribes to one address."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.items = folder, folder / "items"
        self.items.mkdir(parents=True)
        (folder / "vdirsyncer").write_text(
            f"""[general]
status_path = "{folder / "status"}"
[pair feed]
a = "here"
b = "site"
collections = null
[storage here]
type = "filesystem"
path = "{self.items}"
fileext = ".ics"
[storage site]
type = "http"
url = "{url}"
"""
        )
        (folder / "khal").write_text(
            f"""[calendars]
[[feed]]
path = {self.items}
[locale]
local_timezone = America/New_York
default_timezone = America/New_York
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {folder / "khal.db"}
[default]
default_calendar = feed
"""
        )
        self.vdirsyncer("discover")

    def sync(self) -> subprocess.CompletedProcess[str]:
        return self.vdirsyncer("sync")

    def vdirsyncer(self, command: str) -> subprocess.CompletedProcess[str]:
        return self._run("vdirsyncer", "-c", str(self.folder / "vdirsyncer"), command)

    def listed(self) -> list[str]:
        """Every event of the week, as `day start-end title`."""
        command = ("list", "2026-05-31", "14d", "-f", "{start-date} {start-time}-{end-time} {title}")
        shown = self._run("khal", "-c", str(self.folder / "khal"), *command, "--day-format", "")
        assert shown.returncode == 0, shown.stderr
        return [line for line in shown.stdout.splitlines() if line.strip()]

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        home = {"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        return subprocess.run(  # noqa: S603 - two programs of ours, with our own arguments
            [str(_BIN / program), *arguments],
            env={**os.environ, **home},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    with serving(app) as url:
        yield url


def subscribed(tmp_path: Path, site: str, address: str) -> Calendars:
    calendars = Calendars(tmp_path / address.rpartition("/")[2][:8], f"{site}{address}")
    done = calendars.sync()
    assert done.returncode == 0, done.stderr
    return calendars


def test_the_therapists_feed_in_a_real_calendar(
    app: Flask, patient: Patient, therapist: Therapist, site: str, tmp_path: Path
):
    for start, email in ((TUESDAY, "a@example.com"), (WEDNESDAY, "b@example.com")):
        Patient(app).book(start, pt_email=email)
    private_page = patient.book(THURSDAY)
    therapist.sign_in()
    therapist.open("/therapist/calendar")
    therapist.press("Make an address")
    calendars = subscribed(tmp_path, site, therapist.page.links["Download a copy (.ics)"])
    assert len(list(calendars.items.iterdir())) == 3
    title = "Online appointment – R. M."
    assert calendars.listed() == [
        f"2026-06-02 10:00-10:45 {title}",
        f"2026-06-03 10:00-10:45 {title}",
        f"2026-06-04 10:00-10:45 {title}",
    ]

    patient.open(private_page)
    patient.follow("Cancel my visit")
    patient.press("Cancel my visit and get $120.00 back")
    therapist.open("/therapist/calendar")
    therapist.fill(detail="busy")
    therapist.press("Save")
    assert calendars.sync().returncode == 0
    assert calendars.listed() == ["2026-06-02 10:00-10:45 Busy", "2026-06-03 10:00-10:45 Busy"]


def test_a_patients_feed_follows_and_a_stopped_one_fails_and_deletes_nothing(
    app: Flask,
    patient: Patient,
    another_patient: Patient,
    site: str,
    tmp_path: Path,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
):
    another_patient.book(TUESDAY, pt_dob="2001-09-09")
    private_page = patient.book(WEDNESDAY)
    Patient(app).book("2026-06-05T14:00:00+00:00", pt_email="somebody.else@example.com")
    patient.press("Email me my calendar address")
    run_worker()
    received = [mail.get_body(("plain",)).get_content() for mail in mails(ABOUT["pt_email"])]
    [link] = re.findall(r"/calendar/\S+", "\n".join(received))
    reader = Visitor(app)
    reader.open(link)
    calendars = subscribed(tmp_path, site, reader.page.links["Download a copy (.ics)"])
    assert calendars.listed() == [
        "2026-06-02 10:00-10:45 Online appointment",
        "2026-06-03 10:00-10:45 Online appointment",
    ]

    patient.open(private_page)
    patient.follow("Move my visit")
    patient.fill(start=THURSDAY)
    patient.press("Move my visit to this time")
    assert calendars.sync().returncode == 0
    assert calendars.listed() == [
        "2026-06-02 10:00-10:45 Online appointment",
        "2026-06-04 10:00-10:45 Online appointment",
    ]

    patient.open(private_page)
    patient.follow("Cancel my visit")
    patient.press("Cancel my visit and get $120.00 back")
    assert calendars.sync().returncode == 0
    left = ["2026-06-02 10:00-10:45 Online appointment"]
    assert calendars.listed() == left

    reader.press("Stop this address")
    stopped = calendars.sync()
    assert stopped.returncode != 0
    assert "NOT FOUND" in stopped.stderr
    assert calendars.listed() == left
