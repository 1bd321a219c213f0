"""The letters of codes: how they are read, and how those of packs are made. Pure but for the dice."""

import secrets

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without I, O, 0 and 1, which look like one another; 32 signs, so twelve hold 60 bits."""

_GROUPS, _GROUP = 3, 4
LONGEST = 40


def plain_code(text: str) -> str:
    """What somebody typed, as codes are kept: in capitals, without blanks."""
    return "".join(text.split()).upper()


def plain_pack_code(text: str) -> str:
    """The same without the dashes that only help reading."""
    return plain_code(text).replace("-", "")


def new_pack_code() -> str:
    """Such as `K7QM-2RXA-9TFB`."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)
