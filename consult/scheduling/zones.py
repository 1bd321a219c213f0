"""Names of time zones, as the tz database of the `tzdata` package knows them.

Browsers report old names for years: Chrome still says Asia/Calcutta. A name the database has in `zone.tab`
is kept even where it is a link: Amsterdam shares Brussels' clock, but a patient there looks for Amsterdam.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from consult.core.errors import ConsultError

UTC_NAME = "Etc/UTC"
_NO_PLACE = "Factory"


@dataclass(eq=False)
class UnknownZone(ConsultError):
    """No zone of this name in the tz database."""

    name: str


def canonical(name: str) -> str:
    """The name in use today for an IANA zone name, old or new. Raises UnknownZone."""
    try:
        return _canonical_names()[name]
    except KeyError:
        raise UnknownZone(name) from None


def zone_choices() -> list[str]:
    """Names to choose from, sorted: one for every place that has clocks of its own, and UTC."""
    return sorted({*_places(), UTC_NAME})


@cache
def _canonical_names() -> dict[str, str]:
    places = _places()
    names = {name: name for name in places}
    for line in _lines("tzdata.zi"):
        match line.split():
            case ["Z", name, *_] if name != _NO_PLACE:
                names[name] = name
            case ["L", target, name] if name not in places:
                names[name] = target
    return names


@cache
def _places() -> frozenset[str]:
    return frozenset(line.split("\t")[2] for line in _lines("zone.tab") if not line.startswith("#"))


def _lines(resource: str) -> list[str]:
    return (files("tzdata.zoneinfo") / resource).read_text(encoding="utf-8").splitlines()
