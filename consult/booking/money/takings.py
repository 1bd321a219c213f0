"""The therapist's page about money, read across topics. Reads only."""

import uuid
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.timespan import TimeSpan
from consult.db.sealing import SealBroken, UnknownKey
from consult.payments import reports
from consult.payments.models import Payment, Reconciliation
from consult.payments.reports import OfPayment, PaidOutside, Posted, Sums
from consult.practice.service import Contact, read_contact
from consult.receipts.service import numbers_by_entry
from consult.scheduling.queries import get_schedule
from consult.scheduling.wall_clock import day_start

from ..models import Booking
from ..ports import Ports
from .alerts import Alert, shown_alerts
from .takings_csv import OUTSIDE, Entry

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Takings:
    """`months` are their first days, from the newest back to that of the first entry. `readable` are the
    bookings that have a summary; `payers`, by booking, whom to reach about money where there is none.
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
    refunds: Sequence[OfPayment]
    failed_refunds: Sequence[OfPayment]
    disputes: Sequence[Posted]
    reconciled: Reconciliation | None
    readable: Set[uuid.UUID]
    payers: Mapping[uuid.UUID, Contact]


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
        alerts=shown_alerts(session),
        open_payments=reports.open_payments(session),
        refunds=reports.refunds_on_their_way(session),
        failed_refunds=reports.failed_refunds(session, now),
        disputes=reports.open_disputes(session),
        reconciled=reports.last_reconciliation(session, ports.gateway.name, ports.gateway.livemode),
        readable=frozenset(),
        payers={},
    )
    found = replace(found, readable=_readable(session, _bookings_in(found)))
    return replace(found, payers=_payers(session, found, ports))


def entries_of(session: Session, month: date, zone: str) -> list[Entry]:
    """What moved in the month that begins on `month` in `zone`, oldest first."""
    span = _month_span(month, zone)
    found = reports.posted(session, span)
    numbers = numbers_by_entry(session, [it.entry.id for it in found])
    entries = [_entry(it, numbers.get(it.entry.id)) for it in found]
    entries += [_paid_outside(it) for it in reports.paid_outside(session, span)]
    return sorted(entries, key=lambda entry: entry.at)


def _entry(it: Posted, number: str | None) -> Entry:
    return Entry(
        at=it.entry.created_at,
        kind=it.entry.kind.value,
        amount=it.amount,
        livemode=it.payment.livemode,
        number=number,
        gateway=it.payment.gateway,
        gateway_ref=it.entry.gateway_ref,
        payment_id=it.payment.id,
        booking_id=it.payment.booking_id,
    )


def _paid_outside(it: PaidOutside) -> Entry:
    return Entry(
        at=it.refund.updated_at,
        kind=OUTSIDE,
        amount=-it.refund.amount,
        livemode=it.payment.livemode,
        number=None,
        gateway="",
        gateway_ref="",
        payment_id=it.payment.id,
        booking_id=it.payment.booking_id,
        note=it.note,
    )


def _bookings_in(page: Takings) -> set[uuid.UUID]:
    payments = [
        *page.open_payments,
        *(it.payment for it in (*page.refunds, *page.failed_refunds)),
        *(it.payment for it in page.disputes),
    ]
    about = {alert.booking_id for alert in page.alerts if alert.booking_id}
    about |= {entry.booking_id for entry in page.entries}
    return about | {payment.booking_id for payment in payments}


def _readable(session: Session, booking_ids: Set[uuid.UUID]) -> frozenset[uuid.UUID]:
    confirmed = select(Booking.id).where(Booking.id.in_(booking_ids), Booking.confirmed_at.is_not(None))
    return frozenset(session.scalars(confirmed))


def _payers(session: Session, page: Takings, ports: Ports) -> dict[uuid.UUID, Contact]:
    """One whose details do not open keeps nobody else from being named."""
    about = {alert.booking_id for alert in page.alerts}
    about |= {it.payment.booking_id for it in (*page.refunds, *page.failed_refunds)}
    known = select(Booking).where(Booking.id.in_(about - page.readable), Booking.patient_id.is_not(None))
    payers = {}
    for booking in session.scalars(known):
        with suppress(SealBroken, UnknownKey):
            payers[booking.id] = read_contact(session, booking.known_patient_id, ports.sealer)
    return payers


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
