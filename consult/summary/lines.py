"""What a line of the sheet is made of. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import east_asian_width

NOT_ANSWERED = "not answered"
NOT_ASKED = "not asked"
_PIECE = re.compile(r"\S{1,18}\s*")


def width(text: str) -> int:
    """In letters of ordinary width; those of Chinese, Japanese and Korean, and emoji, take two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


@dataclass(frozen=True)
class Part:
    """`sign`: stands out on paper. `sources`: article facts and source keys."""

    words: str
    sources: tuple[str, ...] = ()
    sign: bool = False

    @property
    def width(self) -> int:
        return width(" ".join((self.words, *self.sources)))


@dataclass(frozen=True)
class Line:
    """A label and what was answered. Without parts nobody answered, and the line says so.

    `more` counts the parts left out for want of room; they are dropped from the end, unless `whole`. A `dear`
    line is cut only when no other can be.
    """

    label: str
    parts: tuple[Part, ...]
    joined_by: str = ", "
    more: int = 0
    whole: bool = False
    dear: bool = False

    @property
    def width(self) -> int:
        """Of what stands beside the label."""
        said = sum(part.width + len(self.joined_by) for part in self.parts) or len(NOT_ANSWERED)
        return said + (len(" +999 more") if self.more else 0)


@dataclass(frozen=True)
class Group:
    """Lines under a heading; `more` counts those there was no room for."""

    title: str
    lines: tuple[Line, ...]
    more: int = 0


def line(label: str, parts: Iterable[str]) -> Line:
    return Line(label, tuple(Part(words) for words in parts))


def free_text(label: str, text: str | None) -> Line:
    """A patient's own sentence. Its words, or pieces of an endless one, are the parts, so it can be cut."""
    return Line(label, tuple(Part(piece) for piece in _PIECE.findall(text or "")), joined_by="")
