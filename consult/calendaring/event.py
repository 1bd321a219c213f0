"""An appointment as a VEVENT. Pure, apart from icalendar, which writes the lines.

Times are UTC and name no zone: appointments never recur, so a VTIMEZONE would add nothing but the mistakes
that calendar programs make with it. Written when the appointment changes, never when somebody reads it: one
costs a third of a millisecond.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from icalendar import Conference, Event
from icalendar.enums import CLASS, STATUS, TRANSP

from consult.core.clock import as_utc
from consult.core.text import clean_text
from consult.core.timespan import TimeSpan

SUMMARY_LIMIT = 120
LINE_LIMIT = 500

_WEB_ADDRESS = re.compile(r"https?://[!-~]+")


class Status(StrEnum):
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class EventFacts:
    """One revision of an appointment, in the words one reader may see.

    `revised_at` is DTSTAMP and LAST-MODIFIED: when this revision was made, not when it is written out.
    `url` is None where a reader may not know it. Raises ValueError for a naive time or a `url` that is no
    plain http(s) address.
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "revised_at", as_utc(self.revised_at))
        object.__setattr__(self, "created_at", as_utc(self.created_at))
        if self.url is not None and not _WEB_ADDRESS.fullmatch(self.url):
            raise ValueError("the address of an event must be a plain http or https address")


def vevent(facts: EventFacts) -> bytes:
    """BEGIN:VEVENT to END:VEVENT, folded, CR LF; the same bytes for the same facts. Nobody is invited."""
    return bytes(event_component(facts).to_ical())


def event_component(facts: EventFacts) -> Event:
    """The same, before it is written, for `itip` to add the people."""
    url = facts.url if facts.status is Status.CONFIRMED else None
    return Event.new(
        uid=facts.uid,
        sequence=facts.sequence,
        stamp=facts.revised_at,
        last_modified=facts.revised_at,
        created=facts.created_at,
        start=facts.span.start_at,
        end=facts.span.end_at,
        summary=clean_text(facts.summary, SUMMARY_LIMIT),
        description="\n".join(clean_text(line, LINE_LIMIT) for line in facts.description.split("\n")) or None,
        location=clean_text(facts.location, LINE_LIMIT) or None,
        url=facts.url,
        status=STATUS(facts.status.value),
        classification=CLASS.PRIVATE,
        transparency=TRANSP.OPAQUE,
        conferences=[Conference(url, feature="VIDEO", label="Join")] if url else [],
    )
