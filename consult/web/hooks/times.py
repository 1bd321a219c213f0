"""Free times for programs: a practice's own page, an embedded calendar."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from flask import Response, request

from consult.core.errors import NotFound
from consult.core.given import read_day, read_number
from consult.db.glance import Reader, glance
from consult.deps import deps
from consult.scheduling.offers import get_offer
from consult.scheduling.queries import find_slots, get_schedule, list_session_types
from consult.scheduling.slots import Slot
from consult.scheduling.zones import UnknownZone, canonical

from .feeds import hooks

_USUAL_DAYS = "7"
_DAYS = range(1, 43)
_MINUTE = timedelta(minutes=1)


class _Unreadable(ValueError):
    """A parameter that cannot be taken; the text says why to whoever sent it."""


@hooks.get("/times.json")
def free_times() -> Response:
    """Starts still free on `days` days from `from`, days as clocks in `zone` count them; RFC 3339, in UTC.

    The same for everybody: no cookie is read or set. Not for scripts of other origins.
    """
    try:
        with glance(deps().engine) as reader:
            return _json(_find(reader, request.args))
    except _Unreadable as error:
        return _json({"error": str(error)}, 400)
    except NotFound:
        return _json({"error": "No such session type is on offer."}, 404)


def _find(reader: Reader, asked: Mapping[str, str]) -> dict[str, object]:
    """Left open, it is the first session type, the therapist's zone, a week from today. Raises NotFound."""
    now = deps().now()
    first_on, days = _first_on(asked.get("from")), _days(asked.get("days") or _USUAL_DAYS)
    zone, session_type_id = _zone(asked.get("zone")), _session_type_id(asked.get("session_type"))
    if session_type_id is None:
        session_type_id = _first_session_type_id()
    zone = zone or get_offer(reader, session_type_id).window.zone.key
    first_on = first_on or now.astimezone(ZoneInfo(zone)).date()
    slots = find_slots(reader, session_type_id, first_on, days, now, zone)
    return {
        "zone": zone,
        "session_type": str(session_type_id),
        "minutes": _minutes(slots) or get_offer(reader, session_type_id).minutes,
        "slots": [f"{slot.start_at.isoformat()[:19]}Z" for slot in slots],
    }


def _minutes(slots: Sequence[Slot]) -> int:
    return (slots[0].end_at - slots[0].start_at) // _MINUTE if slots else 0


def _first_on(text: str | None) -> date | None:
    day = read_day(text) if text else None
    if isinstance(day, str):
        raise _Unreadable("from must be a day such as 2026-06-01.")
    return day


def _days(text: str) -> int:
    number = read_number(text)
    if isinstance(number, str) or number not in _DAYS:
        raise _Unreadable(f"days must be a whole number from {_DAYS.start} to {_DAYS.stop - 1}.")
    return number


def _zone(text: str | None) -> str | None:
    try:
        return canonical(text) if text else None
    except UnknownZone:
        raise _Unreadable("zone must be the name of a time zone such as America/New_York.") from None


def _session_type_id(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise _Unreadable("session_type must be the id of a session type.") from None


def _first_session_type_id() -> uuid.UUID:
    """Raises NotFound before the practice is set up, or when nothing is on offer."""
    session = deps().session
    for session_type in list_session_types(session, get_schedule(session).id):
        return session_type.id
    raise NotFound


def _json(answer: dict[str, object], status: int = 200) -> Response:
    return Response(json.dumps(answer, separators=(",", ":")), status, content_type="application/json")
