"""Reasons why a time is on offer or not, in words, each with where it can be looked at or changed."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from zoneinfo import ZoneInfo

from flask import url_for

from consult.core.errors import NotFound
from consult.core.local_time import clock_words, day_words
from consult.core.timespan import TimeSpan
from consult.scheduling import reasons as why
from consult.scheduling.availability import DayHours, Opening
from consult.scheduling.editor.hours_checks import hours_words
from consult.scheduling.explanation import Stretch
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Schedule
from consult.scheduling.reasons import Claim, Reason

from .words import count_words, list_words, notice_parts, off_words, sentence

_HoursReason = why.OutsideHours | why.OnHoliday | why.InTimeOff | why.DoesNotFit
_ClaimReason = why.Taken | why.Held | why.InBuffer


@dataclass(frozen=True)
class Told:
    text: str
    url: str | None = None


@dataclass(frozen=True)
class Line:
    """One start with `when` it is, one stretch of closed time, or a claim that lies in it and `stands`.

    Closed time is opened by nothing.
    """

    when: str
    is_start: bool
    stands: bool
    offered: bool
    opened_by: str
    reasons: list[Told]


class Teller:
    """`minutes` is the length of the session asked about; `patient_name` knows whose a booking is, and
    `calendars` have her other calendars in words.
    """

    def __init__(
        self,
        schedule: Schedule,
        minutes: int,
        patient_name: Callable[[uuid.UUID], str],
        calendars: Mapping[uuid.UUID, str],
    ) -> None:
        self._schedule = schedule
        self._zone = ZoneInfo(schedule.zone)
        self._minutes = minutes
        self._patient_name = patient_name
        self._calendars = calendars

    def line(self, stretch: Stretch) -> Line:
        return Line(
            when=self._clock(stretch.span.start_at) if stretch.is_start else self._span(stretch.span),
            is_start=stretch.is_start,
            stands=False,
            offered=stretch.offered,
            opened_by=sentence(list_words([_opening_words(opening) for opening in stretch.opened_by]))
            if stretch.is_start
            else "",
            reasons=[self.tell(reason) for reason in stretch.reasons],
        )

    def lines(self, stretches: Sequence[Stretch], claims: Sequence[Claim]) -> list[Line]:
        """In order of time. Of the claims only those that start in closed time: the others are reasons."""
        closed = [stretch.span for stretch in stretches if not stretch.is_start]
        standing = [
            claim
            for claim in claims
            if any(span.start_at <= claim.span.start_at < span.end_at for span in closed)
        ]
        lines = [(stretch.span.start_at, 0, self.line(stretch)) for stretch in stretches]
        lines += [(claim.span.start_at, 1, self._standing_line(claim)) for claim in standing]
        return [line for *_, line in sorted(lines, key=itemgetter(0, 1))]

    def _standing_line(self, claim: Claim) -> Line:
        reason = why.Held(claim) if claim.status is Status.HELD else why.Taken(claim)
        return Line(self._span(claim.span), False, True, False, "", [self._tell_claim(reason)])

    def tell(self, reason: Reason) -> Told:
        if isinstance(reason, _HoursReason):
            return self._tell_hours(reason)
        if isinstance(reason, _ClaimReason):
            return self._tell_claim(reason)
        if isinstance(reason, why.BusyElsewhere):
            calendar = self._calendars.get(reason.calendar_id, "another calendar of yours")
            text = f"Busy in {calendar}: {self._long_span(reason.span)}"
            return Told(text, url_for("therapist.calendars"))
        return Told(self._rule_words(reason), url_for("therapist.hours_rules"))

    def _tell_hours(self, reason: _HoursReason) -> Told:
        match reason:
            case why.OnHoliday(name):
                return Told(f"Public holiday: {name}", url_for("therapist.hours_days", _anchor="holidays"))
            case why.InTimeOff(absence):
                note = f" ({absence.note})" if absence.note else ""
                text = f"Time off{note}: {off_words(absence, absence.starts_on)}"
                return Told(text, url_for("therapist.hours_days", _anchor="off"))
            case why.DoesNotFit(closes_at):
                text = f"Too short: {self._minutes} minutes would run past {self._clock(closes_at)}"
            case why.OutsideHours():
                text = "Outside your hours"
        return Told(text, url_for("therapist.hours"))

    def _rule_words(self, reason: why.Past | why.TooSoon | why.TooFar | why.DayFull | why.WeekFull) -> str:
        match reason:
            case why.Past():
                return "Over already"
            case why.TooSoon(earliest_at):
                notice = count_words(*notice_parts(self._schedule.notice_minutes))
                return f"Too soon: with {notice} notice the first time is {self._moment(earliest_at)}"
            case why.TooFar():
                return f"Too far: you can be booked {count_words(self._schedule.horizon_days, 'day')} ahead"
            case why.DayFull(limit):
                return f"Full: {count_words(limit, 'session')} that day is your most"
            case why.WeekFull(limit):
                return f"Full: {count_words(limit, 'session')} that week is your most"

    def _tell_claim(self, reason: _ClaimReason) -> Told:
        claim = reason.claim
        who, url = self._whose(claim)
        when = self._span(claim.span)
        match reason:
            case why.Held():
                until = f", until {self._clock(claim.hold_expires_at)}" if claim.hold_expires_at else ""
                if claim.undo_of is not None:
                    return Told(f"Kept for {who}{until}: you can undo your change of that visit", url)
                who = "somebody who is just booking" if claim.booking_id else "a patient who may come earlier"
                return Told(f"Held for {who}, {when}{until}")
            case why.Taken():
                return Told(f"{who}, {when}", url)
            case why.InBuffer():
                return Told(f"Quiet time around {who}, {when}{self._quiet(claim)}", url)

    def _whose(self, claim: Claim) -> tuple[str, str | None]:
        booking_id = claim.booking_id or claim.undo_of
        if booking_id is None:
            return f"“{claim.name}”", url_for("therapist.hours_days", _anchor="own")
        try:
            name = self._patient_name(booking_id)
        except NotFound:
            return "a time being booked", None
        return name, url_for("therapist.summary", booking_id=booking_id)

    def _quiet(self, claim: Claim) -> str:
        """Which minutes are quiet; where the claim has none of its own, those of the session asked about."""
        if claim.busy == claim.span:
            return ": this session needs quiet time before or after it"
        return f": kept free {self._span(claim.busy)}"

    def _span(self, span: TimeSpan) -> str:
        return f"{self._clock(span.start_at)} to {self._clock(span.end_at)}"

    def _long_span(self, span: TimeSpan) -> str:
        """With its days where it is no part of one day."""
        if span.start_at.astimezone(self._zone).date() == span.end_at.astimezone(self._zone).date():
            return self._span(span)
        return f"{self._moment(span.start_at)} to {self._moment(span.end_at)}"

    def _clock(self, at: datetime) -> str:
        return clock_words(at.astimezone(self._zone))

    def _moment(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return f"{day_words(local.date())}, {clock_words(local)}"


def _opening_words(opening: Opening) -> str:
    kind = "extra hours" if isinstance(opening, DayHours) else "weekly hours"
    return f"{kind} {hours_words(opening.start_time, opening.end_time)}"
