"""One look at a calendar kept elsewhere: over the network and through the child, without the database."""

from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

from .caldav import read_collection
from .fetch import SECONDS, Reach, Request, fetch
from .reading import WALL_SECONDS, Found, Wanted, read_busy
from .troubles import CannotRead, Trouble

LONGEST = SECONDS + WALL_SECONDS

_ETAG_LIMIT, _LAST_MODIFIED_LIMIT = 200, 80


class Kind(StrEnum):
    ICS = "ics"
    """An address that answers with the whole calendar (RFC 5545)."""
    CALDAV = "caldav"
    """A calendar collection (RFC 4791)."""


@dataclass(frozen=True, repr=False)
class Access:
    """Where a calendar is and how to get in. All of it is secret: often the address alone is the key."""

    kind: Kind
    url: str
    user: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """By what the other side knows its calendar unchanged; for CalDAV `etag` is the collection's tag."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """`found` is None when the calendar is as it was when `version` was given."""

    version: Version
    found: Found | None


def look(access: Access, known: Version, wanted: Wanted, reach: Reach, seconds: float = LONGEST) -> Seen:
    """Read the calendar unless it is still the one `known`. Raises CannotRead."""
    deadline = monotonic() + seconds
    fetching = min(seconds, SECONDS)
    request = Request(access.url, access.user, access.password)
    if access.kind is Kind.CALDAV:
        collection = read_collection(request, reach, wanted.span, known.etag, fetching)
        version, text = Version(_short(collection.tag, _ETAG_LIMIT)), collection.text
    else:
        version, text = _calendar(request, known, reach, fetching)
    if text is None:
        return Seen(known, None)
    return Seen(version, read_busy(text, wanted, min(WALL_SECONDS, deadline - monotonic())))


def _calendar(request: Request, known: Version, reach: Reach, seconds: float) -> tuple[Version, bytes | None]:
    conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    headers = {"Accept": "text/calendar, */*;q=0.1"}
    headers |= {name: value for name, value in conditions.items() if value}
    answer = fetch(Request(request.url, request.user, request.password, headers=headers), reach, seconds)
    if answer.status == 304 and not (known.etag or known.last_modified):
        raise CannotRead(Trouble.SERVER)
    version = Version(
        _short(answer.headers.get("etag"), _ETAG_LIMIT),
        _short(answer.headers.get("last-modified"), _LAST_MODIFIED_LIMIT),
    )
    return version, None if answer.status == 304 else answer.body


def _short(value: str | None, limit: int) -> str | None:
    """One too long to keep is none: the calendar is then read whole each time."""
    return value if value and len(value) <= limit and value.isprintable() and value.isascii() else None
