"""Invitations and their cancellation (RFC 5546 3.2.2 and 3.2.5)."""

from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum
from typing import cast
from urllib.parse import quote

from icalendar import Calendar, Event, vCalAddress

from consult.core.text import clean_text

from .event import EventFacts, Status, vevent
from .feed import PRODID

_NAME_LIMIT = 80
_MAILTO_SAFE = "@!$'*+-/=?^_`{|}~."
_UNQUOTABLE = str.maketrans("", "", '"^\\')


class Method(StrEnum):
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody named in an invitation. Any text is taken: a booking must not fail over its mail's address."""

    name: str
    email: str

    @classmethod
    def of(cls, mailbox: str) -> "Party":
        """From `Name <address>` or a bare address."""
        return cls(*parseaddr(mailbox))


@dataclass(frozen=True, slots=True)
class Invitation:
    """`ics` is the iTIP object; `method` also belongs in the Content-Type of its mail part."""

    method: Method
    ics: bytes


def invitation(facts: EventFacts, organizer: Party, attendee: Party) -> Invitation:
    """What one attendee is sent about this revision.

    The method follows from the status: a cancellation sent as a REQUEST, or a method that differs between
    body and header, leaves the appointment in the calendar. ATTENDEE is the recipient alone.
    """
    method = Method.CANCEL if facts.status is Status.CANCELLED else Method.REQUEST
    return _message(method, vevent(facts), organizer, attendee)


def request_for(shown: bytes, organizer: Party, attendee: Party) -> Invitation:
    """A REQUEST for the event `shown` in a feed of ours, so that both say the same."""
    return _message(Method.REQUEST, shown, organizer, attendee)


def _message(method: Method, shown: bytes, organizer: Party, attendee: Party) -> Invitation:
    event = cast(Event, Event.from_ical(shown))
    event["ORGANIZER"] = vCalAddress.new(_mailto(organizer), cn=_common_name(organizer))
    event.attendees = [
        vCalAddress.new(
            _mailto(attendee),
            cn=_common_name(attendee),
            cutype="INDIVIDUAL",
            role="REQ-PARTICIPANT",
            partstat="NEEDS-ACTION",
            rsvp=True,
        )
    ]
    # Calendar.new() would add a random UID to the VCALENDAR, which some readers take for the event's.
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method.value)
    calendar.add_component(event)
    return Invitation(method, bytes(calendar.to_ical()))


def _mailto(party: Party) -> str:
    # RFC 6068: whatever an address may not hold in a URI is percent-encoded, so nothing leaves its line.
    return quote(party.email, safe=_MAILTO_SAFE, errors="replace")


def _common_name(party: Party) -> str | None:
    # Quotes and carets would be written with RFC 6868's `^'`, which Outlook shows as it stands; a backslash
    # stands for itself (RFC 5545 3.2), but some read `\n` as a line break.
    return clean_text(party.name.translate(_UNQUOTABLE), _NAME_LIMIT) or None
