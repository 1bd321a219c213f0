"""Times, rows and options as pages show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup

from consult.core.ages import age_words
from consult.core.local_time import clock_words, day_words, offset_words, short_zone, zone_words
from consult.intake.red_flags import RaisedFlag
from consult.scheduling.models import Appointment
from consult.scheduling.slots import Slot
from consult.scheduling.wall_clock import day_start


@dataclass(frozen=True)
class SlotOption:
    id: str
    label: str
    hint: str | None = None


def init_filters(app: Flask) -> None:
    filters = app.jinja_env.filters
    filters["weekday"] = lambda instant, zone: day_words(instant.astimezone(ZoneInfo(zone)).date())
    filters["dated"] = _dated
    filters["day"] = day_words
    filters["clock"] = _clock
    filters["age"] = age_words
    filters["span_clock"] = _span_clock
    filters["zone_name"] = _zone_name
    filters["zone_on_days"] = _zone_on_days
    filters["slots_zone"] = _slots_zone
    filters["slot_days"] = _slot_days
    filters["slot_options"] = _slot_options
    filters["zone_options"] = lambda zones, chosen: _zone_options(tuple(zones), chosen)
    filters["quoted"] = _quoted
    filters["phone"] = lambda text: "".join(letter for letter in text if letter.isdigit() or letter == "+")


def _dated(instant: datetime, zone: str) -> str:
    """With the year, for days that may be long past."""
    day = instant.astimezone(ZoneInfo(zone)).date()
    return f"{day_words(day)}, {day.year}"


def _clock(instant: datetime, zone: str) -> str:
    return clock_words(instant.astimezone(ZoneInfo(zone)))


def _span_clock(appointment: Appointment, zone: str) -> str:
    return f"{_clock(appointment.start_at, zone)} to {_clock(appointment.end_at, zone)}"


def _zone_name(zone: str, at: datetime) -> str:
    """`New York time (EDT), UTC−4`"""
    local = at.astimezone(ZoneInfo(zone))
    words, offset = zone_words(at, zone), offset_words(local)
    return words if offset == short_zone(local) else f"{words}, {offset}"


def _zone_on_days(zone: str, first_on: date, last_on: date) -> str:
    """As it is on the first of these days, and from when on another offset holds."""
    place = ZoneInfo(zone)
    midnights = [
        day_start(first_on + timedelta(days=number), place).astimezone(place)
        for number in range((last_on - first_on).days + 2)
    ]
    name = _zone_name(zone, midnights[0])
    for before, after in pairwise(midnights):
        if before.utcoffset() != after.utcoffset():
            then = dict.fromkeys((short_zone(after), offset_words(after)))
            return f"{name}. The clocks change on {day_words(before.date())}: after that {', '.join(then)}"
    return name


def _slots_zone(slots: Sequence[Slot], zone: str) -> str:
    first, last = (slot.start_at.astimezone(ZoneInfo(zone)).date() for slot in (slots[0], slots[-1]))
    return _zone_on_days(zone, first, last)


def _slot_days(
    days: Iterable[tuple[date, Sequence[Slot]]], zone: str, also: str | None = None
) -> list[dict[str, object]]:
    """`also` is somebody else's zone: where their clock shows another time, each option says which."""
    return [
        {"heading": day_words(day), "options": _slot_options(slots, zone, also=also)} for day, slots in days
    ]


def _slot_options(
    slots: Iterable[Slot], zone: str, with_day: bool = False, also: str | None = None
) -> list[SlotOption]:
    """An option's id is the instant it starts at, in UTC."""
    return [
        SlotOption(
            slot.start_at.isoformat(),
            f"{day_words(slot.start_at.astimezone(ZoneInfo(zone)).date())}, {_clock(slot.start_at, zone)}"
            if with_day
            else _clock(slot.start_at, zone),
            _elsewhere(slot.start_at, zone, also) if also else None,
        )
        for slot in slots
    ]


def _elsewhere(at: datetime, zone: str, other: str) -> str | None:
    """What the other clock shows, with the day where that is another; None when both show the same."""
    here, there = at.astimezone(ZoneInfo(zone)), at.astimezone(ZoneInfo(other))
    if here.utcoffset() == there.utcoffset():
        return None
    return clock_words(there) if here.date() == there.date() else f"{there:%a} {clock_words(there)}"


@lru_cache(maxsize=64)
def _zone_options(zones: Sequence[str], chosen: str | None) -> Markup:
    """Hundreds of them, which is half of what a page of times would cost to write. The chosen one is there
    also when it is no place, but what a browser without one says.
    """
    return Markup("\n").join(
        Markup('<option value="{}"{}>{}</option>').format(
            zone, " selected" if zone == chosen else "", zone.replace("_", " ")
        )
        for zone in sorted({*zones, *([chosen] if chosen else [])})
    )


def _quoted(flags: Iterable[RaisedFlag]) -> list[tuple[str, str]]:
    """Question and answer behind these flags, each once; an answer alone ("yes") tells nobody anything."""
    return list(dict.fromkeys((answer.ask, answer.text) for flag in flags for answer in flag.answers))
