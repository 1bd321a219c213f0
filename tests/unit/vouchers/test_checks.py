from dataclasses import replace
from datetime import UTC, datetime

import pytest

from consult.core.given import NotSaved
from consult.core.money import Money
from consult.vouchers.checks import (
    GivenPromotion,
    PackFacts,
    PromotionFacts,
    check_pack,
    check_promotion,
)
from consult.vouchers.codes import ALPHABET, new_pack_code, plain_code, plain_pack_code

DAY, NEXT = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC)
GIVEN = GivenPromotion(" spring 20", "percent", 20, "", None, None, "")
SINGLE = Money(12_000, "usd")


def faults(given: GivenPromotion, *, exists: bool = False) -> list[str]:
    with pytest.raises(NotSaved) as refusal:
        check_promotion(given, "usd", exists=exists)
    return [fault.where for fault in refusal.value.faults]


def test_a_good_code_is_kept_in_capitals_without_blanks():
    facts = check_promotion(GIVEN, "usd", exists=False)
    assert facts == PromotionFacts("SPRING20", 20, None, None, None, None)


def test_an_amount_counts_only_where_an_amount_was_chosen():
    given = replace(GIVEN, kind="amount", percent="", amount=Money(2_000, "usd"), max_redemptions=5)
    facts = check_promotion(given, "usd", exists=False)
    assert (facts.percent_off, facts.amount_off, facts.max_redemptions) == (None, Money(2_000, "usd"), 5)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "AB1"}, "code"),
        ({"code": "A" * 41}, "code"),
        ({"code": "SPRING_20"}, "code"),
        ({"code": "-SPRING"}, "code"),
        ({"code": "ÄPFEL"}, "code"),
        ({"kind": ""}, "kind"),
        ({"percent": 0}, "percent"),
        ({"percent": 101}, "percent"),
        ({"percent": "half"}, "percent"),
        ({"kind": "amount", "amount": "free"}, "amount"),
        ({"kind": "amount", "amount": Money(99, "usd")}, "amount"),
        ({"kind": "amount", "amount": Money(2_000, "eur")}, "amount"),
        ({"valid_from_at": "soon"}, "valid_from_on"),
        ({"valid_from_at": NEXT, "valid_until_at": NEXT}, "valid_until_on"),
        ({"max_redemptions": 0}, "max_redemptions"),
        ({"max_redemptions": "many"}, "max_redemptions"),
    ],
)
def test_a_bad_code_is_refused_at_its_field(changes: dict[str, object], field: str):
    assert faults(replace(GIVEN, **changes)) == [field]


def test_two_codes_cannot_have_the_same_letters():
    assert faults(GIVEN, exists=True) == ["code"]


def test_one_day_is_long_enough():
    facts = check_promotion(replace(GIVEN, valid_from_at=DAY, valid_until_at=NEXT), "usd", exists=False)
    assert (facts.valid_from_at, facts.valid_until_at) == (DAY, NEXT)


def test_a_pack_may_save_something_or_nothing_but_not_cost_more():
    assert check_pack(3, Money(33_000, "usd"), SINGLE) == PackFacts(3, Money(33_000, "usd"))
    assert check_pack(3, Money(36_000, "usd"), SINGLE).price == Money(36_000, "usd")
    for sessions, price, single, field in (
        (3, Money(36_001, "usd"), SINGLE, "price"),
        (1, Money(12_000, "usd"), SINGLE, "sessions"),
        (21, Money(12_000, "usd"), SINGLE, "sessions"),
        (3, "cheap", SINGLE, "price"),
        (3, Money(33_000, "usd"), None, "type"),
    ):
        with pytest.raises(NotSaved) as refusal:
            check_pack(sessions, price, single)
        assert [fault.where for fault in refusal.value.faults] == [field]


def test_codes_of_packs_have_no_letters_that_look_alike_and_are_read_with_dashes_or_without():
    codes = {new_pack_code() for _ in range(200)}
    assert len(codes) == 200
    assert not set("".join(codes)) - set(ALPHABET) - {"-"}
    assert not set(ALPHABET) & set("IO01")
    code = codes.pop()
    assert plain_pack_code(f" {code.lower()}\n") == plain_pack_code(code.replace("-", " "))
    assert plain_code("spring-20 ") == "SPRING-20"
