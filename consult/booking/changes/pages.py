"""What the pages around moving, cancelling and taking back show. Reads only."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.money import Money
from consult.payments.refund_service import left_to_refund
from consult.payments.refunds import UNDO_WINDOW, RefundDecision, RefundTerms
from consult.practice.models import Patient
from consult.practice.service import read_contact
from consult.scheduling import queries as scheduling
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.scheduling.offers import get_offer
from consult.scheduling.slots import Slot

from ..models import Booking
from ..ports import Ports
from ..standing import IS_NEWEST, newest_appointment
from .cancellation import GRACE, Cancellation, cancellation, full_until
from .commands import find_immovable
from .money import BookingMoney, counted_moves, find_money, grace_of, refund_now
from .moving import Immovable
from .taking_back import Actor, Change, Kind
from .undoing import find_change, may_be_missed

_NEAREST = 6


@dataclass(frozen=True)
class PatientsOptions:
    """What the patient can still do about the visit. `unsettled` while the therapist may yet take back what
    she did to it.
    """

    immovable: Immovable | None
    may_cancel: bool
    unsettled: bool


@dataclass(frozen=True)
class CancelPage:
    """`decision` is what cancelling gives back now; None when its patient can no longer cancel."""

    booking: Booking
    appointment: Appointment
    zone: str
    paid: Money
    decision: RefundDecision | None
    cancellation: Cancellation
    immovable: Immovable | None


@dataclass(frozen=True)
class MovePage:
    """Other times than the present one: `days` of the reader in `zone`, or `nearest` when one was just lost.
    `minutes_to_think` is how long a patient who takes a near one may still change their mind.
    """

    booking: Booking
    appointment: Appointment
    zone: str
    immovable: Immovable | None
    cancellation: Cancellation
    decision: RefundDecision | None
    minutes_to_think: int
    first_on: date
    last_on: date
    days: Sequence[tuple[date, Sequence[Slot]]]
    nearest: Sequence[Slot]
    has_earlier: bool
    has_later: bool


@dataclass(frozen=True)
class DeskActions:
    """What the therapist can do about a visit. `undoable` is her change that she can still take back."""

    booking: Booking
    appointment: Appointment
    zone: str
    money: BookingMoney
    begun: bool
    may_be_missed: bool
    undoable: Change | None


@dataclass(frozen=True)
class RecentChange:
    """`start_at` is when the visit is, or was to be; `from_at` when it was before it was moved."""

    booking_id: uuid.UUID
    patient_name: str
    change: Change
    start_at: datetime
    from_at: datetime | None


def get_visit(session: Session, booking: Booking) -> Appointment:
    """The visit of a confirmed booking, ahead or over. Raises NotFound."""
    appointment = newest_appointment(session, booking)
    if booking.confirmed_at is None or appointment is None:
        raise NotFound
    return appointment


def patients_options(booking: Booking, appointment: Appointment, now: datetime) -> PatientsOptions:
    return PatientsOptions(
        immovable=find_immovable(booking, appointment, now),
        may_cancel=appointment.status is Status.BOOKED and now < appointment.start_at,
        unsettled=_undoable(booking, now) is not None,
    )


def cancel_page(session: Session, booking: Booking, by: Actor, zone: str, now: datetime) -> CancelPage:
    """Raises NotFound."""
    appointment = get_visit(session, booking)
    return CancelPage(
        booking=booking,
        appointment=appointment,
        zone=zone,
        paid=left_to_refund(session, booking.id, booking.currency),
        decision=refund_now(session, booking, appointment, by, now),
        cancellation=terms_of(booking, appointment, now),
        immovable=find_immovable(booking, appointment, now),
    )


def move_page(
    session: Session,
    booking: Booking,
    zone: str,
    now: datetime,
    *,
    first_on: date | None,
    days: int,
    lost: datetime | None,
) -> MovePage:
    """`days` days from `first_on`, or from the first day that has a time. Raises NotFound."""
    appointment = get_visit(session, booking)
    place = ZoneInfo(zone)
    offered = _Offered(session, booking, appointment, now)
    nearest_to_now = offered.nearest(now, 1)
    earliest_on = (nearest_to_now[0].start_at if nearest_to_now else now).astimezone(place).date()
    latest_on = max(offered.latest_at.astimezone(place).date(), earliest_on)
    first_on = min(max(first_on or earliest_on, earliest_on), latest_on)
    last_on = first_on + timedelta(days=days - 1)
    slots = offered.between(first_on, days, zone)
    return MovePage(
        booking=booking,
        appointment=appointment,
        zone=zone,
        immovable=find_immovable(booking, appointment, now),
        cancellation=terms_of(booking, appointment, now),
        decision=refund_now(session, booking, appointment, Actor.PATIENT, now),
        minutes_to_think=_minutes_to_think(booking, appointment, now),
        first_on=first_on,
        last_on=last_on,
        days=[
            (day, list(group))
            for day, group in groupby(slots, key=lambda slot: slot.start_at.astimezone(place).date())
        ],
        nearest=offered.nearest(lost, _NEAREST) if lost else [],
        has_earlier=first_on > earliest_on,
        has_later=last_on < latest_on,
    )


def desk_actions(
    session: Session, booking: Booking, appointment: Appointment, zone: str, now: datetime
) -> DeskActions:
    return DeskActions(
        booking=booking,
        appointment=appointment,
        zone=zone,
        money=find_money(session, booking),
        begun=now >= appointment.start_at,
        may_be_missed=may_be_missed(booking, appointment),
        undoable=_undoable(booking, now),
    )


def recent_changes(session: Session, now: datetime, ports: Ports) -> list[RecentChange]:
    """The therapist's own, of the last minutes, that she can still take back; newest first."""
    since = now - UNDO_WINDOW
    query = (
        select(Booking, Appointment, Patient)
        .select_from(Booking)
        .join(Appointment, IS_NEWEST)
        .outerjoin(Patient, Patient.id == Booking.patient_id)
        .where(or_(Booking.cancelled_at > since, Booking.moved_at > since))
    )
    # The patients are read along, for `read_contact` to find them read.
    rows = session.execute(query).all()
    found = [_recent_change(session, booking, appointment, now, ports) for booking, appointment, _ in rows]
    return sorted(
        (recent for recent in found if recent is not None), key=lambda recent: recent.change.at, reverse=True
    )


