"""The terms for cancelling and moving a visit; bookings keep those they began with."""

from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from consult.core.given import Faults

from .service import get_practice

_HOURS = range(30 * 24 + 1)
_TOO_LATE_TO_MOVE = (
    "Moving must end no later than full refunds do, or a late patient moves far ahead and cancels"
    " for nothing."
)


@dataclass(frozen=True, slots=True)
class GivenTerms:
    """Columns of the practice, and the fields' names."""

    full_refund_hours: int | str
    late_refund_percent: int | str
    move_until_hours: int | str


def save_terms(session: Session, given: GivenTerms) -> None:
    """Raises NotSaved; NotFound before the practice is set up."""
    faults = Faults()
    message = f"Give a whole number of hours from 0 to {_HOURS[-1]}."
    faults.number("full_refund_hours", given.full_refund_hours, _HOURS, message)
    faults.number(
        "late_refund_percent", given.late_refund_percent, range(101), "Give a whole number from 0 to 100."
    )
    faults.number("move_until_hours", given.move_until_hours, _HOURS, message)
    if not faults and int(given.move_until_hours) < int(given.full_refund_hours):
        faults.note("move_until_hours", _TOO_LATE_TO_MOVE)
    faults.refuse()
    practice = get_practice(session)
    for name, value in asdict(given).items():
        setattr(practice, name, value)
    session.flush()
