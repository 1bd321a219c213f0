"""CalDAV, against a real server, and against what real servers are known to do."""

import base64
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from radicale import Application, config

from consult.calendaring.outside.fetch import Reach
from consult.calendaring.outside.looking import Access, Kind, Seen, Version, look
from consult.calendaring.outside.reading import Wanted
from consult.calendaring.outside.troubles import CannotRead, Trouble
from consult.core.timespan import TimeSpan

from .hosting import Host
from .ics import at, calendar

FROM = datetime(2026, 6, 1, tzinfo=UTC)
WANTED = Wanted(TimeSpan(FROM, FROM + timedelta(days=400)), "America/New_York", "book.example.org")
HOUR = ("20260602T140000Z", "20260602T150000Z")
A_LATER_HOUR = ("20260603T140000Z", "20260603T150000Z")


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


@dataclass
class Radicale:
    port: int

    @property
    def access(self) -> Access:
        url = f"http://dav.test:{self.port}/olivia/family/"
        return Access(Kind.CALDAV, url, "olivia", "app password")

    def ask(self, method: str, path: str, body: bytes = b"") -> int:
        pair = base64.b64encode(b"olivia:app password").decode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(
            method, path, body, {"Authorization": f"Basic {pair}", "Content-Type": "text/calendar"}
        )
        status = connection.getresponse().status
        connection.close()
        return status

    def put(self, name: str, *parts: str) -> None:
        assert self.ask("PUT", f"/olivia/family/{name}.ics", calendar(*parts)) in (201, 204)


@pytest.fixture
def radicale(tmp_path: Path) -> Iterator[Radicale]:
    users = tmp_path / "users"
    users.write_text("olivia:app password\n")
    settings = config.load()
    settings.update(
        {
            "auth": {
                "type": "htpasswd",
                "htpasswd_filename": str(users),
                "htpasswd_encryption": "plain",
                "delay": "0",
            },
            "storage": {"filesystem_folder": str(tmp_path / "collections"), "_filesystem_fsync": "False"},
            "logging": {"level": "critical"},
        },
        "test",
        privileged=True,
    )
    with make_server("127.0.0.1", 0, Application(settings), handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        real = Radicale(server.server_port)
        assert real.ask("MKCALENDAR", "/olivia/family/") == 201
        yield real
        server.shutdown()
        thread.join()


def starts(seen: Seen) -> list[str]:
    assert seen.found is not None
    return [f"{span.start_at:%m-%d %H:%M}" for span in seen.found.busy]


def trouble(access: Access, reach: Reach) -> Trouble:
    with pytest.raises(CannotRead) as refusal:
        look(access, Version(), WANTED, reach)
    return refusal.value.trouble


def test_a_collection_is_read_and_one_unchanged_is_not_read_again(radicale: Radicale, reach: Reach):
    radicale.put("a", at(*HOUR, uid="a"))
    radicale.put("b", at("20240605T140000Z", "20240605T150000Z", "RRULE:FREQ=YEARLY;COUNT=3", uid="b"))
    radicale.put("c", at("20200602T140000Z", "20200602T150000Z", uid="c"))
    first = look(radicale.access, Version(), WANTED, reach)
    assert starts(first) == ["06-02 14:00", "06-05 14:00"]
    assert look(radicale.access, first.version, WANTED, reach).found is None
    radicale.put("d", at(*A_LATER_HOUR, uid="d"))
    assert starts(look(radicale.access, first.version, WANTED, reach)) == [
        "06-02 14:00",
        "06-03 14:00",
        "06-05 14:00",
    ]


def test_an_empty_collection_is_a_calendar_without_busy_times(radicale: Radicale, reach: Reach):
    assert starts(look(radicale.access, Version(), WANTED, reach)) == []


def test_a_wrong_password_and_a_wrong_address_are_told_apart(radicale: Radicale, reach: Reach):
    url = radicale.access.url
    assert trouble(Access(Kind.CALDAV, url, "olivia", "wrong"), reach) is Trouble.SIGN_IN
    whole = url.removesuffix("family/")
    assert trouble(Access(Kind.CALDAV, whole, "olivia", "app password"), reach) is Trouble.NOT_A_CALENDAR
    assert trouble(Access(Kind.CALDAV, f"{whole}none/", "olivia", "app password"), reach) is Trouble.NOT_FOUND


def properties(kinds: str, tag: str = "1") -> bytes:
    return (
        '<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/">'
        f"<response><href>/</href><propstat><prop><resourcetype><collection/>{kinds}</resourcetype>"
        f"<CS:getctag>{tag}</CS:getctag></prop></propstat></response></multistatus>"
    ).encode()


def answers(host: Host, first: bytes, second: bytes = b"", status: int = 207) -> Access:
    """A server that says these two things in turn."""
    said = iter([first, second])

    def answer(request) -> None:
        body = next(said)
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return Access(Kind.CALDAV, host.does("/dav/", answer), "olivia", "app password")


def test_a_mirror_of_another_calendar_is_refused(host: Host, reach: Reach):
    """iCloud answers a query of one with success and nothing: all its times would be free."""
    assert trouble(answers(host, properties("<CS:subscribed/>")), reach) is Trouble.SUBSCRIBED


def test_a_document_type_is_refused(host: Host, reach: Reach):
    bomb = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>'
    assert trouble(answers(host, bomb), reach) is Trouble.NOT_A_CALENDAR
    files = b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>'
    assert trouble(answers(host, files), reach) is Trouble.NOT_A_CALENDAR


@pytest.mark.parametrize(
    "body", [b"", b"<html/>", b"<a>", b"\xff\xff", b"<?xml version='1.0' encoding='none'?><a/>"]
)
def test_what_is_no_multistatus_is_no_calendar(host: Host, reach: Reach, body: bytes):
    assert trouble(answers(host, body), reach) is Trouble.NOT_A_CALENDAR
    assert trouble(answers(host, properties("<C:calendar/>"), status=200), reach) is Trouble.NOT_A_CALENDAR


def test_an_answer_cut_short_or_with_an_event_held_back_is_none(host: Host, reach: Reach):
    start = b'<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    known = properties("<C:calendar/>")
    cut = start + b"<response><href>/</href><status>HTTP/1.1 507 No</status></response></multistatus>"
    assert trouble(answers(host, known, cut), reach) is Trouble.TOO_LARGE
    bare = start + b"<response><href>/a</href><propstat><prop/></propstat></response></multistatus>"
    assert trouble(answers(host, known, bare), reach) is Trouble.SERVER
    gone = start + b"<response><href>/a</href><status>HTTP/1.1 404 No</status></response></multistatus>"
    assert starts(look(answers(host, known, gone), Version(), WANTED, reach)) == []
