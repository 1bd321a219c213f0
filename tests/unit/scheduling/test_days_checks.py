"""What is wrong with extra hours, time off and the therapist's own entries."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from consult.core.given import NotSaved, read_clock, read_day
from consult.core.timespan import TimeSpan
from consult.scheduling.availability import Absence, DayHours
from consult.scheduling.editor.days_checks import (
    GivenDay,
    GivenOff,
    check_extra,
    check_own_entry,
    check_time_off,
)

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 6, 1, 14, 30, tzinfo=UTC)
"""Half past ten in New York."""

TODAY = date(2026, 6, 1)


def day(on: str, start: str, end: str, title: str = "") -> GivenDay:
    return GivenDay("own", read_day(on), read_clock(start), read_clock(end), title)


def off(first: str, last: str = "", start: str = "", end: str = "", note: str = "") -> GivenOff:
    return GivenOff(read_day(first), read_day(last), read_clock(start), read_clock(end), note)


def where(refusal: pytest.ExceptionInfo[NotSaved]) -> list[str]:
    return [fault.where for fault in refusal.value.faults]


class TestExtraHours:
    THERE = (DayHours(date(2026, 6, 6), time(9), time(12)),)

    @pytest.mark.parametrize(
        ("on", "start", "end"),
        [
            ("2026-06-01", "18:00", "20:00"),
            ("2026-06-06", "12:00", "00:00"),
            ("2026-06-07", "09:00", "12:00"),
        ],
    )
    def test_they_are_taken_for_today_and_later_beside_others(self, on: str, start: str, end: str) -> None:
        taken = check_extra(day(on, start, end), self.THERE, TODAY)
        assert (taken.open_on.isoformat(), f"{taken.start_time:%H:%M}", f"{taken.end_time:%H:%M}") == (
            on,
            start,
            end,
        )

    @pytest.mark.parametrize(
        ("on", "start", "end", "expected"),
        [
            ("2026-05-31", "18:00", "20:00", ["own-on"]),
            ("", "", "", ["own-on", "own-start", "own-end"]),
            ("2026-06-06", "20:00", "18:00", ["own-end"]),
            ("2026-06-06", "11:00", "13:00", ["own-start"]),
            ("2032-06-06", "11:00", "13:00", ["own-on"]),
        ],
    )
    def test_they_are_refused(self, on: str, start: str, end: str, expected: list[str]) -> None:
        with pytest.raises(NotSaved) as refusal:
            check_extra(day(on, start, end), self.THERE, TODAY)
        assert where(refusal) == expected


class TestOwnEntries:
    def test_an_entry_is_real_time_with_a_title_on_one_line(self) -> None:
        title, span = check_own_entry(day("2026-06-02", "09:00", "10:30", " Den\ntist "), NEW_YORK, NOW)
        assert title == "Den tist"
        assert span == TimeSpan(
            datetime(2026, 6, 2, 13, 0, tzinfo=UTC), datetime(2026, 6, 2, 14, 30, tzinfo=UTC)
        )

    def test_it_may_last_until_midnight(self) -> None:
        _, span = check_own_entry(day("2026-06-02", "22:00", "00:00", "Talk"), NEW_YORK, NOW)
        assert span.end_at == datetime(2026, 6, 3, 4, 0, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (day("2026-06-02", "09:00", "10:00"), ["own-title"]),
            (day("2026-06-02", "09:00", "10:00", "x" * 121), ["own-title"]),
            (day("2026-06-01", "09:00", "10:30", "Over"), ["own-end"]),
            (day("2027-03-14", "02:10", "02:50", "In no hour"), ["own-start"]),
            (day("", "10:00", "09:00", ""), ["own-title", "own-on", "own-end"]),
        ],
    )
    def test_it_is_refused(self, given: GivenDay, expected: list[str]) -> None:
        with pytest.raises(NotSaved) as refusal:
            check_own_entry(given, NEW_YORK, NOW)
        assert where(refusal) == expected

    def test_what_has_begun_may_still_be_blocked(self) -> None:
        check_own_entry(day("2026-06-01", "10:00", "10:31", "Call"), NEW_YORK, NOW)


class TestTimeOff:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (off("2026-06-05"), ("2026-06-05", "00:00", "2026-06-06", "00:00")),
            (off("2026-06-05", "2026-06-07"), ("2026-06-05", "00:00", "2026-06-08", "00:00")),
            (off("2026-06-05", "", "13:00", "15:00"), ("2026-06-05", "13:00", "2026-06-05", "15:00")),
            (off("2026-06-05", "", "13:00"), ("2026-06-05", "13:00", "2026-06-06", "00:00")),
            (off("2026-06-05", "", "", "12:00"), ("2026-06-05", "00:00", "2026-06-05", "12:00")),
            (
                off("2026-06-05", "2026-06-08", "15:00", "12:00"),
                ("2026-06-05", "15:00", "2026-06-08", "12:00"),
            ),
            (off("2026-05-25", "2026-06-01"), ("2026-05-25", "00:00", "2026-06-02", "00:00")),
        ],
    )
    def test_days_are_whole_where_no_time_is_given(
        self, given: GivenOff, expected: tuple[str, str, str, str]
    ) -> None:
        taken = check_time_off(given, (), NEW_YORK, NOW)
        assert (
            taken.starts_on.isoformat(),
            f"{taken.start_time:%H:%M}",
            taken.ends_on.isoformat(),
            f"{taken.end_time:%H:%M}",
        ) == expected

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (off(""), ["off-from"]),
            (off("2026-06-05", "2026-06-04"), ["off-until"]),
            (off("2026-06-05", "", "15:00", "13:00"), ["off-end"]),
            (off("2026-06-05", "", "15:00", "15:00"), ["off-end"]),
            (off("2026-05-31"), ["off-from"]),
            (off("2026-05-30", "2026-05-31"), ["off-until"]),
            (off("2026-06-01", "", "09:00", "10:30"), ["off-from"]),
            (off("2026-06-05", "2027-06-06"), ["off-until"]),
            (off("2026-06-05", "", "noon", "15:00:01"), ["off-start", "off-end"]),
            (off("2026-06-05", note="x" * 121), ["off-note"]),
            (off("2026-06-09"), ["off-from"]),
        ],
    )
    def test_it_is_refused(self, given: GivenOff, expected: list[str]) -> None:
        there = [Absence(date(2026, 6, 9), time(0), date(2026, 6, 10), time(0), "Away")]
        with pytest.raises(NotSaved) as refusal:
            check_time_off(given, there, NEW_YORK, NOW)
        assert where(refusal) == expected

    def test_a_note_is_kept_on_one_line_and_none_is_none(self) -> None:
        assert check_time_off(off("2026-06-05", note=" At\tthe sea "), (), NEW_YORK, NOW).note == "At the sea"
        assert check_time_off(off("2026-06-05", note="  "), (), NEW_YORK, NOW).note is None
