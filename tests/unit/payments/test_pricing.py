import pytest

from consult.core.money import EXPONENTS, Money
from consult.payments.pricing import MINIMUM_CHARGE, PriceTooSmall, is_free, require_chargeable


def test_only_nothing_is_free():
    assert is_free(Money(0, "usd"))
    assert not is_free(Money(1, "usd"))


@pytest.mark.parametrize("currency", EXPONENTS)
def test_the_minimum_can_be_charged_and_one_less_cannot(currency):
    minimum = Money(MINIMUM_CHARGE[currency], currency)
    require_chargeable(minimum)
    too_small = minimum - Money(1, currency)
    with pytest.raises(PriceTooSmall) as refusal:
        require_chargeable(too_small)
    assert (refusal.value.price, refusal.value.minimum) == (too_small, minimum)


@pytest.mark.parametrize("minor", [0, -9000])
def test_nothing_and_less_than_nothing_cannot_be_charged(minor):
    with pytest.raises(PriceTooSmall):
        require_chargeable(Money(minor, "usd"))
