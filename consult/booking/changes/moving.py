"""Until when a patient may move a visit. Pure.

Each time the limit is that of the visit as it then stands.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from consult.payments.refunds import RefundTerms

MOST_MOVES = 5
"""How often a patient may move one visit: each move sends mails and keeps others from the hour left."""


class Immovable(StrEnum):
    """Why a patient cannot move a visit."""

    BEGUN = "begun"
    ON_HOLD = "on_hold"
    """A warning sign is being looked at first."""
    LATE = "late"
    OFTEN = "often"
    """Moved as often as a patient may; the practice still can."""


def move_until(terms: RefundTerms, start_at: datetime, grace_until: datetime | None) -> datetime:
    """The last instant at which the patient may choose another time; never after the start.

    `grace_until` lets a slip be put right, however close the visit is; None before it is booked.
    """
    by_terms = start_at - timedelta(hours=terms.move_until_hours)
    return min(start_at, max(by_terms, grace_until or by_terms))


def why_immovable(
    terms: RefundTerms,
    *,
    start_at: datetime,
    grace_until: datetime,
    on_safety_hold: bool,
    moves: int,
    now: datetime,
) -> Immovable | None:
    """None when the patient may move it now, having done so `moves` times."""
    if now >= start_at:
        return Immovable.BEGUN
    if on_safety_hold:
        return Immovable.ON_HOLD
    if now > move_until(terms, start_at, grace_until):
        return Immovable.LATE
    return Immovable.OFTEN if moves >= MOST_MOVES else None
