"""Text that is safe to stand in a calendar object."""

from consult.core.text import clean_text

FOLD_AT = 75
"""Octets of a content line, line break not counted (RFC 5545 3.1)."""

_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def initials(name: str) -> str:
    """First and last initial, `"J. D."`; one for a single word; empty when nothing in it is a letter."""
    letters = [word[0].upper() for word in clean_text(name, 200).split() if word[0].isalpha()]
    return " ".join(f"{letter}." for letter in letters[:1] + letters[1:][-1:])


def content_line(name: str, value: str) -> bytes:
    """A property with a TEXT value: escaped (RFC 5545 3.3.11), folded, ended by CR LF."""
    return raw_line(name, value.translate(_ESCAPES))


def raw_line(name: str, value: str) -> bytes:
    """A property whose value is written as it stands, folded and ended as any.

    A fold never falls inside a character, since many readers decode before they unfold.
    """
    line = f"{name}:{value}".encode()
    if len(line) <= FOLD_AT:
        return line + b"\r\n"
    pieces, start, room = [], 0, FOLD_AT
    while start < len(line):
        end = start + room
        while end < len(line) and _is_inside_a_character(line[end]):
            end -= 1
        pieces.append(line[start:end])
        # Every further piece begins with the space that marks it.
        start, room = end, FOLD_AT - 1
    return b"\r\n ".join(pieces) + b"\r\n"


def _is_inside_a_character(octet: int) -> bool:
    """Whether this octet goes on with a character begun before it (RFC 3629 3)."""
    return octet & 0b1100_0000 == 0b1000_0000
