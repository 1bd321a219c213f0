"""Booking a time for which nothing is to be paid: no gateway, no payment, one transaction."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError
from consult.practice.models import Patient
from consult.practice.service import read_contact, same_person
from consult.scheduling import service as scheduling
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.vouchers.models import PackRedemption

from . import vouchers
from .checkout import Counter
from .holds import EmailNotConfirmed, confirmed_digest
from .journey import Step
from .models import Booking
from .pack_use import find_share
from .ports import Ports
from .reactions import confirm_visit
from .standing import StepNotOpen, lock_booking, require
from .vouchers import PriceChanged


@dataclass(eq=False)
class FreeVisitBooked(ConsultError):
    """Somebody of this address and birth date has a free visit ahead; one of a pack is paid for, so it is
    none of these.
    """


def confirm_free(counter: Counter, booking_id: uuid.UUID, *, confirmed_only: bool = False) -> None:
    """Make the held time a visit, as a payment does. Asked twice, it is confirmed once.

    `confirmed_only` asks for a confirmed address first, unless a session of a pack is used. Raises
    StepNotOpen, PriceChanged, EmailNotConfirmed, FreeVisitBooked.
    """
    now, session, ports = counter.clock(), counter.session, counter.ports
    with counter.transaction():
        booking = lock_booking(session, booking_id)
        if booking.confirmed_at is not None:
            return
        standing = require(session, booking, Step.CHECK, now, ports)
        if standing.payment is not None or standing.appointment is None:
            raise StepNotOpen(Step.CHECK, Step.PAY)
        dropped = vouchers.reprice(session, booking, vouchers.list_price(session, booking), now, ports)
        if not dropped:
            _confirm(session, booking, standing.appointment, now, ports, confirmed_only)
    if dropped:
        raise PriceChanged


def _confirm(
    session: Session, booking: Booking, held: Appointment, now: datetime, ports: Ports, confirmed_only: bool
) -> None:
    if booking.price_minor != 0:
        raise PriceChanged
    from_pack = find_share(session, booking, now) is not None
    known_address = confirmed_digest(session, booking.id) is not None
    if confirmed_only and not from_pack and not known_address:
        raise EmailNotConfirmed
    appointment = scheduling.book(session, held.id, now)
    # Under the schedule's lock, or two of the same person's visits could pass each other.
    if not from_pack and _has_free_visit(session, booking, now, ports):
        # Whether an address is known here is told to nobody but its owner.
        raise FreeVisitBooked if known_address else EmailNotConfirmed
    confirm_visit(session, booking, appointment, now, ports)


def _has_free_visit(session: Session, booking: Booking, now: datetime, ports: Ports) -> bool:
    contact = read_contact(session, booking.known_patient_id, ports.sealer)
    free_visits = (
        select(Appointment.id)
        .join(Booking, Booking.id == Appointment.booking_id)
        .join(Patient, Patient.id == Booking.patient_id)
        .where(
            same_person(contact, ports.sealer),
            Booking.id != booking.id,
            Booking.price_minor == 0,
            Appointment.status == Status.BOOKED,
            Appointment.end_at > now,
            ~exists().where(PackRedemption.booking_id == Booking.id),
        )
    )
    return session.scalar(free_visits.limit(1)) is not None
