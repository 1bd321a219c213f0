"""What is wrong with booking rules and session types."""

from dataclasses import replace

import pytest

from consult.core.given import NotSaved
from consult.core.money import Money
from consult.scheduling.editor.rules_checks import (
    BookingRules,
    GivenRules,
    GivenSession,
    SessionFacts,
    check_rules,
    check_session,
    read_price,
)

RULES = GivenRules("America/New_York", 30, 120, 60, "", "")
SESSION = GivenSession("Follow-up", 30, Money(8050, "usd"), 0, 15)


def test_good_rules_are_taken_and_an_old_zone_name_made_new() -> None:
    given = replace(RULES, zone="Asia/Calcutta", max_per_day=5, max_per_week=20)
    assert check_rules(given) == BookingRules("Asia/Kolkata", 30, 120, 60, 5, 20)
    assert check_rules(RULES).max_per_day is None


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("zone", ["", "Mars/Olympus", "../etc/passwd"]),
        ("slot_step_minutes", ["", 0, 7, 61, "x"]),
        ("notice_minutes", ["", -1, 30 * 24 * 60 + 1, "two"]),
        ("horizon_days", ["", 0, 366, "x"]),
        ("max_per_day", [0, 51, "x"]),
        ("max_per_week", [0, 201, "1.5"]),
    ],
)
def test_a_bad_rule_is_refused_at_its_field(field: str, values: list[int | str], subtests) -> None:
    for value in values:
        with subtests.test(value=value), pytest.raises(NotSaved) as refusal:
            check_rules(replace(RULES, **{field: value}))
        assert [fault.where for fault in refusal.value.faults] == [field]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("slot_step_minutes", [5, 10, 15, 20, 30, 60]),
        ("notice_minutes", [0, 30 * 24 * 60]),
        ("horizon_days", [1, 365]),
        ("max_per_day", [1, 50]),
    ],
)
def test_the_ends_of_what_is_allowed_are_allowed(field: str, values: list[int], subtests) -> None:
    for value in values:
        with subtests.test(value=value):
            assert getattr(check_rules(replace(RULES, **{field: value})), field) == value


def test_a_notice_longer_than_the_days_ahead_would_leave_nothing_to_book() -> None:
    check_rules(replace(RULES, notice_minutes=48 * 60, horizon_days=2))
    with pytest.raises(NotSaved) as refusal:
        check_rules(replace(RULES, notice_minutes=48 * 60 + 1, horizon_days=2))
    assert [fault.where for fault in refusal.value.faults] == ["notice_minutes"]


def test_a_good_session_is_taken_with_its_name_on_one_line() -> None:
    facts = check_session(replace(SESSION, name=" Follow\n up "), ["First visit"], "usd")
    assert facts == SessionFacts("Follow up", 30, Money(8050, "usd"), 0, 15)


def test_a_session_may_be_free() -> None:
    assert check_session(replace(SESSION, price=Money(0, "usd")), [], "usd").price == Money(0, "usd")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", ["", "  ", "x" * 81, "first visit"]),
        ("minutes", ["", 9, 241, "x"]),
        (
            "price",
            ["", "free", Money(99, "usd"), Money(1_000_001, "usd"), Money(5_000, "eur")],
        ),
        ("buffer_before_minutes", ["", -1, 121]),
        ("buffer_after_minutes", ["", -1, 121]),
    ],
)
def test_a_bad_session_is_refused_at_its_field(field: str, values: list[object], subtests) -> None:
    for value in values:
        with subtests.test(value=value), pytest.raises(NotSaved) as refusal:
            check_session(replace(SESSION, **{field: value}), ["First visit"], "usd")
        assert [fault.where for fault in refusal.value.faults] == [field]


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("120", "usd", Money(12_000, "usd")),
        (" 80.5 ", "usd", Money(8_050, "usd")),
        ("80.05", "usd", Money(8_005, "usd")),
        ("1,120.50", "usd", Money(112_050, "usd")),
        ("9000", "jpy", Money(9_000, "jpy")),
        ("90.50", "jpy", "90.50"),
        ("80.555", "usd", "80.555"),
        ("1,12", "usd", "1,12"),
        ("-5", "usd", "-5"),
        ("$80", "usd", "$80"),
        ("1e3", "usd", "1e3"),
        ("٨٠", "usd", "٨٠"),
        ("", "usd", ""),
    ],
)
def test_a_price_is_read_to_the_cent_and_never_rounded(
    text: str, currency: str, expected: Money | str
) -> None:
    assert read_price(text, currency) == expected
