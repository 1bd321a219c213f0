"""Calendar text in, busy times out: a program of its own, run with limits, never imported.

It reads what a stranger wrote. A rule of two hundred octets can ask for more work than there is time, so it
runs where the operating system ends it, without our environment, files of ours or a way to write any. It
stands alone: `python -I` knows none of our packages.

Arguments: the limits in seconds of CPU and octets of memory. On stdin a line of JSON, what `Wanted` says,
then calendar text, several calendars one after another if need be. JSON on stdout: `{"busy": [[from, until],
...], "skipped": n}`, disjoint and in order, or `{"trouble": kind}`.
"""

import json
import resource
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

EVENT_LIMIT = 5_000
SPAN_LIMIT = 20_000
TIMES_A_DAY = 24
_TOO_FAST = ("SECONDLY", "MINUTELY", "HOURLY")
_FREE = "FREE"
_DAY = timedelta(days=1)
_FAR_YEAR = 2500
"""No end is later than this: an event longer than the years before it cannot be reckoned with."""


class Refused(Exception):
    """Its argument is the kind of trouble."""


class Reader:
    """`first` and `last` are seconds since 1970; `skipped` counts the events that could not be read."""

    def __init__(
        self,
        *,
        zone: str,
        first: int,
        last: int,
        own_domain: str,
        whole_days_busy: bool,
        owner: Collection[str],
    ) -> None:
        self._zone, self._first, self._last = ZoneInfo(zone), first, last
        self._own = f"@{own_domain}".lower()
        self._whole_days_busy, self._owner = whole_days_busy, frozenset(owner)
        self.skipped = 0

    def busy(self, text: bytes) -> list[list[int]]:
        spans = [span for calendar in self._calendars(text) for span in self._of(calendar)]
        clipped = [(max(start, self._first), min(end, self._last)) for start, end in spans]
        merged: list[list[int]] = []
        for start, end in sorted((start, end) for start, end in clipped if start < end):
            if merged and start <= merged[-1][1]:
                merged[-1][1] = max(end, merged[-1][1])
            else:
                merged.append([start, end])
        if len(merged) > SPAN_LIMIT:
            raise Refused("too_heavy")
        return merged

    def _calendars(self, text: bytes) -> list[Any]:
        """Raises Refused, also for a text that was cut off: half of it would free the other half's time."""
        from icalendar import Calendar

        head = text.upper()
        begun, ended = head.count(b"BEGIN:VCALENDAR"), head.count(b"END:VCALENDAR")
        if not begun or begun != ended:
            raise Refused("not_a_calendar")
        if head.count(b"BEGIN:VEVENT") > EVENT_LIMIT or begun > EVENT_LIMIT:
            raise Refused("too_large")
        try:
            return list(Calendar.from_ical(text.removeprefix(b"\xef\xbb\xbf"), multiple=True))
        except ValueError as error:
            raise Refused("not_a_calendar") from error

    def _of(self, calendar: Any) -> Iterator[tuple[int, int]]:
        for component in calendar.walk("VFREEBUSY"):
            yield from self._free_busy(component)
        events = [event for event in calendar.walk("VEVENT") if not self._is_ours(event)]
        _forget_unknown_zone(calendar)
        fit = []
        for event in events:
            if _is_unfit(event):
                self.skipped += 1
            else:
                _bring_near(event)
                _keep_last_day(event)
                fit.append(event)
        for occurrence in self._occurrences(calendar, fit):
            yield from self._span(occurrence)

    def _is_ours(self, event: Any) -> bool:
        """Our own invitations and feed come back through her other calendars. The visit they are about may
        have moved since, and must not keep its old time busy.
        """
        return str(event.get("UID", "")).strip().lower().endswith(self._own)

    def _occurrences(self, calendar: Any, events: list[Any]) -> list[Any]:
        """All at once; one by one when anything is wrong with any, so that it costs only its own series."""
        try:
            return self._expanded(calendar, events)
        except MemoryError:
            raise
        except Exception:
            found: list[Any] = []
            for series in _by_uid(events):
                try:
                    found += self._expanded(calendar, series)
                except MemoryError:
                    raise
                except Exception:
                    self.skipped += 1
            return found

    def _expanded(self, calendar: Any, events: list[Any]) -> list[Any]:
        """A day more on both sides: times without a zone are compared as they stand."""
        import recurring_ical_events  # type: ignore[import-untyped]

        if not events:
            return []
        others = [part for part in calendar.subcomponents if part.name != "VEVENT"]
        calendar.subcomponents = [*others, *events]
        wanted = recurring_ical_events.of(calendar)
        start, end = (datetime.fromtimestamp(second, UTC) for second in (self._first, self._last))
        return list(wanted.between(start - _DAY, end + _DAY))

    def _span(self, event: Any) -> Iterator[tuple[int, int]]:
        if self._is_free(event):
            return
        try:
            first, last = event["DTSTART"].dt, event["DTEND"].dt
            start, end = self._instant(first), self._instant(last)
            if end <= start and isinstance(first, datetime):
                # It lies where clocks go forward, at times they never show.
                end = start + int((last.replace(tzinfo=None) - first.replace(tzinfo=None)).total_seconds())
        except (KeyError, AttributeError, ValueError, OverflowError):
            self.skipped += 1
            return
        yield start, end

    def _is_free(self, event: Any) -> bool:
        if _says(event, "STATUS") == "CANCELLED" or _says(event, "TRANSP") == "TRANSPARENT":
            return True
        if _says(event, "X-MICROSOFT-CDO-BUSYSTATUS") == _FREE or self._is_declined(event):
            return True
        return not self._whole_days_busy and _is_whole_day(event)

    def _is_declined(self, event: Any) -> bool:
        """By the calendar's owner, as far as it is known who that is (RFC 5545 3.2.12)."""
        given = event.get("ATTENDEE", [])
        invited = given if isinstance(given, list) else [given]
        answers = [
            str(each.params.get("PARTSTAT", "")).upper()
            for each in invited
            if not self._owner.isdisjoint(_addresses(each))
        ]
        return bool(answers) and set(answers) == {"DECLINED"}

    def _free_busy(self, component: Any) -> Iterator[tuple[int, int]]:
        periods = component.get("FREEBUSY", [])
        for period in periods if isinstance(periods, list) else [periods]:
            try:
                if str(period.params.get("FBTYPE", "BUSY")).upper() != _FREE:
                    yield self._instant(period.start), self._instant(period.end)
            except (AttributeError, ValueError, OverflowError):
                self.skipped += 1

    def _instant(self, when: date) -> int:
        """Whole days, floating times and those in a zone nobody knows are hers."""
        if not isinstance(when, datetime):
            when = datetime.combine(when, time())
        if when.tzinfo is None:
            when = when.replace(tzinfo=self._zone)
        return int(when.timestamp())


