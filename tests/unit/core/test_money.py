import pytest

from consult.core.money import EXPONENTS, Money


def test_money_adds_and_subtracts_in_one_currency():
    assert Money(4000, "usd") + Money(150, "usd") == Money(4150, "usd")
    assert Money(4000, "usd") - Money(4150, "usd") == Money(-150, "usd")
    assert -Money(4000, "usd") == Money(-4000, "usd")


@pytest.mark.parametrize("mix", [lambda a, b: a + b, lambda a, b: a - b])
def test_two_currencies_are_never_mixed(mix):
    with pytest.raises(ValueError, match="cannot mix usd and eur"):
        mix(Money(1, "usd"), Money(1, "eur"))


@pytest.mark.parametrize("amount", [1.0, 10.5, True, "100", None])
def test_an_amount_that_is_not_a_whole_number_is_refused(amount):
    with pytest.raises(TypeError, match="whole minor units"):
        Money(amount, "usd")


@pytest.mark.parametrize("currency", ["USD", "xyz", "", "isk"])
def test_a_currency_outside_the_list_is_refused(currency):
    with pytest.raises(ValueError, match="is not accepted"):
        Money(100, currency)


@pytest.mark.parametrize(
    ("minor", "percent", "share"),
    [
        (9000, 50, 4500),
        (9000, 0, 0),
        (9000, 100, 9000),
        (1, 50, 1),
        (3, 50, 2),
        (1, 49, 0),
        (999, 33, 330),
        (10_000_000_000_001, 50, 5_000_000_000_001),
    ],
)
def test_a_share_rounds_half_up_to_a_whole_minor_unit(minor, percent, share):
    assert Money(minor, "usd").share(percent) == Money(share, "usd")


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(0, "usd"), "$0.00"),
        (Money(5, "usd"), "$0.05"),
        (Money(9000, "usd"), "$90.00"),
        (Money(123456789, "eur"), "€1,234,567.89"),
        (Money(-4550, "gbp"), "-£45.50"),
        (Money(5000, "jpy"), "¥5,000"),
        (Money(12000, "cad"), "CA$120.00"),
        (Money(8050, "chf"), "80.50 CHF"),
        (Money(-20000, "pln"), "-200.00 PLN"),
    ],
)
def test_money_is_written_with_its_own_decimals_and_sign(money, text):
    assert str(money) == text


@pytest.mark.parametrize("currency", EXPONENTS)
def test_every_accepted_currency_can_be_written(currency):
    assert str(Money(100, currency))
