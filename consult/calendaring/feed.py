"""A subscribed calendar: head, stored events, tail. Pure.

No METHOD, neither in a feed nor in a file to download. PUBLISH would make it an iTIP message, which must name
an ORGANIZER (RFC 5546 3.2.1) and would meet the invitation of the same UID as a message from a stranger.
Without one it is a plain calendar (RFC 5545 3.7.2), to be shown or imported and answered by nobody.
"""

import gzip
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from consult.core.timespan import TimeSpan

from .text import content_line

PRODID = "-//Consult//Online appointments//EN"
TITLE = "Online appointments"
"""What a subscription is called. The practice's name may tell its profession, and calendars are shared."""

FORMAT = 2
"""Raise it when stored events or the head change their form: all are drawn anew, and every reader told."""

MONTHS_BACK = 3
MONTHS_AHEAD = 18

_HEAD = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:" + PRODID.encode() + b"\r\nCALSCALE:GREGORIAN\r\n"
_REFRESH = b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-PUBLISHED-TTL:PT1H\r\n"
_NAME = content_line("X-WR-CALNAME", TITLE)
_TAIL = b"END:VCALENDAR\r\n"
_ENTITY_TAG = re.compile(r'"[^"]*"')


def calendar_bytes(vevents: Iterable[bytes]) -> bytes:
    """A plain calendar of these events, to download."""
    return b"".join([_HEAD, *vevents, _TAIL])


def feed_bytes(vevents: Iterable[bytes]) -> bytes:
    """The same to subscribe to: with the name to show, and how often to come back."""
    return b"".join([_HEAD, _NAME, _REFRESH, *vevents, _TAIL])


def compressed(body: bytes) -> bytes:
    """gzip, the same bytes each time. Level 1: higher ones cost three times as long for a tenth less."""
    return gzip.compress(body, compresslevel=1, mtime=0)


def month_start(now: datetime) -> datetime:
    """The first instant, in UTC, of the month `now` lies in."""
    return _months_from(now, 0)


def window(now: datetime) -> TimeSpan:
    """Which appointments a feed shows: three months back, and at least eighteen ahead.

    Bounds are month boundaries, so that what a feed holds, and its ETag, change with the clock once a month.
    """
    return TimeSpan(_months_from(now, -MONTHS_BACK), _months_from(now, MONTHS_AHEAD + 1))


def etag(version: int, changed_at: datetime, window_start: datetime, *, gzipped: bool) -> str:
    """A strong entity tag over everything the body is made of; another one for its compressed form.

    With the instant, since versions count from an earlier one again after a backup was put back.
    """
    made_of = f"{FORMAT}-{version}-{int(changed_at.timestamp())}-{window_start:%Y%m}"
    return f'"{made_of}-gzip"' if gzipped else f'"{made_of}"'


def not_modified(
    if_none_match: str | None, if_modified_since: str | None, tag: str, modified_at: datetime
) -> bool:
    """Whether a conditional GET is answered by 304 (RFC 9110 13.1, 13.2.2).

    If-None-Match, when there, decides alone: a list, compared weakly, or `*`. A date that cannot be
    read asks nothing.
    """
    if if_none_match is not None:
        return if_none_match.strip() == "*" or tag in _ENTITY_TAG.findall(if_none_match)
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
    except (ValueError, OverflowError):
        return False
    return modified_at.replace(microsecond=0) <= (since if since.tzinfo else since.replace(tzinfo=UTC))


def _months_from(now: datetime, months: int) -> datetime:
    year, month = divmod(now.year * 12 + now.month - 1 + months, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)
