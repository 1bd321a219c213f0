"""Public holidays by region, as the `holidays` library knows them: ISO 3166, a country ("DE") or one of its
subdivisions ("DE-BY"). Names are English where the library has them so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType

import holidays

from consult.core.errors import ConsultError

_LANGUAGE = "en_US"


@dataclass(eq=False)
class UnknownRegion(ConsultError):
    """The library has no public holidays for this region."""

    region: str


def holidays_of(region: str, year: int) -> Mapping[date, str]:
    """The public holidays of a year by day, with those moved off a weekend. Raises UnknownRegion.

    Worked out once for each process and never changed after, so that threads can share it; the library's own
    calendars grow while they are read.
    """
    try:
        return _holidays_of(region, year)
    except NotImplementedError:
        raise UnknownRegion(region) from None


def holiday_name(region: str | None, day: date) -> str | None:
    """The public holiday on that day, if any; without a region there are none.

    Nor with one that the library has dropped since it was chosen: times are offered all the same, and the
    therapist is asked to choose another.
    """
    if region is None:
        return None
    try:
        return holidays_of(region, day.year).get(day)
    except UnknownRegion:
        return None


@cache
def region_choices() -> tuple[str, ...]:
    """Every region there are holidays for, sorted: US, US-AK, ..."""
    countries = holidays.list_supported_countries(include_aliases=False)
    return tuple(
        sorted(
            region
            for country, parts in countries.items()
            for region in (country, *(f"{country}-{part}" for part in parts))
        )
    )


@cache
def _holidays_of(region: str, year: int) -> Mapping[date, str]:
    country, _, part = region.partition("-")
    if region.endswith("-"):
        raise NotImplementedError
    known = holidays.country_holidays(country, subdiv=part or None, years=year, language=_LANGUAGE)
    return MappingProxyType(dict(known))
