from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from consult.core.money import Money
from consult.payments.refunds import UNDO_WINDOW, Cause, RefundDecision, RefundTerms, refund_due, sent_from

START = datetime(2026, 6, 10, 15, 0, tzinfo=UTC)
PRICE = Money(9001, "usd")
TERMS = RefundTerms(full_until_hours=24, late_percent=50, move_until_hours=12)
INSTANT = timedelta(microseconds=1)


def percent(cause: Cause, before: timedelta, terms: RefundTerms = TERMS) -> int:
    return refund_due(terms, PRICE, START, START - before, cause).percent


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (timedelta(days=30), 100),
        (timedelta(hours=24) + INSTANT, 100),
        (timedelta(hours=24), 100),
        (timedelta(hours=24) - INSTANT, 50),
        (timedelta(hours=1), 50),
        (INSTANT, 50),
        (timedelta(0), 0),
        (-INSTANT, 0),
        (-timedelta(days=1), 0),
    ],
)
def test_a_patients_cancellation_pays_by_how_long_before_the_start_it_comes(before, expected):
    assert percent(Cause.PATIENT, before) == expected


@pytest.mark.parametrize(
    "cause", [Cause.THERAPIST, Cause.SCREENING, Cause.SLOT_LOST, Cause.BOOKING_OVER, Cause.DUPLICATE]
)
@pytest.mark.parametrize("before", [timedelta(days=2), INSTANT, timedelta(0), -timedelta(hours=3)])
def test_what_is_not_the_patients_choice_pays_everything_back_at_any_time(cause, before):
    assert percent(cause, before, RefundTerms(24, 0, 24)) == 100


@pytest.mark.parametrize("before", [timedelta(days=2), timedelta(0), -timedelta(hours=1)])
def test_a_no_show_pays_nothing_back(before):
    assert percent(Cause.NO_SHOW, before, RefundTerms(0, 100, 0)) == 0


def test_every_cause_is_decided():
    assert {cause: percent(cause, timedelta(hours=2)) for cause in Cause} == {
        Cause.PATIENT: 50,
        Cause.THERAPIST: 100,
        Cause.SCREENING: 100,
        Cause.SLOT_LOST: 100,
        Cause.BOOKING_OVER: 100,
        Cause.DUPLICATE: 100,
        Cause.NO_SHOW: 0,
    }


@pytest.mark.parametrize(("before", "expected"), [(INSTANT, 100), (timedelta(0), 0)])
def test_terms_of_zero_hours_pay_everything_back_until_the_start(before, expected):
    assert percent(Cause.PATIENT, before, RefundTerms(0, 0, 0)) == expected


def test_the_amount_is_the_share_of_the_price_and_the_reason_is_kept():
    decision = refund_due(TERMS, PRICE, START, START - timedelta(hours=1), Cause.PATIENT)
    assert decision == RefundDecision(Money(4501, "usd"), 50, Cause.PATIENT)


def test_a_late_cancellation_may_pay_nothing_and_that_is_an_answer():
    decision = refund_due(RefundTerms(24, 0, 24), PRICE, START, START - timedelta(hours=1), Cause.PATIENT)
    assert decision == RefundDecision(Money(0, "usd"), 0, Cause.PATIENT)


def test_hours_are_elapsed_hours_over_a_change_of_the_clocks():
    zone = ZoneInfo("America/New_York")
    start_at = datetime(2026, 3, 8, 12, 0, tzinfo=zone).astimezone(UTC)
    same_wall_time_the_day_before = datetime(2026, 3, 7, 12, 0, tzinfo=zone).astimezone(UTC)
    decision = refund_due(TERMS, PRICE, start_at, same_wall_time_the_day_before, Cause.PATIENT)
    assert decision.percent == 50


def test_terms_survive_being_stored():
    assert TERMS.to_json() == {"full_until_hours": 24, "late_percent": 50, "move_until_hours": 12}
    assert RefundTerms.from_json(TERMS.to_json()) == TERMS


def test_terms_older_than_moving_move_while_cancelling_is_free():
    assert RefundTerms.from_json({"full_until_hours": 30, "late_percent": 0}) == RefundTerms(30, 0, 30)


@pytest.mark.parametrize(
    ("hours", "late_percent", "move_hours"), [(-1, 50, 24), (24, -1, 24), (24, 101, 24), (24, 50, -1)]
)
def test_terms_that_make_no_sense_are_refused(hours, late_percent, move_hours):
    with pytest.raises(ValueError, match="must"):
        RefundTerms(hours, late_percent, move_hours)


@pytest.mark.parametrize(
    ("reason", "wait"),
    [("therapist", UNDO_WINDOW), ("patient", timedelta(0)), ("screening", timedelta(0)), ("x", timedelta(0))],
)
def test_only_what_a_therapist_may_take_back_waits(reason, wait):
    assert sent_from(reason, START) == START + wait
