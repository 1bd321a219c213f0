"""A form of the therapist's about her hours: what was typed, what is wrong with it, and saving it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from flask import flash, request

from consult.core.given import Fault, NotSaved
from consult.deps import deps
from consult.web.fields import PlainField
from consult.web.security import csrf_stale

STALE = Fault(
    "main",
    "This page was open for a long time, so nothing was saved yet. Please look it over and save again.",
)


@dataclass(frozen=True)
class HoursForm:
    """Fields by name, each with its own faults; `errors` is what the summary on top links to."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[Fault] = ()

    def __getitem__(self, name: str) -> PlainField:
        messages = [message for where, message in self.errors if where == name]
        return PlainField(name, self.values.get(name, ""), messages)


def typed() -> dict[str, str]:
    """What was sent, the first value of each name."""
    return request.form.to_dict()


def save(command: Callable[[], object], saved: str, section: str = "top") -> list[Fault]:
    """Run the command, all of it or nothing; what is wrong, or nothing once it is saved, which the next page
    then says in the words of `saved`, at the `section` it is about.
    """
    if csrf_stale():
        return [STALE]
    try:
        with deps().transaction():
            command()
    except NotSaved as refusal:
        return list(refusal.faults)
    flash(saved, section)
    return []
