"""The sites that may show our free times inside a frame."""

import re

from sqlalchemy.orm import Session

from consult.core.given import Faults

from .service import get_practice

FIELD = "sites"
MOST_SITES = 20

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SITE = re.compile(rf"https://({_LABEL})(\.{_LABEL})+(:[0-9]{{1,5}})?")
"""An origin (RFC 6454) as `frame-ancestors` takes one (CSP level 3): no path, no wildcard."""


def save_embed_sites(session: Session, text: str) -> None:
    """One site a line, with or without a path, which is dropped. Names in other scripts as `xn--…`.

    Raises NotSaved; NotFound before the practice is set up.
    """
    faults = Faults()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    sites = list(dict.fromkeys(_origin(line) for line in lines))
    for line, site in zip(lines, map(_origin, lines), strict=True):
        if not _SITE.fullmatch(site):
            faults.note(FIELD, f"“{line[:80]}” is not the address of a site such as https://www.example.com.")
    if len(sites) > MOST_SITES:
        faults.note(FIELD, f"List at most {MOST_SITES} sites.")
    faults.refuse()
    get_practice(session).embed_sites = sites
    session.flush()


def _origin(line: str) -> str:
    scheme, separator, rest = line.casefold().partition("://")
    return f"{scheme}://{rest.partition('/')[0]}" if separator else line