def _when(event: Any, name: str) -> date | None:
    """None also for what cannot be read."""
    try:
        when = event[name].dt
    except (KeyError, AttributeError, ValueError):
        return None
    return when if isinstance(when, date) else None


def _says(event: Any, name: str) -> str:
    return str(event.get(name, "")).strip().upper()


def _is_whole_day(event: Any) -> bool:
    """Some feeds of Exchange write whole days as times."""
    start = _when(event, "DTSTART")
    named = start is not None and not isinstance(start, datetime)
    return named or _says(event, "X-MICROSOFT-CDO-ALLDAYEVENT") == "TRUE"


def _addresses(attendee: Any) -> set[str]:
    """Apple writes the address beside a name of its own (RFC 7986 6.2)."""
    given = (str(attendee), str(attendee.params.get("EMAIL", "")))
    return {address.strip().lower().removeprefix("mailto:") for address in given} - {""}


def _by_uid(events: list[Any]) -> list[list[Any]]:
    series: dict[object, list[Any]] = defaultdict(list)
    for event in events:
        series[str(event.get("UID", "")) or id(event)].append(event)
    return list(series.values())


def _forget_unknown_zone(calendar: Any) -> None:
    """Else no event of the calendar could be read."""
    try:
        ZoneInfo(str(calendar.get("X-WR-TIMEZONE", "UTC")).strip())
    except (KeyError, ValueError, OSError):
        del calendar["X-WR-TIMEZONE"]


def _bring_near(event: Any) -> None:
    """Some write "for ever" as the last day there is."""
    start, end = _when(event, "DTSTART"), _when(event, "DTEND")
    if start and end and start.year <= _FAR_YEAR < end.year:
        event["DTEND"].dt = end.replace(year=_FAR_YEAR, month=1, day=1)


def _keep_last_day(event: Any) -> None:
    """Some end a series of timed events on a day, or at a time without a zone (not RFC 5545 3.3.10), and the
    last event would be left out.
    """
    start, rules = _when(event, "DTSTART"), event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if isinstance(start, datetime) and "UNTIL" in rule:
            rule["UNTIL"] = [_last_moment(until, start) for until in rule["UNTIL"]]


def _last_moment(until: date, start: datetime) -> date:
    if not isinstance(until, datetime):
        until = datetime.combine(until, time(23, 59, 59))
    if start.tzinfo is None or until.tzinfo is not None:
        return until
    if until.year > _FAR_YEAR:
        until = until.replace(year=_FAR_YEAR, month=1, day=1)
    return until.replace(tzinfo=start.tzinfo).astimezone(UTC)


def _is_unfit(event: Any) -> bool:
    """Whether its rule cannot be read, or recurs more often than any appointment does."""
    rules = event.get("RRULE", [])
    try:
        return any(
            _is_too_fast(rule) or not _ends_on_days(rule)
            for rule in (rules if isinstance(rules, list) else [rules])
        )
    except ValueError:
        return True


def _ends_on_days(rule: Any) -> bool:
    """Not at an hour of no day, after a span, or before all history: what reads the rule takes these too."""
    return all(isinstance(until, date) and until.year > 1 for until in rule.get("UNTIL", []))


def _is_too_fast(rule: Any) -> bool:
    times = 1
    for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times *= max(1, len(rule.get(part, [])))
    # Every no days: the same time over and over.
    if any(interval < 1 for interval in rule.get("INTERVAL", [])):
        return True
    return times > TIMES_A_DAY or any(str(each).upper() in _TOO_FAST for each in rule.get("FREQ", []))


def main() -> None:
    cpu_seconds, memory = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    reader = Reader(**json.loads(sys.stdin.buffer.readline()))
    try:
        busy = reader.busy(sys.stdin.buffer.read())
        answer: dict[str, Any] = {"busy": busy, "skipped": reader.skipped}
    except Refused as refusal:
        answer = {"trouble": str(refusal)}
    except MemoryError:
        answer = {"trouble": "too_heavy"}
    except Exception:
        # What a stranger's text does to a parser is not known beforehand; that it was not read is enough.
        answer = {"trouble": "not_a_calendar"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
