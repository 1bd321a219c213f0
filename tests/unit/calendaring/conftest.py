from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from consult.calendaring.event import EventFacts, Status
from consult.core.timespan import TimeSpan

START = datetime(2026, 6, 2, 19, 0, tzinfo=UTC)
PAGE = "https://book.example.org/b/k3y"


@pytest.fixture
def facts() -> Callable[..., EventFacts]:
    """A confirmed appointment of 45 minutes; give what shall differ."""

    def make(**changes: object) -> EventFacts:
        values: dict[str, object] = {
            "uid": "5d0b6c1e@book.example.org",
            "sequence": 0,
            "revised_at": datetime(2026, 6, 1, 12, 0, tzinfo=UTC),
            "created_at": datetime(2026, 6, 1, 11, 0, tzinfo=UTC),
            "span": TimeSpan(START, START + timedelta(minutes=45)),
            "summary": "Online appointment",
            "description": f"When it is, and where to join: {PAGE}\nIn an emergency call 911.",
            "url": PAGE,
            "location": PAGE,
            "status": Status.CONFIRMED,
            "by_video": True,
        }
        return EventFacts(**{**values, **changes})

    return make
