"""A look asks for a calendar only if it has changed."""

from datetime import UTC, datetime, timedelta

import pytest

from consult.calendaring.outside.fetch import Reach
from consult.calendaring.outside.looking import Access, Kind, Version, look
from consult.calendaring.outside.reading import Wanted
from consult.calendaring.outside.troubles import CannotRead, Trouble
from consult.core.timespan import TimeSpan

from .hosting import Host
from .ics import at, calendar

FROM = datetime(2026, 6, 1, tzinfo=UTC)
WANTED = Wanted(TimeSpan(FROM, FROM + timedelta(days=400)), "America/New_York", "book.example.org")
BODY = calendar(at("20260602T140000Z", "20260602T150000Z"))
MONDAY = "Mon, 01 Jun 2026 08:00:00 GMT"


def test_what_the_host_called_it_is_asked_for_again(host: Host, reach: Reach):
    access = Access(Kind.ICS, host.says("/a.ics", BODY, ETag='"1"', Last_Modified=MONDAY))
    seen = look(access, Version(), WANTED, reach)
    assert seen.version == Version('"1"', MONDAY)
    assert len(seen.found.busy) == 1
    host.says("/a.ics", b"", 304)
    assert look(access, seen.version, WANTED, reach).found is None
    assert [headers.get("if-none-match") for _, _, headers in host.seen] == [None, '"1"']
    assert [headers.get("if-modified-since") for _, _, headers in host.seen] == [None, MONDAY]


def test_unchanged_since_never_is_no_answer(host: Host, reach: Reach):
    with pytest.raises(CannotRead) as refusal:
        look(Access(Kind.ICS, host.says("/a.ics", b"", 304)), Version(), WANTED, reach)
    assert refusal.value.trouble is Trouble.SERVER


def test_a_version_too_long_to_keep_is_none(host: Host, reach: Reach):
    access = Access(Kind.ICS, host.says("/a.ics", BODY, ETag='"' + "x" * 200 + '"', Last_Modified="y" * 81))
    assert look(access, Version(), WANTED, reach).version == Version()
