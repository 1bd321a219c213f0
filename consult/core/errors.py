"""Refused commands. Each subclass names one fact and carries its data; one table in `web/errors.py` turns
them into pages. An outcome a user may rightly get (a red flag, a refund of nothing) is a value, not an error.
"""


class ConsultError(Exception):
    """Base of every refusal; subclasses are dataclasses, so that a page can quote the data."""


class NotFound(ConsultError):
    """The thing asked for does not exist, or is not the asker's to see; the two are never told apart."""
