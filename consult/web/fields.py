"""A field of a form that asks nothing out of the questionnaire, in the shape the macros read."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PlainField:
    name: str
    data: str | None
    errors: Sequence[str] = ()

    @property
    def id(self) -> str:
        return self.name
