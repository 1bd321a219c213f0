"""Visits changed as their pages do it, and all that can be seen of that."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from consult.booking.changes import commands as changes
from consult.booking.changes.taking_back import Actor
from consult.booking.models import Booking
from consult.booking.upkeep import Upkeep
from consult.calendaring.models import CalendarObject
from consult.core.clock import FixedClock
from consult.core.money import Money
from consult.deps import deps
from consult.payments.models import Refund
from consult.scheduling.lifecycle import Status

from .conftest import TEN, Desk
from .post import kinds

DAY = timedelta(days=1)
WEDNESDAY = TEN + 2 * DAY
THURSDAY = TEN + 3 * DAY
PRICE, HALF = Money(12_000, "usd"), Money(6_000, "usd")
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def sent(desk: Desk) -> None:
    """Everything due is mailed, and every refund due is run."""
    Upkeep(desk.counter, deps().mailer, "bookings@example.org").run_due()


def later_visit(desk: Desk, clock: FixedClock) -> Booking:
    """For Wednesday, booked on Monday, its mails sent, its minutes of grace over."""
    made = desk.booked(WEDNESDAY)
    sent(desk)
    clock.advance(timedelta(hours=1))
    return desk.fresh(made)


def move(desk: Desk, booking: Booking, start_at: datetime, by: Actor = Actor.PATIENT, **seen: Any) -> None:
    with desk.counter.transaction():
        changes.reschedule(desk.session, desk.fresh(booking), start_at, desk.now, desk.ports, by=by, **seen)


def cancel(desk: Desk, booking: Booking, by: Actor = Actor.PATIENT, **seen: Any) -> None:
    with desk.counter.transaction():
        changes.cancel(desk.session, desk.fresh(booking), desk.now, desk.ports, by=by, **seen)


def visit(desk: Desk, booking: Booking) -> tuple[Status, datetime]:
    appointment = desk.standing(booking).appointment
    assert appointment is not None
    return appointment.status, appointment.start_at


def refunds(desk: Desk) -> list[tuple[str, int, str]]:
    desk.session.expire_all()
    rows = desk.session.scalars(select(Refund).order_by(Refund.created_at))
    return [(row.reason, row.amount_minor, row.state) for row in rows]


def everything(desk: Desk, booking: Booking) -> object:
    """All that a change can touch, to tell that nothing did."""
    found = desk.fresh(booking)
    facts = (found.cancelled_at, found.cancelled_by, found.moved_at, found.moved_by, found.moved_from_at)
    events = [(row.uid, row.sequence, row.status) for row in desk.session.scalars(select(CalendarObject))]
    return facts, visit(desk, booking), refunds(desk), kinds(desk), events
