"""Cutting open time into slots."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consult.core.timespan import TimeSpan, merged
from consult.scheduling.slots import Seconds, Slot, open_slots

MIDNIGHT = datetime(2026, 6, 1, tzinfo=UTC)
FAR = timedelta(days=4000)


def clock(text: str) -> datetime:
    hour, minute = text.split(":")
    return MIDNIGHT + timedelta(hours=int(hour), minutes=int(minute))


def seconds(start_at: datetime, end_at: datetime) -> Seconds:
    return int(start_at.timestamp()), int(end_at.timestamp())


def starts(
    opened: list[str],
    busy: list[str] = [],  # noqa: B006 - never changed
    *,
    minutes: int = 60,
    buffers: tuple[int, int] = (0, 0),
    step: int = 30,
    earliest: str = "0:00",
    latest: str = "24:00",
) -> str:
    """Starts on one UTC day as a line of text; spans written 9:00-17:00."""

    def bounds(text: str) -> tuple[datetime, datetime]:
        start, end = text.split("-")
        return clock(start), clock(end)

    slots = open_slots(
        [seconds(*bounds(text)) for text in opened],
        [seconds(*bounds(text)) for text in busy],
        minutes=minutes,
        buffers=buffers,
        step_minutes=step,
        earliest_at=clock(earliest),
        latest_at=clock(latest),
    )
    assert all(slot.end_at - slot.start_at == timedelta(minutes=minutes) for slot in slots)
    return " ".join(f"{slot.start_at.hour}:{slot.start_at:%M}" for slot in slots)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # grid
        ({"opened": ["9:00-12:00"]}, "9:00 9:30 10:00 10:30 11:00"),
        ({"opened": ["9:10-11:15"]}, "9:10 9:40 10:10"),
        ({"opened": ["9:00-10:00"]}, "9:00"),
        ({"opened": ["9:00-9:59"]}, ""),
        ({"opened": ["9:00-11:00"], "step": 45}, "9:00 9:45"),
        ({"opened": ["9:00-11:00", "13:15-14:45"]}, "9:00 9:30 10:00 13:15 13:45"),
        # busy time, touching allowed
        ({"opened": ["9:00-12:00"], "busy": ["10:00-11:00"]}, "9:00 11:00"),
        ({"opened": ["9:00-12:00"], "busy": ["10:01-10:59"]}, "9:00 11:00"),
        ({"opened": ["9:00-12:00"], "busy": ["9:00-12:00"]}, ""),
        ({"opened": ["9:00-12:00"], "busy": ["8:00-9:00", "12:00-13:00"]}, "9:00 9:30 10:00 10:30 11:00"),
        ({"opened": ["9:00-12:00"], "busy": ["10:40-10:50", "9:50-10:45"]}, "11:00"),
        (
            {"opened": ["9:00-12:00", "12:00-14:00"], "busy": ["11:30-12:30"]},
            "9:00 9:30 10:00 10:30 12:30 13:00",
        ),
        # buffers keep away from others, and may reach out of the hours
        ({"opened": ["9:00-12:00"], "buffers": (15, 15)}, "9:00 9:30 10:00 10:30 11:00"),
        ({"opened": ["9:00-13:00"], "busy": ["10:30-11:00"], "buffers": (0, 15)}, "9:00 11:00 11:30 12:00"),
        ({"opened": ["9:00-13:00"], "busy": ["10:00-11:00"], "buffers": (0, 15)}, "11:00 11:30 12:00"),
        ({"opened": ["9:00-13:00"], "busy": ["10:00-11:00"], "buffers": (15, 0)}, "9:00 11:30 12:00"),
        ({"opened": ["9:00-12:00"], "busy": ["8:00-8:50"], "buffers": (15, 0)}, "9:30 10:00 10:30 11:00"),
        # from the earliest on, before the latest
        ({"opened": ["9:00-12:00"], "earliest": "9:30"}, "9:30 10:00 10:30 11:00"),
        ({"opened": ["9:00-12:00"], "earliest": "9:31"}, "10:00 10:30 11:00"),
        ({"opened": ["9:00-12:00"], "latest": "10:30"}, "9:00 9:30 10:00"),
        ({"opened": ["9:00-12:00"], "latest": "10:31"}, "9:00 9:30 10:00 10:30"),
        ({"opened": ["9:00-12:00"], "earliest": "13:00"}, ""),
        ({"opened": []}, ""),
    ],
)
def test_slots_of_a_day(given: dict[str, object], expected: str) -> None:
    assert starts(**given) == expected


@pytest.mark.parametrize(("minutes", "step"), [(0, 30), (60, 0), (-60, 30), (60, -30)])
def test_a_length_or_step_that_leads_nowhere_is_refused(minutes: int, step: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        starts(["9:00-12:00"], minutes=minutes, step=step)


def test_a_fraction_of_a_second_too_early_is_too_early() -> None:
    earliest_at = clock("9:00") + timedelta(microseconds=1)
    slots = open_slots(
        [seconds(clock("9:00"), clock("11:00"))],
        [],
        minutes=60,
        buffers=(0, 0),
        step_minutes=30,
        earliest_at=earliest_at,
        latest_at=clock("24:00"),
    )

    assert [slot.start_at for slot in slots] == [clock("9:30"), clock("10:00")]


minutes_of_day = st.integers(0, 600)


@st.composite
def days(draw: st.DrawFn) -> dict[str, object]:
    def some_spans() -> list[TimeSpan]:
        pairs = draw(st.lists(st.tuples(minutes_of_day, st.integers(1, 200)), max_size=6))
        return [
            TimeSpan(MIDNIGHT + timedelta(minutes=a), MIDNIGHT + timedelta(minutes=a + b)) for a, b in pairs
        ]

    return {
        "opened": merged(some_spans()),
        "busy": some_spans(),
        "minutes": draw(st.integers(1, 90)),
        "buffers": draw(st.tuples(st.integers(0, 30), st.integers(0, 30))),
        "step": draw(st.integers(1, 60)),
        "earliest": draw(minutes_of_day),
        "latest": draw(minutes_of_day),
    }


def cut(day: dict, shift: timedelta = timedelta(0)) -> list[Slot]:
    return open_slots(
        [seconds(span.start_at + shift, span.end_at + shift) for span in day["opened"]],
        [seconds(span.start_at + shift, span.end_at + shift) for span in day["busy"]],
        minutes=day["minutes"],
        buffers=day["buffers"],
        step_minutes=day["step"],
        earliest_at=MIDNIGHT + shift + timedelta(minutes=day["earliest"]),
        latest_at=MIDNIGHT + shift + timedelta(minutes=day["latest"]),
    )


def by_trying_every_step(day: dict) -> list[datetime]:
    """Every start of the grid, each tested against every rule: slow and plain."""
    length = timedelta(minutes=day["minutes"])
    before, after = (timedelta(minutes=buffer) for buffer in day["buffers"])
    found = []
    for opened in day["opened"]:
        start_at = opened.start_at
        while start_at + length <= opened.end_at:
            quiet = TimeSpan(start_at - before, start_at + length + after)
            minute = (start_at - MIDNIGHT) / timedelta(minutes=1)
            if day["earliest"] <= minute < day["latest"] and not any(
                quiet.overlaps(busy) for busy in day["busy"]
            ):
                found.append(start_at)
            start_at += timedelta(minutes=day["step"])
    return found


@settings(deadline=None)
@given(days())
def test_exactly_the_free_starts_of_the_grid_are_offered(day: dict) -> None:
    assert [slot.start_at for slot in cut(day)] == by_trying_every_step(day)


@settings(deadline=None)
@given(days())
def test_no_slot_leaves_open_time_or_meets_busy_time_with_its_buffers(day: dict) -> None:
    before, after = (timedelta(minutes=buffer) for buffer in day["buffers"])
    for slot in cut(day):
        session = TimeSpan(*slot)
        assert any(opened.contains(session) for opened in day["opened"])
        assert not any(session.widened(before, after).overlaps(busy) for busy in day["busy"])


@settings(deadline=None)
@given(days(), st.integers(-100_000, 100_000))
def test_shifting_the_whole_day_shifts_the_slots(day: dict, minutes: int) -> None:
    shift = timedelta(minutes=minutes)

    assert [slot.start_at - shift for slot in cut(day, shift)] == [slot.start_at for slot in cut(day)]
