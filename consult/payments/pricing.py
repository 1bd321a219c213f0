"""Which prices can be paid through a gateway."""

from dataclasses import dataclass

from consult.core.errors import ConsultError
from consult.core.money import Money

MINIMUM_CHARGE = {
    "usd": 50,
    "eur": 50,
    "gbp": 30,
    "chf": 50,
    "cad": 50,
    "aud": 50,
    "nzd": 50,
    "pln": 200,
    "jpy": 50,
}
"""Least amount Stripe charges, in minor units (docs.stripe.com/currencies, minimum charge amounts)."""


@dataclass(eq=False)
class PriceTooSmall(ConsultError):
    price: Money
    minimum: Money


def is_free(price: Money) -> bool:
    """A free appointment is confirmed without a payment: no gateway opens a checkout over nothing."""
    return price.minor == 0


def require_chargeable(price: Money) -> None:
    """Raises PriceTooSmall for what no gateway would charge; nothing at all is too small, too."""
    minimum = Money(MINIMUM_CHARGE[price.currency], price.currency)
    if price.minor < minimum.minor:
        raise PriceTooSmall(price, minimum)
