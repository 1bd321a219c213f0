"""What a promotion code takes off a price. Pure."""

from dataclasses import dataclass
from datetime import datetime

from consult.core.errors import ConsultError
from consult.core.money import Money


@dataclass(eq=False)
class UnknownCode(ConsultError):
    """There is no such code."""


@dataclass(eq=False)
class CodeNotYetValid(ConsultError):
    valid_from_at: datetime


@dataclass(eq=False)
class CodeEnded(ConsultError):
    """Its time is over, or the therapist has ended it."""


@dataclass(eq=False)
class CodeUsedUp(ConsultError):
    """It was used as often as it may be, counting those who are just about to."""


@dataclass(eq=False)
class WrongCurrency(ConsultError):
    """An amount in one currency takes nothing off a price in another."""

    currency: str


@dataclass(frozen=True, slots=True)
class Promotion:
    """Either `percent_off` (1..100) or `amount_off` is given. Validity is half-open; None is open."""

    percent_off: int | None
    amount_off: Money | None
    valid_from_at: datetime | None
    valid_until_at: datetime | None
    active: bool


@dataclass(frozen=True, slots=True)
class Discount:
    """`off` is what the code takes from `list_price`, never more than all of it."""

    code: str
    list_price: Money
    off: Money

    @property
    def to_pay(self) -> Money:
        return self.list_price - self.off


def discount_of(
    promotion: Promotion, code: str, price: Money, minimum_charge: Money, now: datetime
) -> Discount:
    """What the code takes off `price` now.

    A percentage is rounded half up to a whole minor unit. What would be left to pay, but less than any
    gateway charges, is given, too: nobody pays more than the code promises. Raises CodeNotYetValid,
    CodeEnded, WrongCurrency.
    """
    require_valid(promotion, now)
    off = _worth(promotion, price)
    if (price - off).minor < minimum_charge.minor:
        off = price
    return Discount(code, price, off)


def require_valid(promotion: Promotion, now: datetime) -> None:
    """Raises CodeNotYetValid, CodeEnded."""
    if not promotion.active:
        raise CodeEnded
    if promotion.valid_until_at is not None and now >= promotion.valid_until_at:
        raise CodeEnded
    if promotion.valid_from_at is not None and now < promotion.valid_from_at:
        raise CodeNotYetValid(promotion.valid_from_at)


def _worth(promotion: Promotion, price: Money) -> Money:
    if promotion.percent_off is not None:
        return price.share(promotion.percent_off)
    amount = promotion.amount_off
    if amount is None:
        raise ValueError("a promotion takes off a percentage or an amount")
    if amount.currency != price.currency:
        raise WrongCurrency(amount.currency)
    return min(amount, price, key=lambda money: money.minor)
