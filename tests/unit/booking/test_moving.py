"""Until when a patient may move a visit, as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from consult.booking.changes.moving import MOST_MOVES, Immovable, why_immovable
from consult.payments.refunds import RefundTerms

START = datetime(2026, 6, 10, 15, 0, tzinfo=UTC)
HOUR, INSTANT = timedelta(hours=1), timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("hours", "before", "grace_left", "on_hold", "expected"),
    [
        (24, 24 * HOUR, -HOUR, False, None),
        (24, 24 * HOUR - INSTANT, -HOUR, False, Immovable.LATE),
        (2, 3 * HOUR, -HOUR, False, None),
        (0, INSTANT, -HOUR, False, None),
        (0, timedelta(0), -HOUR, False, Immovable.BEGUN),
        (24, 2 * HOUR, timedelta(0), False, None),
        (24, 2 * HOUR, -INSTANT, False, Immovable.LATE),
        (24, -INSTANT, HOUR, False, Immovable.BEGUN),
        (24, 48 * HOUR, HOUR, True, Immovable.ON_HOLD),
        (24, timedelta(0), HOUR, True, Immovable.BEGUN),
    ],
)
def test_a_patient_may_move(
    hours: int, before: timedelta, grace_left: timedelta, on_hold: bool, expected: Immovable | None
):
    now = START - before
    why = why_immovable(
        RefundTerms(24, 50, hours),
        start_at=START,
        grace_until=now + grace_left,
        on_safety_hold=on_hold,
        moves=MOST_MOVES - 1,
        now=now,
    )
    assert why is expected


@pytest.mark.parametrize(("before", "expected"), [(48, Immovable.OFTEN), (23, Immovable.LATE)])
def test_after_five_moves_of_their_own_they_may_not(before: int, expected: Immovable):
    now = START - before * HOUR
    terms = RefundTerms(24, 50, 24)
    why = why_immovable(terms, start_at=START, grace_until=now - HOUR, on_safety_hold=False, moves=5, now=now)
    assert why is expected
