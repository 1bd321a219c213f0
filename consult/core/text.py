"""Text out of people's hands, made safe to stand on one line of a header, a calendar or a page."""

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def clean_text(text: str, limit: int) -> str:
    """`text` as one line of at most `limit` characters, the last one an ellipsis when it was cut.

    Line breaks of every kind become a space. Control characters, marks that turn the reading direction and
    lone surrogates are dropped: RFC 5545 3.1 forbids the first and the standard library refuses them in a
    header, the second can make a name read as another, the third cannot be written as UTF-8.
    """
    # str.split() knows every line break, so it goes first; what is dropped then may leave two spaces.
    line = " ".join(_UNSAFE.sub("", " ".join(text.split())).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"
