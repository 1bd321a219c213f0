"""Reasons why a time is on offer or not, in words, each with where it can be looked at or changed."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import url_for

from consult.core.errors import NotFound
from consult.core.local_time import clock_words, day_words
from consult.scheduling import reasons as why
from consult.scheduling.availability import DayHours, Opening
from consult.scheduling.editor.hours_checks import hours_words
from consult.scheduling.explanation import Stretch
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
    """One start with `when` it is, or one stretch of closed time. Closed time is opened by nothing."""

    when: str
    is_start: bool
    offered: bool
    opened_by: str
    reasons: list[Told]


class Teller:
    """`minutes` is the length of the session asked about; `patient_name` knows whose a booking is."""

    def __init__(self, schedule: Schedule, minutes: int, patient_name: Callable[[uuid.UUID], str]) -> None:
        self._schedule = schedule
        self._zone = ZoneInfo(schedule.zone)
        self._minutes = minutes
        self._patient_name = patient_name

    def line(self, stretch: Stretch) -> Line:
        return Line(
            when=self._clock(stretch.span.start_at)
            if stretch.is_start
            else f"{self._clock(stretch.span.start_at)} to {self._clock(stretch.span.end_at)}",
            is_start=stretch.is_start,
            offered=stretch.offered,
            opened_by=sentence(list_words([_opening_words(opening) for opening in stretch.opened_by]))
            if stretch.is_start
            else "",
            reasons=[self._tell(reason) for reason in stretch.reasons],
        )

    def _tell(self, reason: Reason) -> Told:
        if isinstance(reason, _HoursReason):
            return self._tell_hours(reason)
        if isinstance(reason, _ClaimReason):
            return self._tell_claim(reason)
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
        when = f"{self._clock(claim.span.start_at)} to {self._clock(claim.span.end_at)}"
        match reason:
            case why.Held():
                until = f", until {self._clock(claim.hold_expires_at)}" if claim.hold_expires_at else ""
                return Told(f"Held for somebody who is just booking{until}")
            case why.Taken():
                return Told(f"{who}, {when}", url)
            case why.InBuffer():
                return Told(f"Quiet time around {who}, {when}", url)

    def _whose(self, claim: Claim) -> tuple[str, str | None]:
        if claim.booking_id is None:
            return f"“{claim.name}”", url_for("therapist.hours_days", _anchor="own")
        try:
            name = self._patient_name(claim.booking_id)
        except NotFound:
            return "a time being booked", None
        return name, url_for("therapist.summary", booking_id=claim.booking_id)

    def _clock(self, at: datetime) -> str:
        return clock_words(at.astimezone(self._zone))

    def _moment(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return f"{day_words(local.date())}, {clock_words(local)}"


def _opening_words(opening: Opening) -> str:
    kind = "extra hours" if isinstance(opening, DayHours) else "weekly hours"
    return f"{kind} {hours_words(opening.start_time, opening.end_time)}"
