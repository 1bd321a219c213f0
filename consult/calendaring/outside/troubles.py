"""Why a calendar kept elsewhere could not be read. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from consult.core.errors import ConsultError


class Trouble(StrEnum):
    """A kind of failure. Never the other side's own words, which may hold secrets or be made to mislead."""

    ADDRESS = "address"
    """No https address on the public internet, or one led away from there."""
    UNREACHABLE = "unreachable"
    """No such name, or nobody answers there."""
    CERTIFICATE = "certificate"
    TIMEOUT = "timeout"
    SIGN_IN = "sign_in"
    """The other side wants a user name and password, or others than these."""
    NOT_FOUND = "not_found"
    SERVER = "server"
    """The other side has a fault of its own, or is asked too often."""
    REDIRECTS = "redirects"
    TOO_LARGE = "too_large"
    TOO_HEAVY = "too_heavy"
    """Working out its times takes too long, or too much memory."""
    NOT_A_CALENDAR = "not_a_calendar"
    SUBSCRIBED = "subscribed"
    """A collection that only mirrors another address and holds no events to read."""


@dataclass(eq=False)
class CannotRead(ConsultError):
    trouble: Trouble
