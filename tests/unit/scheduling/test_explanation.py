"""Why a time is on offer, or why not."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consult.core.timespan import TimeSpan
from consult.scheduling.availability import Absence, DayHours, Hours, WeeklyHours
from consult.scheduling.errors import NotOffered, SlotNotOffered
from consult.scheduling.explanation import DayExplanation, explain
from consult.scheduling.lifecycle import Status
from consult.scheduling.policies import BookingWindow, Caps
from consult.scheduling.reasons import (
    Claim,
    DayFull,
    DoesNotFit,
    Held,
    InBuffer,
    InTimeOff,
    OnHoliday,
    OutsideHours,
    Past,
    Reason,
    Taken,
    TooFar,
    TooSoon,
    WeekFull,
)
from consult.scheduling.rules import Offer, Rules
from consult.scheduling.slots import open_slots

NEW_YORK, LORD_HOWE = ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
MONDAY = date(2026, 6, 1)
NO_CAPS = Caps()
LONG_BEFORE = datetime(2026, 5, 30, 12, tzinfo=UTC)
MORNING = WeeklyHours(0, time(9), time(12))
LUNCH = Absence(MONDAY, time(10), MONDAY, time(11), "dentist")


def at(text: str, day: date = MONDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(text), NEW_YORK).astimezone(UTC)


def span(text: str) -> TimeSpan:
    start, end = text.split("-")
    return TimeSpan(at(start), at(end))


def offer(
    *,
    weekly: list[WeeklyHours] | None = None,
    extra: list[DayHours] | None = None,
    absences: list[Absence] | None = None,
    holiday: str | None = None,
    minutes: int = 60,
    buffers: tuple[int, int] = (0, 0),
    step: int = 30,
    notice: timedelta = timedelta(hours=2),
    horizon_days: int = 30,
    caps: Caps = NO_CAPS,
    zone: ZoneInfo = NEW_YORK,
) -> Offer:
    hours = Hours(
        zone,
        [MORNING] if weekly is None else weekly,
        extra or [],
        absences or [],
        lambda day: holiday,
    )
    window = BookingWindow(notice, horizon_days, zone)
    rules = Rules(uuid.UUID(int=1), 1, window, step, caps, hours, {})
    return Offer(rules, minutes, buffers)


def claim(session: str, busy: str | None = None, status: Status = Status.BOOKED) -> Claim:
    expires_at = at("08:00") if status is Status.HELD else None
    return Claim(
        uuid.UUID(int=2), uuid.UUID(int=3), "Visit", status, span(session), span(busy or session), expires_at
    )


def lines(explanation: DayExplanation) -> dict[str, list[Reason]]:
    """Reasons by wall clock; a star marks a start."""

    def clock(moment: datetime) -> str:
        return f"{moment.astimezone(NEW_YORK):%H:%M}"

    return {
        f"{clock(each.span.start_at)}-{clock(each.span.end_at)}{'*' * each.is_start}": list(each.reasons)
        for each in explanation.stretches
    }


def test_a_day_is_told_from_its_first_instant_to_its_last() -> None:
    explanation = explain(offer(), MONDAY, LONG_BEFORE, [], {})

    assert lines(explanation) == {
        "00:00-09:00": [OutsideHours()],
        "09:00-09:30*": [],
        "09:30-10:00*": [],
        "10:00-10:30*": [],
        "10:30-11:00*": [],
        "11:00-11:30*": [],
        "11:30-12:00*": [DoesNotFit(at("12:00"))],
        "12:00-00:00": [OutsideHours()],
    }
    assert (explanation.day, explanation.zone, explanation.minutes) == (MONDAY, "America/New_York", 60)
    assert [each.offered for each in explanation.stretches] == [False, *[True] * 5, False, False]


def test_what_opens_an_hour_is_named() -> None:
    evening = DayHours(MONDAY, time(11), time(13))

    explanation = explain(offer(extra=[evening], holiday=None), MONDAY, LONG_BEFORE, [], {})

    opened_by = {each.span.start_at: each.opened_by for each in explanation.stretches}
    assert opened_by[at("00:00")] == ()
    assert opened_by[at("10:30")] == (MORNING,)
    assert opened_by[at("11:00")] == (MORNING, evening)
    assert opened_by[at("12:00")] == (evening,)


def test_a_public_holiday_is_named_where_weekly_hours_would_hold() -> None:
    explanation = explain(offer(holiday="Feast Day"), MONDAY, LONG_BEFORE, [], {})

    assert explanation.holiday == "Feast Day"
    assert lines(explanation) == {
        "00:00-09:00": [OutsideHours()],
        "09:00-12:00": [OnHoliday("Feast Day")],
        "12:00-00:00": [OutsideHours()],
    }


def test_closed_time_is_not_cut_where_its_reasons_stay_the_same() -> None:
    afternoon = WeeklyHours(0, time(12), time(14))

    explanation = explain(
        offer(weekly=[MORNING, afternoon], holiday="Feast Day"), MONDAY, LONG_BEFORE, [], {}
    )

    assert list(lines(explanation)) == ["00:00-09:00", "09:00-14:00", "14:00-00:00"]


def test_extra_hours_on_a_holiday_are_open_and_opened_by_themselves() -> None:
    extra = DayHours(MONDAY, time(10), time(11))

    explanation = explain(offer(holiday="Feast Day", extra=[extra]), MONDAY, LONG_BEFORE, [], {})

    assert lines(explanation)["10:00-10:30*"] == []
    assert [each.opened_by for each in explanation.stretches if each.is_start] == [(extra,), (extra,)]


def test_time_off_is_named_with_whatever_else_closes_the_hour() -> None:
    whole_day = Absence(MONDAY, time(8), MONDAY + timedelta(days=1), time(0))

    explanation = explain(
        offer(absences=[LUNCH, whole_day], holiday="Feast Day"), MONDAY, LONG_BEFORE, [], {}
    )

    assert lines(explanation) == {
        "00:00-08:00": [OutsideHours()],
        "08:00-09:00": [OutsideHours(), InTimeOff(whole_day)],
        "09:00-10:00": [OnHoliday("Feast Day"), InTimeOff(whole_day)],
        "10:00-11:00": [OnHoliday("Feast Day"), InTimeOff(LUNCH), InTimeOff(whole_day)],
        "11:00-12:00": [OnHoliday("Feast Day"), InTimeOff(whole_day)],
        "12:00-00:00": [OutsideHours(), InTimeOff(whole_day)],
    }


def test_the_grid_begins_anew_after_time_off() -> None:
    dentist = Absence(MONDAY, time(9, 45), MONDAY, time(10, 20))

    explanation = explain(offer(absences=[dentist], minutes=45), MONDAY, LONG_BEFORE, [], {})

    assert lines(explanation) == {
        "00:00-09:00": [OutsideHours()],
        "09:00-09:30*": [],
        "09:30-09:45*": [DoesNotFit(at("09:45"))],
        "09:45-10:20": [InTimeOff(dentist)],
        "10:20-10:50*": [],
        "10:50-11:20*": [],
        "11:20-11:50*": [DoesNotFit(at("12:00"))],
        "11:50-12:00*": [DoesNotFit(at("12:00"))],
        "12:00-00:00": [OutsideHours()],
    }


def test_an_appointment_takes_the_hours_it_would_meet_and_its_quiet_time_those_beside_it() -> None:
    taken = claim("10:00-10:30", "09:50-10:45")

    found = lines(explain(offer(minutes=30), MONDAY, LONG_BEFORE, [taken], {}))

    assert found["09:00-09:30*"] == []
    assert found["09:30-10:00*"] == [InBuffer(taken)]
    assert found["10:00-10:30*"] == [Taken(taken)]
    assert found["10:30-11:00*"] == [InBuffer(taken)]
    assert found["11:00-11:30*"] == []


def test_ones_own_buffer_may_reach_out_of_hours_but_not_into_a_neighbour() -> None:
    early = claim("08:00-09:00")

    found = lines(explain(offer(buffers=(15, 0)), MONDAY, LONG_BEFORE, [early], {}))

    assert found["09:00-09:30*"] == [InBuffer(early)]
    assert lines(explain(offer(buffers=(15, 0)), MONDAY, LONG_BEFORE, [], {}))["09:00-09:30*"] == []


def test_a_hold_says_until_when() -> None:
    held = claim("10:00-11:00", status=Status.HELD)

    found = lines(explain(offer(), MONDAY, LONG_BEFORE, [held], {}))

    assert found["10:00-10:30*"] == [Held(held)]
    assert held.hold_expires_at == at("08:00")


@pytest.mark.parametrize(
    ("now", "nine", "half_past_nine"),
    [
        ("07:00", [], []),
        ("07:01", [TooSoon(at("09:01"))], []),
        ("09:00", [TooSoon(at("11:00"))], [TooSoon(at("11:00"))]),
        ("09:01", [Past()], [TooSoon(at("11:01"))]),
    ],
)
def test_too_soon_and_past_are_told_apart(now: str, nine: list[Reason], half_past_nine: list[Reason]) -> None:
    found = lines(explain(offer(), MONDAY, at(now), [], {}))

    assert (found["09:00-09:30*"], found["09:30-10:00*"]) == (nine, half_past_nine)


def test_beyond_the_horizon_is_too_far() -> None:
    found = lines(explain(offer(horizon_days=1), MONDAY, LONG_BEFORE, [], {}))

    assert found["09:00-09:30*"] == [TooFar(datetime(2026, 6, 1, 4, tzinfo=UTC))]


def test_a_full_day_and_a_full_week_close_every_start() -> None:
    counts = {MONDAY: 2, MONDAY + timedelta(days=4): 3}

    found = lines(explain(offer(caps=Caps(2, 5)), MONDAY, LONG_BEFORE, [], counts))

    assert found["09:00-09:30*"] == [DayFull(2), WeekFull(5)]
    assert found["11:30-12:00*"] == [DoesNotFit(at("12:00")), DayFull(2), WeekFull(5)]
    assert found["12:00-00:00"] == [OutsideHours()]


def test_every_reason_is_told_at_once() -> None:
    taken, held = claim("11:30-12:00"), claim("12:00-13:00", "11:50-13:10", Status.HELD)

    found = lines(
        explain(offer(caps=Caps(1), horizon_days=0), MONDAY, at("11:45"), [taken, held], {MONDAY: 1})
    )

    assert found["11:30-12:00*"] == [DoesNotFit(at("12:00")), Past(), Taken(taken), Held(held), DayFull(1)]


def test_a_day_that_never_was_has_nothing_to_tell() -> None:
    apia = ZoneInfo("Pacific/Apia")

    explanation = explain(
        offer(weekly=[WeeklyHours(4, time(9), time(17))], zone=apia), date(2011, 12, 30), LONG_BEFORE, [], {}
    )

    assert explanation.stretches == ()


QUARTERS = st.integers(0, 95)


def quarter(number: int) -> time:
    return time(number // 4, number % 4 * 15)


@st.composite
def walls(draw: st.DrawFn) -> tuple[time, time]:
    first, second = draw(st.tuples(QUARTERS, QUARTERS).filter(lambda pair: pair[0] != pair[1]))
    return quarter(min(first, second)), quarter(max(first, second))


@st.composite
def claims(draw: st.DrawFn, day: date) -> list[Claim]:
    """One after the other, with buffers, and none over another."""
    found, cursor = [], datetime.combine(day, time(0), UTC)
    for gap, before, length, after in draw(
        st.lists(
            st.tuples(st.integers(0, 240), st.integers(0, 20), st.integers(5, 90), st.integers(0, 20)),
            max_size=6,
        )
    ):
        busy_from = cursor + timedelta(minutes=gap)
        start_at = busy_from + timedelta(minutes=before)
        end_at = start_at + timedelta(minutes=length)
        cursor = end_at + timedelta(minutes=after)
        status = draw(st.sampled_from([Status.BOOKED, Status.HELD]))
        expires_at = cursor if status is Status.HELD else None
        session, busy = TimeSpan(start_at, end_at), TimeSpan(busy_from, cursor)
        found.append(Claim(uuid.uuid4(), None, "Visit", status, session, busy, expires_at))
    return found


DAYS = [
    (NEW_YORK, MONDAY, 24),
    (NEW_YORK, date(2026, 3, 8), 23),
    (NEW_YORK, date(2026, 11, 1), 25),
    (LORD_HOWE, date(2026, 4, 5), 24.5),
    (LORD_HOWE, date(2026, 10, 4), 23.5),
]
"""A day in a zone, and how many hours it has."""

REFUSALS = {
    NotOffered.PAST: Past,
    NotOffered.NOTICE: TooSoon,
    NotOffered.HORIZON: TooFar,
    NotOffered.CLOSED: DoesNotFit,
}


def refusal(asked: Offer, start_at: datetime, now: datetime) -> type | None:
    """What a patient would be told first who chose this start, whoever may have taken it."""
    try:
        asked.slot_at(start_at, now)
    except SlotNotOffered as refused:
        return REFUSALS[refused.reason]
    return None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_an_hour_is_called_open_exactly_when_it_is_on_offer(data: st.DataObject) -> None:
    zone, day, hours = data.draw(st.sampled_from(DAYS))
    weekly = [WeeklyHours(day.weekday(), *each) for each in data.draw(st.lists(walls(), max_size=3))]
    extra = [DayHours(day, *each) for each in data.draw(st.lists(walls(), max_size=2))]
    absences = [Absence(day, start, day, end) for start, end in data.draw(st.lists(walls(), max_size=2))]
    caps = data.draw(st.sampled_from([Caps(), Caps(2), Caps(None, 3)]))
    asked = offer(
        weekly=weekly,
        extra=extra,
        absences=absences,
        holiday=data.draw(st.sampled_from([None, "Feast Day"])),
        minutes=data.draw(st.integers(5, 90)),
        buffers=data.draw(st.tuples(st.integers(0, 20), st.integers(0, 20))),
        step=data.draw(st.integers(5, 60)),
        notice=timedelta(minutes=data.draw(st.integers(0, 300))),
        horizon_days=data.draw(st.integers(0, 1)),
        caps=caps,
        zone=zone,
    )
    taken = data.draw(claims(day))
    now = datetime.combine(day, time(0), UTC) + timedelta(minutes=data.draw(st.integers(-600, 1800)))
    counts = {day: len(taken)}

    explanation = explain(asked, day, now, taken, counts)

    slots = open_slots(
        asked.rules.open_on(day) if not caps.reached_on(day, counts) else [],
        [(int(each.busy.start_at.timestamp()), int(each.busy.end_at.timestamp())) for each in taken],
        minutes=asked.minutes,
        buffers=asked.buffers,
        step_minutes=asked.rules.step_minutes,
        earliest_at=asked.window.earliest_at(now),
        latest_at=asked.window.latest_at(now),
    )
    offered = [each for each in explanation.stretches if each.offered]
    assert [each.span.start_at for each in offered] == [slot.start_at for slot in slots]
    assert all(each.is_start and each.opened_by for each in offered)
    spans = [each.span for each in explanation.stretches]
    assert all(before.end_at == after.start_at for before, after in pairwise(spans))
    assert sum((each.duration for each in spans), timedelta()) == timedelta(hours=hours)
    for start in (each for each in explanation.stretches if each.is_start):
        told = {type(reason) for reason in start.reasons}
        first = next((kind for kind in REFUSALS.values() if kind in told), None)
        assert refusal(asked, start.span.start_at, now) is first
