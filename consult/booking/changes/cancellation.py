"""What cancelling gives back, and until when; the same rule before it is done and when it is. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from consult.core.money import Money
from consult.payments.refunds import Cause, RefundDecision, RefundTerms, refund_due

from .moving import MOST_MOVES, move_until
from .taking_back import Actor

GRACE = timedelta(minutes=15)
"""For this long after booking or moving a slip costs nothing, however close the visit is."""

MOVED_GRACE = timedelta(hours=24)
"""The same after the therapist moved the visit, for a patient whom the new time may not suit at all."""


@dataclass(frozen=True)
class Cancellation:
    """The terms as told to the patient, in numbers of the visit where there is one.

    `free_until` is the last instant at which all of `price` comes back, `in_time` whether it is ahead, and
    `move_until` the last at which the visit can be moved. All three are None while no time is chosen. `late`
    is what comes back after it, `moves_left` how often the patient may still move it.
    """

    price: Money
    hours: int
    percent: int
    late: Money
    move_hours: int
    grace_minutes: int
    booked: bool
    free_until: datetime | None
    in_time: bool | None
    move_until: datetime | None
    moves_left: int


def cancellation(
    terms: RefundTerms,
    price: Money,
    start_at: datetime | None,
    now: datetime,
    grace_until: datetime | None = None,
    moves: int = 0,
) -> Cancellation:
    """`grace_until` is that of `grace_end`; None while nothing is booked. `moves` are those that count."""
    free_until = full_until(terms, start_at, grace_until) if start_at else None
    return Cancellation(
        price=price,
        hours=terms.full_until_hours,
        percent=terms.late_percent,
        late=price.share(terms.late_percent),
        move_hours=terms.move_until_hours,
        grace_minutes=GRACE // timedelta(minutes=1),
        booked=grace_until is not None,
        free_until=free_until,
        in_time=now <= free_until if free_until else None,
        move_until=move_until(terms, start_at, grace_until) if start_at else None,
        moves_left=max(0, MOST_MOVES - moves),
    )


def grace_end(
    terms: RefundTerms,
    confirmed_at: datetime,
    *,
    moved_at: datetime | None,
    moved_by: str | None,
    moved_from_at: datetime | None,
    therapist_moved_at: datetime | None,
) -> datetime:
    """The last instant at which neither cancelling nor moving is late, whatever the terms say.

    A patient who moves has minutes to think again if the visit could still be cancelled for nothing; moving
    in the minutes of grace does not make more of them. `moved_at` is the last move, `therapist_moved_at` one
    of the therapist's before it: the day that gave lasts whatever the patient chooses within it.
    """
    until = confirmed_at + GRACE
    if therapist_moved_at is not None:
        until = max(until, therapist_moved_at + MOVED_GRACE)
    if moved_at is None or moved_from_at is None:
        return until
    if moved_by == Actor.THERAPIST:
        return max(until, moved_at + MOVED_GRACE)
    was_free = moved_at <= full_until(terms, moved_from_at, None)
    return max(until, moved_at + GRACE) if was_free else until


def full_until(terms: RefundTerms, start_at: datetime, grace_until: datetime | None) -> datetime:
    """The last instant at which cancelling gives everything back; never after the start."""
    by_terms = start_at - timedelta(hours=terms.full_until_hours)
    return min(start_at, max(by_terms, grace_until or by_terms))


def patients_refund(
    terms: RefundTerms,
    price: Money,
    *,
    start_at: datetime,
    grace_until: datetime,
    on_safety_hold: bool,
    now: datetime,
) -> RefundDecision | None:
    """What the patient gets back for cancelling now; None once the visit has begun and it is too late for it.

    A visit that a warning sign keeps from taking place gives everything back.
    """
    if now >= start_at:
        return None
    if on_safety_hold:
        return refund_due(terms, price, start_at, now, Cause.SCREENING)
    if now <= full_until(terms, start_at, grace_until):
        return RefundDecision(price, 100, Cause.PATIENT)
    return refund_due(terms, price, start_at, now, Cause.PATIENT)
