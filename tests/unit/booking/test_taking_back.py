"""What a therapist may take back, and when her patient is told, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from consult.booking.changes.taking_back import Actor, Change, Kind, tell_at, therapists_change

NOW = datetime(2026, 6, 10, 15, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=3)
MINUTE, INSTANT = timedelta(minutes=1), timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("cancelled", "moved", "expected"),
    [
        (None, None, None),
        (None, Actor.THERAPIST, Change(Kind.MOVED, EARLIER)),
        (None, Actor.PATIENT, None),
        (Actor.THERAPIST, None, Change(Kind.CANCELLED, NOW)),
        (Actor.THERAPIST, Actor.THERAPIST, Change(Kind.CANCELLED, NOW)),
        (Actor.PATIENT, Actor.THERAPIST, None),
        (Actor.PATIENT, None, None),
    ],
)
def test_the_therapists_last_change(cancelled: Actor | None, moved: Actor | None, expected: Change | None):
    found = therapists_change(
        cancelled_at=NOW if cancelled else None,
        cancelled_by=cancelled,
        moved_at=EARLIER if moved else None,
        moved_by=moved,
    )
    assert found == expected
    if found:
        assert found.until_at == found.at + 10 * MINUTE


@pytest.mark.parametrize(
    ("starts", "wait"),
    [
        ([60 * MINUTE], 10 * MINUTE),
        ([60 * MINUTE - INSTANT], 0 * MINUTE),
        ([-20 * MINUTE], 0 * MINUTE),
        ([timedelta(days=3), 30 * MINUTE], 0 * MINUTE),
        ([timedelta(days=3), timedelta(days=1)], 10 * MINUTE),
    ],
)
def test_the_patient_is_told_once_it_is_certain_or_at_once_when_the_visit_is_near(
    starts: list[timedelta], wait: timedelta
):
    assert tell_at(NOW, *(NOW + ahead for ahead in starts)) == NOW + wait
