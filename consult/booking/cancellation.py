"""What cancelling would give back, said before it is done. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from consult.core.money import Money
from consult.payments.refunds import RefundTerms


@dataclass(frozen=True)
class Cancellation:
    """`free_until` is the last instant at which all of `price` comes back, `in_time` whether it is ahead.
    Both are None while no time is chosen. `late` is what comes back after it.
    """

    price: Money
    hours: int
    percent: int
    late: Money
    free_until: datetime | None
    in_time: bool | None


def cancellation(terms: RefundTerms, price: Money, start_at: datetime | None, now: datetime) -> Cancellation:
    free_until = start_at - timedelta(hours=terms.full_until_hours) if start_at else None
    return Cancellation(
        price=price,
        hours=terms.full_until_hours,
        percent=terms.late_percent,
        late=price.share(terms.late_percent),
        free_until=free_until,
        in_time=now <= free_until if free_until else None,
    )
