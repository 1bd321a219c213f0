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
    """A property with a TEXT value: escaped (RFC 5545 3.3.11), folded, ended by CR LF.

    A fold never falls inside a character, since many readers decode before they unfold.
    """
    pieces, piece = [], b""
    for character in f"{name}:{value.translate(_ESCAPES)}":
        octets = character.encode()
        if len(piece) + len(octets) > FOLD_AT:
            pieces.append(piece)
            piece = b" "
        piece += octets
    return b"\r\n".join([*pieces, piece]) + b"\r\n"
