"""Whose calendar it is, as far as its address and user name tell. Pure."""

import re
from urllib.parse import unquote, urlsplit

_ADDRESS = re.compile(r"[^@/\s]+@[^@/\s]+\.[^@/\s]+")


def owner_addresses(url: str, user: str) -> frozenset[str]:
    """E-mail addresses in lower case: the user name where it is one, and what the path holds, as Google's
    secret addresses do. Most calendars say nothing of the kind.
    """
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        path = ""
    found = [part for part in (user.strip(), *path.split("/")) if _ADDRESS.fullmatch(part)]
    return frozenset(address.lower() for address in found)
