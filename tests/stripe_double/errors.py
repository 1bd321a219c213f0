"""Refusals in the envelope of docs.stripe.com/api/errors."""

from dataclasses import dataclass
from typing import Any


@dataclass(eq=False)
class Refused(Exception):
    status: int
    type: str
    message: str
    code: str | None = None
    param: str | None = None

    def envelope(self) -> dict[str, Any]:
        parts = {"type": self.type, "code": self.code, "param": self.param, "message": self.message}
        return {"error": {name: value for name, value in parts.items() if value is not None}}


class InvalidParams(Refused):
    """Found wrong before anything was done, so that no idempotency key remembers it."""

    def __init__(self, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(400, "invalid_request_error", message, code, param)


def impossible(message: str, code: str | None = None, param: str | None = None) -> Refused:
    """A request that makes sense and still cannot be done."""
    return Refused(400, "invalid_request_error", message, code, param)


def missing(kind: str, id_: str) -> Refused:
    message = f"No such {kind}: '{id_}'"
    return Refused(404, "invalid_request_error", message, "resource_missing", "id")
