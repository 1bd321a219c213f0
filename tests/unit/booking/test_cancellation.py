"""What cancelling gives back and until when, as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from consult.booking.changes.cancellation import cancellation, full_until, grace_end, patients_refund
from consult.booking.changes.taking_back import Actor
from consult.core.money import Money
from consult.payments.refunds import Cause, RefundTerms

START = datetime(2026, 6, 10, 15, 0, tzinfo=UTC)
LONG_AGO = START - timedelta(days=10)
PRICE = Money(12_000, "usd")
TERMS = RefundTerms(full_until_hours=24, late_percent=50, move_until_hours=12)
HOUR, MINUTE, INSTANT = timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("booked_before", "before", "on_hold", "expected"),
    [
        # by the terms
        (10 * 24 * HOUR, 24 * HOUR, False, (100, Cause.PATIENT)),
        (10 * 24 * HOUR, 24 * HOUR - INSTANT, False, (50, Cause.PATIENT)),
        (10 * 24 * HOUR, INSTANT, False, (50, Cause.PATIENT)),
        (10 * 24 * HOUR, timedelta(0), False, None),
        (10 * 24 * HOUR, -HOUR, False, None),
        # in the minutes of grace
        (3 * HOUR, 3 * HOUR, False, (100, Cause.PATIENT)),
        (3 * HOUR, 3 * HOUR - 15 * MINUTE, False, (100, Cause.PATIENT)),
        (3 * HOUR, 3 * HOUR - 15 * MINUTE - INSTANT, False, (50, Cause.PATIENT)),
        (5 * MINUTE, INSTANT, False, (100, Cause.PATIENT)),
        (5 * MINUTE, timedelta(0), False, None),
        # on hold
        (10 * 24 * HOUR, 30 * 24 * HOUR, True, (100, Cause.SCREENING)),
        (10 * 24 * HOUR, INSTANT, True, (100, Cause.SCREENING)),
        (10 * 24 * HOUR, timedelta(0), True, None),
    ],
)
def test_a_patient_gets_back(
    booked_before: timedelta, before: timedelta, on_hold: bool, expected: tuple[int, Cause] | None
):
    decision = patients_refund(
        TERMS,
        PRICE,
        start_at=START,
        grace_until=START - booked_before + 15 * MINUTE,
        on_safety_hold=on_hold,
        now=START - before,
    )
    assert (decision and (decision.percent, decision.reason)) == expected
    if decision and expected:
        assert decision.amount == PRICE.share(expected[0])


@pytest.mark.parametrize(
    ("grace_until", "until"),
    [
        (None, START - 24 * HOUR),
        (LONG_AGO, START - 24 * HOUR),
        (START - 24 * HOUR + 5 * MINUTE, START - 24 * HOUR + 5 * MINUTE),
        (START + 5 * MINUTE, START),
    ],
)
def test_everything_comes_back_until(grace_until: datetime | None, until: datetime):
    assert full_until(TERMS, START, grace_until) == until


@pytest.mark.parametrize(
    ("moved_after", "moved_by", "from_after", "expected"),
    [
        (None, None, None, 15 * MINUTE),
        (5 * MINUTE, Actor.PATIENT, 60 * HOUR, 20 * MINUTE),
        (30 * HOUR, Actor.PATIENT, 54 * HOUR, 30 * HOUR + 15 * MINUTE),
        (30 * HOUR, Actor.PATIENT, 54 * HOUR - INSTANT, 15 * MINUTE),
        (30 * HOUR, Actor.THERAPIST, 31 * HOUR, 54 * HOUR),
    ],
)
def test_a_slip_costs_nothing_for_minutes_and_a_new_time_for_a_day(
    moved_after: timedelta | None,
    moved_by: Actor | None,
    from_after: timedelta | None,
    expected: timedelta,
):
    until = grace_end(
        TERMS,
        LONG_AGO,
        moved_at=LONG_AGO + moved_after if moved_after else None,
        moved_by=moved_by,
        moved_from_at=LONG_AGO + from_after if from_after else None,
        therapist_moved_at=None,
    )
    assert until == LONG_AGO + expected


@pytest.mark.parametrize(
    ("therapist_after", "moved_after", "expected"),
    [
        (30 * HOUR, None, 54 * HOUR),
        (30 * HOUR, 31 * HOUR, 54 * HOUR),
        (30 * HOUR, 54 * HOUR, 54 * HOUR + 15 * MINUTE),
    ],
)
def test_the_day_after_a_therapists_move_lasts_whatever_the_patient_chooses_in_it(
    therapist_after: timedelta, moved_after: timedelta | None, expected: timedelta
):
    until = grace_end(
        TERMS,
        LONG_AGO,
        moved_at=LONG_AGO + moved_after if moved_after else None,
        moved_by=Actor.PATIENT if moved_after else None,
        moved_from_at=LONG_AGO + 90 * HOUR if moved_after else None,
        therapist_moved_at=LONG_AGO + therapist_after,
    )
    assert until == LONG_AGO + expected


@pytest.mark.parametrize("before", [24 * HOUR, 24 * HOUR - INSTANT, 3 * HOUR])
def test_what_is_told_and_what_is_done_are_one(before: timedelta):
    now = START - before
    told = cancellation(TERMS, PRICE, START, now, LONG_AGO)
    done = patients_refund(TERMS, PRICE, start_at=START, grace_until=LONG_AGO, on_safety_hold=False, now=now)
    assert done is not None
    assert done.amount == (PRICE if told.in_time else told.late)


def test_before_a_time_is_chosen_only_hours_are_told():
    told = cancellation(TERMS, PRICE, None, START)
    assert (told.free_until, told.in_time, told.move_until, told.booked) == (None, None, None, False)
    assert (told.hours, told.move_hours, told.grace_minutes) == (24, 12, 15)
    assert told.late == Money(6_000, "usd")


def test_the_limit_for_moving_is_told_beside_it():
    assert cancellation(TERMS, PRICE, START, LONG_AGO).move_until == START - 12 * HOUR
    assert cancellation(TERMS, PRICE, START, LONG_AGO, START - 45 * MINUTE).move_until == START - 45 * MINUTE
