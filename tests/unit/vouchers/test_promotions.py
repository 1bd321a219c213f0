from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.core.money import EXPONENTS, Money
from consult.payments.pricing import MINIMUM_CHARGE
from consult.vouchers.promotions import (
    CodeEnded,
    CodeNotYetValid,
    Promotion,
    WrongCurrency,
    discount_of,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NO_LIMITS = Promotion(20, None, None, None, active=True)
MINIMUM = Money(50, "usd")


def percent(number: int) -> Promotion:
    return replace(NO_LIMITS, percent_off=number)


def amount(minor: int, currency: str = "usd") -> Promotion:
    return replace(NO_LIMITS, percent_off=None, amount_off=Money(minor, currency))


@pytest.mark.parametrize(
    ("promotion", "price", "to_pay"),
    [
        (percent(20), 12_000, 9_600),
        (percent(1), 12_000, 11_880),
        (percent(100), 12_000, 0),
        (percent(50), 12_001, 6_000),  # half a cent off is a cent off
        (percent(33), 9_999, 6_699),
        (percent(99), 12_000, 120),
        (percent(99), 5_000, 50),  # what can just be charged is
        (percent(99), 4_900, 0),  # 49 cents nobody charges
        (amount(2_000), 12_000, 10_000),
        (amount(12_000), 12_000, 0),
        (amount(20_000), 12_000, 0),
        (amount(11_950), 12_000, 50),
        (amount(11_951), 12_000, 0),
    ],
)
def test_what_is_left_to_pay(promotion: Promotion, price: int, to_pay: int):
    discount = discount_of(promotion, "SPRING20", Money(price, "usd"), MINIMUM, NOW)
    assert discount.to_pay == Money(to_pay, "usd")
    assert discount.off + discount.to_pay == discount.list_price == Money(price, "usd")


def test_a_code_holds_from_its_first_instant_until_just_before_its_last():
    promotion = replace(NO_LIMITS, valid_from_at=NOW, valid_until_at=NOW + MINUTE)
    price = Money(12_000, "usd")
    with pytest.raises(CodeNotYetValid) as early:
        discount_of(promotion, "A", price, MINIMUM, NOW - timedelta(microseconds=1))
    assert early.value.valid_from_at == NOW
    assert discount_of(promotion, "A", price, MINIMUM, NOW).off.minor == 2_400
    with pytest.raises(CodeEnded):
        discount_of(promotion, "A", price, MINIMUM, NOW + MINUTE)


def test_a_code_that_was_ended_takes_nothing_off():
    with pytest.raises(CodeEnded):
        discount_of(replace(NO_LIMITS, active=False), "A", Money(12_000, "usd"), MINIMUM, NOW)


def test_an_amount_in_another_currency_takes_nothing_off():
    with pytest.raises(WrongCurrency) as refusal:
        discount_of(amount(2_000, "eur"), "A", Money(12_000, "usd"), MINIMUM, NOW)
    assert refusal.value.currency == "eur"


promotions = st.sampled_from(sorted(EXPONENTS)).flatmap(
    lambda currency: st.tuples(
        st.one_of(
            st.integers(1, 100).map(percent),
            st.integers(1, 10**8).map(lambda minor: amount(minor, currency)),
        ),
        st.integers(0, 10**8).map(lambda minor: Money(minor, currency)),
    )
)


@given(promotions)
def test_nobody_pays_less_than_nothing_nor_more_than_the_price_nor_what_cannot_be_charged(
    case: tuple[Promotion, Money],
):
    promotion, price = case
    minimum = Money(MINIMUM_CHARGE[price.currency], price.currency)
    discount = discount_of(promotion, "A", price, minimum, NOW)
    assert 0 <= discount.to_pay.minor <= price.minor
    assert discount.off + discount.to_pay == price
    assert discount.to_pay.minor == 0 or discount.to_pay.minor >= minimum.minor


@given(promotions)
def test_a_code_gives_what_it_promises_or_less_than_the_least_charge_more(case: tuple[Promotion, Money]):
    promotion, price = case
    minimum = Money(MINIMUM_CHARGE[price.currency], price.currency)
    off = discount_of(promotion, "A", price, minimum, NOW).off.minor
    if promotion.percent_off is not None:
        promised = (price.minor * promotion.percent_off + 50) // 100
    else:
        promised = min(promotion.amount_off.minor, price.minor)
    assert promised <= off < promised + minimum.minor or off == promised
