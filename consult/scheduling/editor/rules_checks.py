"""Whether booking rules and session types can be taken as they were given."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from consult.core.given import Faults
from consult.core.money import EXPONENTS, Money
from consult.core.text import clean_text

from ..zones import UnknownZone, canonical

STEPS = (5, 10, 15, 20, 30, 60)
"""Minutes between two starts on offer."""

NAME_LIMIT = 80
_MINUTES_A_DAY = 24 * 60
_NOTICE = range(30 * _MINUTES_A_DAY + 1)
_HORIZON = range(1, 366)
_PER_DAY = range(1, 51)
_PER_WEEK = range(1, 201)
_LENGTH = range(10, 241)
_BUFFER = range(121)
_DEAREST = 10_000
_AMOUNT = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,7})(?:\.([0-9]+))?")


@dataclass(frozen=True, slots=True)
class GivenRules:
    """The fields have the names of the columns; a cap of "" is none."""

    zone: str
    slot_step_minutes: int | str
    notice_minutes: int | str
    horizon_days: int | str
    max_per_day: int | str
    max_per_week: int | str


@dataclass(frozen=True, slots=True)
class BookingRules:
    zone: str
    slot_step_minutes: int
    notice_minutes: int
    horizon_days: int
    max_per_day: int | None
    max_per_week: int | None


@dataclass(frozen=True, slots=True)
class GivenSession:
    """The fields have these names."""

    name: str
    minutes: int | str
    price: Money | str
    buffer_before_minutes: int | str
    buffer_after_minutes: int | str


@dataclass(frozen=True, slots=True)
class SessionFacts:
    name: str
    minutes: int
    price: Money
    buffer_before_minutes: int
    buffer_after_minutes: int


def check_rules(given: GivenRules) -> BookingRules:
    """Raises NotSaved."""
    faults = Faults()
    zone = _check_zone(faults, given.zone)
    step = faults.number(
        "slot_step_minutes", given.slot_step_minutes, STEPS, "Choose how far apart the starts are."
    )
    notice = faults.number(
        "notice_minutes", given.notice_minutes, _NOTICE, "Give the notice as a whole number, 30 days at most."
    )
    horizon = faults.number(
        "horizon_days", given.horizon_days, _HORIZON, "Give a whole number of days from 1 to 365."
    )
    if not faults and notice > horizon * _MINUTES_A_DAY:
        faults.note("notice_minutes", "Nothing could be booked: the notice is longer than the days ahead.")
    per_day = _check_cap(faults, "max_per_day", given.max_per_day, _PER_DAY)
    per_week = _check_cap(faults, "max_per_week", given.max_per_week, _PER_WEEK)
    faults.refuse()
    return BookingRules(zone, step, notice, horizon, per_day, per_week)


def check_session(given: GivenSession, other_names: Collection[str], currency: str) -> SessionFacts:
    """`other_names` are those of the other types on offer. Raises NotSaved."""
    faults = Faults()
    name = clean_text(given.name, len(given.name) + 1)
    if not name or len(name) > NAME_LIMIT:
        faults.note("name", f"Give it a name of at most {NAME_LIMIT} characters.")
    _check_unlike(faults, name, other_names)
    minutes = faults.number(
        "minutes", given.minutes, _LENGTH, "Give the length as a whole number of minutes from 10 to 240."
    )
    price = _check_price(faults, given.price, currency)
    message = "Give a whole number of minutes from 0 to 120."
    before = faults.number("buffer_before_minutes", given.buffer_before_minutes, _BUFFER, message)
    after = faults.number("buffer_after_minutes", given.buffer_after_minutes, _BUFFER, message)
    faults.refuse()
    return SessionFacts(name, minutes, price, before, after)


def check_session_name(name: str, other_names: Collection[str]) -> None:
    """Raises NotSaved when a type on offer has this name."""
    faults = Faults()
    _check_unlike(faults, name, other_names)
    faults.refuse()


def read_price(text: str, currency: str) -> Money | str:
    """An amount as people write it, 120 or 1,120.50, with no more decimals than the currency has."""
    text = text.strip()
    match = _AMOUNT.fullmatch(text)
    decimals = (match[2] or "") if match else ""
    exponent = EXPONENTS[currency]
    if match is None or len(decimals) > exponent:
        return text
    return Money(int(match[1].replace(",", "") + decimals.ljust(exponent, "0")), currency)


def _check_unlike(faults: Faults, name: str, other_names: Collection[str]) -> None:
    if name.casefold() in {other.casefold() for other in other_names}:
        faults.note("name", "Another session has this name: patients could not tell them apart.")


def _check_zone(faults: Faults, given: str) -> str:
    try:
        return canonical(given)
    except UnknownZone:
        faults.note("zone", "Choose a time zone from the list.")
        return ""


def _check_cap(faults: Faults, where: str, given: int | str, allowed: range) -> int | None:
    if given == "":
        return None
    message = f"Give a whole number from {allowed[0]} to {allowed[-1]}, or none for no limit."
    return faults.number(where, given, allowed, message)


def _check_price(faults: Faults, given: Money | str, currency: str) -> Money:
    least, most = (Money(amount * 10 ** EXPONENTS[currency], currency) for amount in (1, _DEAREST))
    if isinstance(given, str) or given.currency != currency:
        faults.note("price", "Give the price as an amount, such as 120.")
        return least
    if given.minor and not least.minor <= given.minor <= most.minor:
        faults.note("price", f"The price can be from {least} to {most}, or 0 for a free session.")
    return given
