"""An appointment as a VEVENT. Pure.

Times are UTC and name no zone: appointments never recur, so a VTIMEZONE would add nothing but the mistakes
that calendar programs make with it. Written when the appointment changes, never when somebody reads it; line
by line, since thousands are drawn anew when the therapist chooses how much her feed shows, and icalendar
takes a third of a millisecond for each.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from consult.core.clock import as_utc
from consult.core.text import clean_text
from consult.core.timespan import TimeSpan

from .text import content_line, raw_line

SUMMARY_LIMIT = 120
LINE_LIMIT = 500

_STAMPS = re.compile(rb"(?:DTSTAMP|LAST-MODIFIED):[0-9TZ]+\r\n")
_WEB_ADDRESS = re.compile(r"https?://[!-~]+")


class Status(StrEnum):
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class EventFacts:
    """One revision of an appointment, in the words one reader may see.

    `revised_at` is DTSTAMP and LAST-MODIFIED: when this revision was made, not when it is written out.
    `url` is None where a reader may not know it; with `by_video` one meets there. Raises ValueError for a
    naive time or a `url` that is no plain http(s) address.
    """

    uid: str
    sequence: int
    revised_at: datetime
    created_at: datetime
    span: TimeSpan
    summary: str
    description: str
    url: str | None
    location: str
    status: Status
    by_video: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "revised_at", as_utc(self.revised_at))
        object.__setattr__(self, "created_at", as_utc(self.created_at))
        if self.url is not None and not _WEB_ADDRESS.fullmatch(self.url):
            raise ValueError("the address of an event must be a plain http or https address")


def vevent(facts: EventFacts) -> bytes:
    """BEGIN:VEVENT to END:VEVENT, folded, CR LF; the same bytes for the same facts. Nobody is invited."""
    description = "\n".join(clean_text(line, LINE_LIMIT) for line in facts.description.split("\n"))
    location = clean_text(facts.location, LINE_LIMIT)
    revised_at = _utc(facts.revised_at)
    lines = [
        b"BEGIN:VEVENT\r\n",
        raw_line("UID", facts.uid),
        raw_line("SEQUENCE", str(facts.sequence)),
        raw_line("DTSTAMP", revised_at),
        raw_line("CREATED", _utc(facts.created_at)),
        raw_line("LAST-MODIFIED", revised_at),
        raw_line("DTSTART", _utc(facts.span.start_at)),
        raw_line("DTEND", _utc(facts.span.end_at)),
        content_line("SUMMARY", clean_text(facts.summary, SUMMARY_LIMIT)),
        content_line("DESCRIPTION", description) if description else b"",
        content_line("LOCATION", location) if location else b"",
        raw_line("URL", facts.url) if facts.url else b"",
        raw_line("STATUS", facts.status),
        b"CLASS:PRIVATE\r\nTRANSP:OPAQUE\r\n",
    ]
    if facts.by_video and facts.url and facts.status is Status.CONFIRMED:
        lines.append(raw_line("CONFERENCE;VALUE=URI;FEATURE=VIDEO;LABEL=Join", facts.url))
    return b"".join([*lines, b"END:VEVENT\r\n"])


def unstamped(vevent: bytes) -> bytes:
    """All that an event says but when it was said."""
    return _STAMPS.sub(b"", vevent)


def _utc(instant: datetime) -> str:
    return f"{as_utc(instant):%Y%m%dT%H%M%SZ}"
