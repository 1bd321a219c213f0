"""How much goes back to the patient when an appointment does not take place."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from consult.core.money import Money


class Cause(StrEnum):
    """Why an appointment that was paid for does not take place."""

    PATIENT = "patient"
    """The patient cancelled."""
    THERAPIST = "therapist"
    SCREENING = "screening"
    """The safety screen said to be seen in person."""
    SLOT_LOST = "slot_lost"
    """The money came after the hour had gone to somebody else."""
    BOOKING_OVER = "booking_over"
    """The money came after the booking had been cancelled."""
    DUPLICATE = "duplicate"
    """The same booking was paid twice."""
    NO_SHOW = "no_show"


_NOT_THE_PATIENTS_CHOICE = frozenset(Cause) - {Cause.PATIENT, Cause.NO_SHOW}

UNDO_WINDOW = timedelta(minutes=10)
"""How long a therapist may take back what she did; no money of hers leaves before."""

_WAITS = {Cause.THERAPIST: UNDO_WINDOW}


@dataclass(frozen=True, slots=True)
class RefundTerms:
    """The policy shown before payment and kept with the booking, so that a later change does not touch it.

    Everything back up to `full_until_hours` before the start, later `late_percent` of the price; moved by the
    patient up to `move_until_hours` before it. Raises ValueError for negative hours or a percentage outside
    0..100.
    """

    full_until_hours: int
    late_percent: int
    move_until_hours: int

    def __post_init__(self) -> None:
        for name in ("full_until_hours", "move_until_hours"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative: {getattr(self, name)}")
        if not 0 <= self.late_percent <= 100:
            raise ValueError(f"late_percent must be 0..100: {self.late_percent}")

    def to_json(self) -> dict[str, Any]:
        return {
            "full_until_hours": self.full_until_hours,
            "late_percent": self.late_percent,
            "move_until_hours": self.move_until_hours,
        }

    @classmethod
    def from_json(cls, terms: dict[str, Any]) -> Self:
        """What `to_json` wrote; terms older than moving let a visit move while cancelling it is free. Raises
        KeyError for a missing term.
        """
        full_until_hours = terms["full_until_hours"]
        return cls(full_until_hours, terms["late_percent"], terms.get("move_until_hours", full_until_hours))


@dataclass(frozen=True, slots=True)
class RefundDecision:
    """`amount` may be zero: then nothing goes back, and there is no refund to request."""

    amount: Money
    percent: int
    reason: Cause


def refund_due(
    terms: RefundTerms, price: Money, start_at: datetime, cancelled_at: datetime, cause: Cause
) -> RefundDecision:
    """What the terms owe for `price` paid.

    Exactly `full_until_hours` before the start is still in time. From the start on the hour was the
    patient's, and a patient's cancellation pays nothing back. Hours are elapsed hours, whatever clocks on the
    wall do.
    """
    percent = _percent(terms, start_at - cancelled_at, cause)
    return RefundDecision(price.share(percent), percent, cause)


def _percent(terms: RefundTerms, notice: timedelta, cause: Cause) -> int:
    if cause in _NOT_THE_PATIENTS_CHOICE:
        return 100
    if cause is Cause.NO_SHOW or notice <= timedelta(0):
        return 0
    return 100 if notice >= timedelta(hours=terms.full_until_hours) else terms.late_percent


def sent_from(reason: str, requested_at: datetime) -> datetime:
    """From when a refund of this reason may leave: one that can still be taken back waits."""
    return requested_at + next((wait for cause, wait in _WAITS.items() if cause == reason), timedelta(0))
