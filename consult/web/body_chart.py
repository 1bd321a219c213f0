"""The drawing behind "where does it hurt": a figure from the front and from behind, with regions to mark.

Only one half is drawn, in `body_chart.yaml`; the other is its mirror image. The words for the regions are the
questionnaire's; here a region is an id and its shapes. A region the drawing does not know ("somewhere else")
simply has no shape, and is ticked in the list.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count, groupby
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ruamel.yaml import YAML

DRAWING = Path(__file__).with_suffix(".yaml")

_OTHER_SIDE = {"l": "r", "r": "l"}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_SIDE = re.compile(r"_[lcr]$")


class _Place(Protocol):
    @property
    def id(self) -> str: ...


PlaceT = TypeVar("PlaceT", bound=_Place)


@dataclass(frozen=True)
class Region:
    """An area of one figure; `path` is SVG path data in units of the view box."""

    id: str
    path: str


@dataclass(frozen=True)
class Figure:
    """One view of the body: "front" or "back". `outline` has two halves that overlap in the middle."""

    view: str
    outline: tuple[str, ...]
    lines: tuple[str, ...]
    regions: tuple[Region, ...]


@dataclass(frozen=True)
class BodyChart:
    """Both figures, each `width` by `height` units."""

    width: int
    height: int
    figures: tuple[Figure, ...]

    def shapes(self, region_id: str) -> list[tuple[str, str]]:
        """(view, path) of a region on each figure that shows it; empty for one that is not drawn."""
        return [
            (figure.view, region.path)
            for figure in self.figures
            for region in figure.regions
            if region.id == region_id
        ]

    def rows(self, places: Iterable[PlaceT]) -> list[list[PlaceT]]:
        """Neighbours that differ only in their side (`knee_l`, `knee_r`) go together in one row."""
        return [list(row) for _, row in groupby(places, key=lambda place: _SIDE.sub("", place.id))]


@cache
def load_body_chart(drawing: Path = DRAWING) -> BodyChart:
    """Read and mirror the drawing, once a process. Raises KeyError when a part of it is missing."""
    data = YAML(typ="safe").load(drawing)
    width, height = data["view_box"]
    outline = _both_halves([data["outline"]], width)
    figures = tuple(_figure(figure, outline, width) for figure in data["figures"])
    return BodyChart(width, height, figures)


def mirrored(path: str, width: int) -> str:
    """Path data seen in a mirror down the middle. Every number must be one of an absolute x y pair."""
    position = count()

    def flip(match: re.Match[str]) -> str:
        is_x = next(position) % 2 == 0
        return f"{width - float(match.group()):g}" if is_x else match.group()

    return _NUMBER.sub(flip, path)


def _figure(data: dict[str, Any], outline: tuple[str, ...], width: int) -> Figure:
    drawn, other = data["drawn_side"], _OTHER_SIDE[data["drawn_side"]]
    pairs = [
        Region(f"{name}_{side}", half)
        for name, path in data["sides"].items()
        for side, half in ((drawn, path), (other, mirrored(path, width)))
    ]
    middle = [Region(region_id, path) for region_id, path in data["middle"].items()]
    lines = _both_halves(data.get("lines", ()), width)
    return Figure(data["view"], outline, lines, (*pairs, *middle))


def _both_halves(paths: Sequence[str], width: int) -> tuple[str, ...]:
    return tuple(half for path in paths for half in (path, mirrored(path, width)))
