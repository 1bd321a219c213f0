"""The therapist's page about money, read across topics. Reads only."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.money import Money
from consult.core.timespan import TimeSpan
from consult.payments import reports
from consult.payments.alerts import INFORMATION, AlertKind, open_alerts
from consult.payments.models import MoneyAlert, Payment, Reconciliation
from consult.payments.reports import Posted, RefundOnItsWay, Sums
from consult.receipts.service import numbers_by_entry
from consult.scheduling.queries import get_schedule
from consult.scheduling.wall_clock import day_start

from .models import Booking
from .ports import Ports

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Alert:
    """`amount` and `booking_id` of the payment it is about, if it is about one of ours."""

    row: MoneyAlert
    kind: AlertKind
    needs_her: bool
    amount: Money | None
    booking_id: uuid.UUID | None


@dataclass(frozen=True)
class Entry:
    """A ledger entry, and the number of its document, if it has one."""

    posted: Posted
    number: str | None


@dataclass(frozen=True)
class Takings:
    """`months` are their first days, from the newest back to that of the first entry. `readable` are the
    bookings that have a summary.
    """

    zone: str
    today: Sequence[Sums]
    this_month: Sequence[Sums]
    month: date
    months: Sequence[date]
    in_month: Sequence[Sums]
    entries: Sequence[Entry]
    alerts: Sequence[Alert]
    open_payments: Sequence[Payment]
    refunds: Sequence[RefundOnItsWay]
    failed_refunds: Sequence[RefundOnItsWay]
    disputes: Sequence[Posted]
    reconciled: Reconciliation | None
    readable: Collection[uuid.UUID]


def takings(session: Session, month: date | None, now: datetime, ports: Ports) -> Takings:
    """`month` by any of its days; None is the present one. Raises NotFound before the practice is set up."""
    zone = get_schedule(session).zone
    today = now.astimezone(ZoneInfo(zone)).date()
    month = (month or today).replace(day=1)
    found = Takings(
        zone=zone,
        today=reports.sums(session, _span(today, today + _ONE_DAY, zone)),
        this_month=reports.sums(session, _month_span(today.replace(day=1), zone)),
        month=month,
        months=_months(session, today, zone),
        in_month=reports.sums(session, _month_span(month, zone)),
        entries=entries_of(session, month, zone),
        alerts=_alerts(session),
        open_payments=reports.open_payments(session),
        refunds=reports.refunds_on_their_way(session),
        failed_refunds=reports.failed_refunds(session, now),
        disputes=reports.open_disputes(session),
        reconciled=reports.last_reconciliation(session, ports.gateway.name),
        readable=frozenset(),
    )
    return replace(found, readable=_readable(session, _bookings_in(found)))


def entries_of(session: Session, month: date, zone: str) -> list[Entry]:
    """The entries of the month that begins on `month` in `zone`, oldest first."""
    found = reports.posted(session, _month_span(month, zone))
    numbers = numbers_by_entry(session, [it.entry.id for it in found])
    return [Entry(it, numbers.get(it.entry.id)) for it in found]


def count_needing_her(session: Session) -> int:
    """Open alerts that something is left to do about."""
    return sum(alert.kind not in INFORMATION for alert in open_alerts(session))


def _alerts(session: Session) -> list[Alert]:
    """Those that need her first."""
    rows = open_alerts(session)
    payments = _payments(session, [row.payment_id for row in rows if row.payment_id])
    shown = [_alert(row, payments) for row in rows]
    return sorted(shown, key=lambda alert: not alert.needs_her)


def _alert(row: MoneyAlert, payments: Mapping[uuid.UUID, Payment]) -> Alert:
    kind, payment = AlertKind(row.kind), payments.get(row.payment_id) if row.payment_id else None
    return Alert(
        row,
        kind,
        kind not in INFORMATION,
        payment.amount if payment else None,
        payment.booking_id if payment else None,
    )


def _payments(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Payment]:
    found = session.scalars(select(Payment).where(Payment.id.in_(ids)))
    return {payment.id: payment for payment in found}


def _bookings_in(page: Takings) -> set[uuid.UUID]:
    payments = [
        *page.open_payments,
        *(it.posted.payment for it in page.entries),
        *(it.payment for it in (*page.refunds, *page.failed_refunds)),
        *(it.payment for it in page.disputes),
    ]
    about = {alert.booking_id for alert in page.alerts if alert.booking_id}
    return about | {payment.booking_id for payment in payments}


def _readable(session: Session, booking_ids: Collection[uuid.UUID]) -> frozenset[uuid.UUID]:
    confirmed = select(Booking.id).where(Booking.id.in_(booking_ids), Booking.confirmed_at.is_not(None))
    return frozenset(session.scalars(confirmed))


def _months(session: Session, today: date, zone: str) -> list[date]:
    first_at = reports.first_posted_at(session)
    first = first_at.astimezone(ZoneInfo(zone)).date() if first_at else today
    months, month = [], today.replace(day=1)
    while month >= first.replace(day=1):
        months.append(month)
        month = (month - _ONE_DAY).replace(day=1)
    return months or [today.replace(day=1)]


def _month_span(month: date, zone: str) -> TimeSpan:
    return _span(month, (month + timedelta(days=32)).replace(day=1), zone)


def _span(first: date, end: date, zone: str) -> TimeSpan:
    place = ZoneInfo(zone)
    return TimeSpan(day_start(first, place), day_start(end, place))
