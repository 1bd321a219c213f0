"""Countries and their parts by name, for whoever chooses the public holidays that are days off."""

from functools import cache
from typing import NamedTuple

import holidays
from holidays.registry import COUNTRIES

from ..public_holidays import region_choices

_LONGEST = 16
"""What the table keeps; the two regions beyond it are parts of parts."""

_SMALL_WORDS = ("and", "da", "of", "the")


class Region(NamedTuple):
    """`id` is ISO 3166, as in `Schedule.holiday_region`."""

    id: str
    label: str


@cache
def countries() -> tuple[Region, ...]:
    """By name."""
    names = {codes[1]: _name(key) for key, codes in COUNTRIES.items()}
    known = {region.partition("-")[0] for region in region_choices()}
    return tuple(sorted((Region(code, names.get(code, code)) for code in known), key=lambda each: each.label))


@cache
def parts(country: str) -> tuple[Region, ...]:
    """States, regions or cantons with holidays of their own, by name; none for an unknown country."""
    ids = [
        region for region in region_choices() if region.startswith(f"{country}-") and len(region) <= _LONGEST
    ]
    aliases = getattr(holidays.country_holidays(country), "subdivisions_aliases", {}) if ids else {}
    names = {part: alias for alias, part in reversed(aliases.items()) if not alias.isupper()}
    named = (Region(each, names.get(part := each.partition("-")[2], part)) for each in ids)
    return tuple(sorted(named, key=lambda each: each.label))


def is_known(region: str) -> bool:
    country = region.partition("-")[0]
    return region in dict(countries()) or region in dict(parts(country))


def region_name(region: str) -> str:
    """`United States, New York`; the code itself where there is no name."""
    country, _, part = region.partition("-")
    name = dict(countries()).get(country, country)
    return f"{name}, {dict(parts(country)).get(region, part)}" if part else name


def _name(key: str) -> str:
    words = key.split("_")
    rest = (word if word in _SMALL_WORDS else word.capitalize() for word in words[1:])
    return " ".join([words[0].capitalize(), *rest])
