"""A CalDAV collection (RFC 4791) as calendar text: two requests, no discovery, nothing written."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from consult.core.timespan import TimeSpan

from .fetch import Reach, Request, fetch
from .troubles import CannotRead, Trouble

_DAV, _CALDAV, _CALSRV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"

_PROPFIND = b"""<?xml version="1.0" encoding="utf-8"?>
<propfind xmlns="DAV:" xmlns:CS="http://calendarserver.org/ns/">
<prop><resourcetype/><CS:getctag/><sync-token/></prop></propfind>"""

_REPORT = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><C:calendar-data/></prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
<C:time-range start="{start}" end="{end}"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""

_EMPTY = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


@dataclass(frozen=True, repr=False)
class Collection:
    """`tag` changes with its content; None where the server has none. `text` is None when it is unchanged."""

    tag: str | None
    text: bytes | None


def read_collection(
    request: Request, reach: Reach, span: TimeSpan, known_tag: str | None, seconds: float
) -> Collection:
    """What has any moment in `span`, unless the tag is the one known already. Raises CannotRead."""
    deadline = monotonic() + seconds
    tag = _tag(_multistatus(_dav(request, "PROPFIND", "0", _PROPFIND), reach, seconds))
    if tag is not None and tag == known_tag:
        return Collection(tag, None)
    body = _REPORT.format(start=_utc(span.start_at), end=_utc(span.end_at)).encode()
    found = _multistatus(_dav(request, "REPORT", "1", body), reach, deadline - monotonic())
    # A server that cuts its answer short says so with 507 for the collection itself (RFC 6578 3.6).
    if any(" 507" in (status.text or "") for status in found.iter(f"{_DAV}status")):
        raise CannotRead(Trouble.TOO_LARGE)
    texts = [_calendar_data(answer) for answer in found.iter(f"{_DAV}response") if not _is_gone(answer)]
    return Collection(tag, "\r\n".join(texts).encode() if texts else _EMPTY)


def _dav(request: Request, method: str, depth: str, body: bytes) -> Request:
    headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
    return replace(request, method=method, headers=headers, body=body)


def _multistatus(request: Request, reach: Reach, seconds: float) -> Element:
    """Raises CannotRead, also for a document type: entities can grow without end, or name our files."""
    answer = fetch(request, reach, seconds)
    try:
        root = fromstring(answer.body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise CannotRead(Trouble.NOT_A_CALENDAR) from error
    if answer.status != 207 or root.tag != f"{_DAV}multistatus":
        raise CannotRead(Trouble.NOT_A_CALENDAR)
    return root


def _tag(found: Element) -> str | None:
    """Raises CannotRead for what is no calendar, or only a mirror of one: iCloud answers a query of such a
    collection with success and nothing.
    """
    kinds = {kind.tag for kinds in found.iter(f"{_DAV}resourcetype") for kind in kinds}
    if f"{_CALSRV}subscribed" in kinds:
        raise CannotRead(Trouble.SUBSCRIBED)
    if f"{_CALDAV}calendar" not in kinds:
        raise CannotRead(Trouble.NOT_A_CALENDAR)
    return next(_tags(found), None)


def _tags(found: Element) -> Iterator[str]:
    for name in (f"{_CALSRV}getctag", f"{_DAV}sync-token"):
        for tag in found.iter(name):
            if tag.text and tag.text.strip():
                yield tag.text.strip()


def _is_gone(answer: Element) -> bool:
    """Deleted while the answer was made."""
    return " 404" in (answer.findtext(f"{_DAV}status") or "")


def _calendar_data(answer: Element) -> str:
    """Raises CannotRead for an event that was withheld: its time would be free."""
    data = next(answer.iter(f"{_CALDAV}calendar-data"), None)
    if data is None or not data.text:
        raise CannotRead(Trouble.SERVER)
    return data.text.strip()


def _utc(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%SZ")