def terms_of(booking: Booking, appointment: Appointment, now: datetime) -> Cancellation:
    """The booking's own terms, in numbers of this visit."""
    price = Money(booking.price_minor, booking.currency)
    terms = RefundTerms.from_json(booking.refund_terms)
    moves = counted_moves(booking)
    return cancellation(terms, price, appointment.start_at, now, grace_of(booking), moves)


def _recent_change(
    session: Session, booking: Booking, appointment: Appointment, now: datetime, ports: Ports
) -> RecentChange | None:
    change = _undoable(booking, now)
    if change is None:
        return None
    return RecentChange(
        booking_id=booking.id,
        patient_name=read_contact(session, booking.known_patient_id, ports.sealer).name,
        change=change,
        start_at=appointment.start_at,
        from_at=booking.moved_from_at if change.kind is Kind.MOVED else None,
    )


def _minutes_to_think(booking: Booking, appointment: Appointment, now: datetime) -> int:
    terms = RefundTerms.from_json(booking.refund_terms)
    is_free = now <= full_until(terms, appointment.start_at, None)
    return GRACE // timedelta(minutes=1) if is_free else 0


def _undoable(booking: Booking, now: datetime) -> Change | None:
    change = find_change(booking)
    return change if change is not None and now < change.until_at else None


class _Offered:
    """Times this visit could move to, its own left out. There are none for a visit that is over."""

    def __init__(self, session: Session, booking: Booking, appointment: Appointment, now: datetime) -> None:
        self.session, self.booking, self.appointment, self.now = session, booking, appointment, now
        type_id = appointment.session_type_id
        if type_id is None or appointment.status is not Status.BOOKED:
            raise NotFound
        self.type_id = type_id
        self.latest_at = get_offer(session, type_id, moving_booking_id=booking.id).window.latest_at(now)

    def nearest(self, around: datetime, count: int) -> list[Slot]:
        slots = scheduling.nearest_slots(
            self.session, self.type_id, around, count + 1, self.now, moving_booking_id=self.booking.id
        )
        others = sorted(self._others(slots), key=lambda slot: abs(slot.start_at - around))
        return sorted(others[:count])

    def between(self, first_on: date, days: int, zone: str) -> list[Slot]:
        return self._others(
            scheduling.find_slots(
                self.session,
                self.type_id,
                first_on,
                days,
                self.now,
                zone,
                moving_booking_id=self.booking.id,
            )
        )

    def _others(self, slots: Sequence[Slot]) -> list[Slot]:
        return [slot for slot in slots if slot.start_at != self.appointment.start_at]
