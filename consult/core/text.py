"""Text out of people's hands, made safe to stand on one line of a header, a calendar or a page."""

import re

_UNSAFE_MARKS = "\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_UNSAFE = re.compile(f"[\x00-\x1f{_UNSAFE_MARKS}]")
_UNSAFE_IN_LINES = re.compile(f"[\x00-\x09\x0b-\x1f{_UNSAFE_MARKS}]")


def clean_text(text: str, limit: int) -> str:
    """`text` as one line of at most `limit` characters, the last one an ellipsis when it was cut.

    Line breaks of every kind become a space. Control characters, marks that turn the reading direction and
    lone surrogates are dropped: RFC 5545 3.1 forbids the first and the standard library refuses them in a
    header, the second can make a name read as another, the third cannot be written as UTF-8.
    """
    # str.split() knows every line break, so it goes first; what is dropped then may leave two spaces.
    line = " ".join(_UNSAFE.sub("", " ".join(text.split())).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def clean_lines(text: str) -> str:
    """`text` with its lines, each ended by a newline, and without what `clean_text` drops."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return _UNSAFE_IN_LINES.sub("", lines).strip()
