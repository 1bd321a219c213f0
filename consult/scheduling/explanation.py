"""Why a time is on offer, or why it is not: the answer to the therapist's "Why not this time?"."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from consult.core.timespan import TimeSpan, subtracted

from .availability import Hours, Opening
from .lifecycle import Status
from .policies import Cap
from .reasons import (
    BusyElsewhere,
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
from .rules import Offer
from .wall_clock import day_start

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the day with one answer.

    Within open time there is one for every start of the grid, up to the next: `is_start`, and its `reasons`
    are those against a session that starts with it. A stretch of closed time has those that close it. All of
    them would have to go. `opened_by` are the hours that hold at its start.
    """

    span: TimeSpan
    is_start: bool
    reasons: tuple[Reason, ...]
    opened_by: tuple[Opening, ...]

    @property
    def offered(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class DayExplanation:
    """The therapist's day from its first instant to its last, without gaps."""

    day: date
    zone: str
    minutes: int
    holiday: str | None
    stretches: tuple[Stretch, ...]


def explain(
    offer: Offer,
    day: date,
    now: datetime,
    claims: Sequence[Claim],
    counts: Mapping[date, int],
    elsewhere: Sequence[BusyElsewhere] = (),
) -> DayExplanation:
    """`claims` and `elsewhere` are all that sessions of that day could meet, without holds that ran out;
    `counts` are the sessions on each day of its week, wanted only where there are caps.
    """
    hours = offer.rules.hours
    start_at, end_at = day_start(day, hours.zone), day_start(day + _DAY, hours.zone)
    whole = [TimeSpan(start_at, end_at)] if start_at < end_at else []
    opened = hours.open_on(day)
    of_day = _reasons_of_day(offer, day, counts)
    starts = [
        Stretch(
            each,
            is_start=True,
            reasons=(
                *_against(offer, each.start_at, span, now, claims),
                *_met_elsewhere(offer, each.start_at, elsewhere),
                *of_day,
            ),
            opened_by=_opened_by(hours, day, each.start_at),
        )
        for span in opened
        for each in _grid(span, offer.rules.step_minutes * _MINUTE)
    ]
    closed = [each for span in subtracted(whole, opened) for each in _closed(hours, day, span)]
    stretches = sorted([*starts, *closed], key=lambda stretch: stretch.span)
    return DayExplanation(day, hours.zone.key, offer.minutes, hours.holiday(day), tuple(stretches))


def _grid(span: TimeSpan, step: timedelta) -> Iterator[TimeSpan]:
    start_at = span.start_at
    while start_at < span.end_at:
        yield TimeSpan(start_at, min(start_at + step, span.end_at))
        start_at += step


def _against(
    offer: Offer, start_at: datetime, opened: TimeSpan, now: datetime, claims: Sequence[Claim]
) -> Iterator[Reason]:
    """What speaks against a session at `start_at`, which is on the grid of `opened`."""
    slot = offer.slot_from(start_at)
    earliest_at, latest_at = offer.window.earliest_at(now), offer.window.latest_at(now)
    if slot.end_at > opened.end_at:
        yield DoesNotFit(opened.end_at)
    if start_at < now:
        yield Past()
    elif start_at < earliest_at:
        yield TooSoon(earliest_at)
    if start_at >= latest_at:
        yield TooFar(latest_at)
    session, quiet = TimeSpan(*slot), offer.busy_span(slot)
    for claim in claims:
        if not quiet.overlaps(claim.busy):
            continue
        if not session.overlaps(claim.span):
            yield InBuffer(claim)
        else:
            yield Held(claim) if claim.status is Status.HELD else Taken(claim)


def _met_elsewhere(
    offer: Offer, start_at: datetime, elsewhere: Sequence[BusyElsewhere]
) -> Iterator[BusyElsewhere]:
    quiet = offer.busy_span(offer.slot_from(start_at))
    return (busy for busy in elsewhere if quiet.overlaps(busy.span))


def _reasons_of_day(offer: Offer, day: date, counts: Mapping[date, int]) -> list[Reason]:
    caps = offer.rules.caps
    reached = caps.reached_on(day, counts)
    reasons: list[Reason] = []
    if Cap.DAY in reached and caps.per_day is not None:
        reasons.append(DayFull(caps.per_day))
    if Cap.WEEK in reached and caps.per_week is not None:
        reasons.append(WeekFull(caps.per_week))
    return reasons


def _closed(hours: Hours, day: date, span: TimeSpan) -> Iterator[Stretch]:
    """Closed time, cut where its reasons change."""
    start_at, reasons = span.start_at, _closing(hours, day, span.start_at)
    for cut_at in _cuts(hours, day, span):
        changed = _closing(hours, day, cut_at)
        if changed != reasons:
            yield _closed_stretch(hours, day, TimeSpan(start_at, cut_at), reasons)
            start_at, reasons = cut_at, changed
    yield _closed_stretch(hours, day, TimeSpan(start_at, span.end_at), reasons)


def _closed_stretch(hours: Hours, day: date, span: TimeSpan, reasons: tuple[Reason, ...]) -> Stretch:
    return Stretch(span, False, reasons, _opened_by(hours, day, span.start_at))


def _cuts(hours: Hours, day: date, span: TimeSpan) -> list[datetime]:
    opening = [each for _, each in (*hours.weekly_on(day), *hours.opened_on(day))]
    closing = [each for _, each in hours.absent_on(day)]
    bounds = {bound for each in (*opening, *closing) for bound in (each.start_at, each.end_at)}
    return sorted(bound for bound in bounds if span.start_at < bound < span.end_at)


def _closing(hours: Hours, day: date, at: datetime) -> tuple[Reason, ...]:
    """Every reason that closes this instant."""
    reasons: list[Reason] = [
        InTimeOff(absence) for absence, span in hours.absent_on(day) if _covers(span, at)
    ]
    if not _opened_by(hours, day, at):
        name = hours.holiday(day)
        would_hold = any(_covers(span, at) for _, span in hours.weekly_on(day))
        reasons.insert(0, OnHoliday(name) if would_hold and name is not None else OutsideHours())
    return tuple(reasons)


def _opened_by(hours: Hours, day: date, at: datetime) -> tuple[Opening, ...]:
    return tuple(opening for opening, span in hours.opened_on(day) if _covers(span, at))


def _covers(span: TimeSpan, at: datetime) -> bool:
    return span.start_at <= at < span.end_at
