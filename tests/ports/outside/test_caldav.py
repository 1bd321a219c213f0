"""CalDAV, against a real server, and against what real servers are known to do."""

import base64
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
    """`asked` are the methods of the requests it got."""

    port: int
    asked: list[str]

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
    application, asked = Application(settings), []

    def noting(environ, start_response):
        asked.append(environ["REQUEST_METHOD"])
        return application(environ, start_response)

    with make_server("127.0.0.1", 0, noting, handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        real = Radicale(server.server_port, asked)
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
    radicale.asked.clear()
    assert look(radicale.access, first.version, WANTED, reach).found is None
    assert radicale.asked == ["PROPFIND"]
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


def test_a_collection_that_has_moved_is_not_found_and_read_at_its_new_address(
    radicale: Radicale, reach: Reach
):
    radicale.put("a", at(*HOUR, uid="a"))
    known = look(radicale.access, Version(), WANTED, reach).version
    assert radicale.ask("DELETE", "/olivia/family/") == 200
    assert radicale.ask("MKCALENDAR", "/olivia/home/") == 201
    assert radicale.ask("PUT", "/olivia/home/a.ics", calendar(at(*A_LATER_HOUR, uid="a"))) == 201
    with pytest.raises(CannotRead) as refusal:
        look(radicale.access, known, WANTED, reach)
    assert refusal.value.trouble is Trouble.NOT_FOUND
    moved = replace(radicale.access, url=radicale.access.url.replace("family", "home"))
    assert starts(look(moved, known, WANTED, reach)) == ["06-03 14:00"]


def test_a_server_that_sends_on_to_where_the_collection_is_now_is_followed(
    radicale: Radicale, host: Host, reach: Reach
):
    """Asked the same way, but without the password, which was given for another server."""
    radicale.put("a", at(*HOUR, uid="a"))
    old = host.says("/dav/", b"", 308, Location=radicale.access.url)
    assert trouble(replace(radicale.access, url=old), reach) is Trouble.SIGN_IN
    assert [method for method, _, _ in host.seen] == ["PROPFIND"]
    assert radicale.asked[-1] == "PROPFIND"


def test_a_real_servers_mirror_of_another_calendar_is_refused(radicale: Radicale, reach: Reach):
    body = b"""<mkcol xmlns="DAV:" xmlns:CS="http://calendarserver.org/ns/"><set><prop>
        <resourcetype><collection/><CS:subscribed/></resourcetype>
        <CS:source><href>https://elsewhere.example/a.ics</href></CS:source></prop></set></mkcol>"""
    assert radicale.ask("MKCOL", "/olivia/mirror/", body) == 201
    mirror = replace(radicale.access, url=radicale.access.url.replace("family", "mirror"))
    assert trouble(mirror, reach) is Trouble.SUBSCRIBED
    assert "REPORT" not in radicale.asked


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
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    billion = f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]><a>&l9;</a>'.encode()
    assert trouble(answers(host, billion), reach) is Trouble.NOT_A_CALENDAR
    itself = b'<!DOCTYPE a [<!ENTITY a "&b;"><!ENTITY b "&a;">]><a>&a;</a>'
    assert trouble(answers(host, itself), reach) is Trouble.NOT_A_CALENDAR
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
    deep = b"<a>" * 200_000 + b"</a>" * 200_000
    assert trouble(answers(host, known, deep), reach) is Trouble.NOT_A_CALENDAR
    gone = start + b"<response><href>/a</href><status>HTTP/1.1 404 No</status></response></multistatus>"
    assert starts(look(answers(host, known, gone), Version(), WANTED, reach)) == []
