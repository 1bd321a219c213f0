"""A patient's own calendar address: one for each mailbox, and told to nobody but by mail to that mailbox.

Whoever knows an e-mail address and a birth date can make a booking in that name, so holding one private page
is no reason to see another. Reading the mailbox is.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.calendaring import service as calendaring
from consult.calendaring.subscriptions import (
    end_subscriptions,
    find_booking_id,
    find_last_fetch,
    new_patient_subscription,
    of_bookings,
)
from consult.core.timespan import TimeSpan
from consult.notifications.compose import CalendarAddress
from consult.notifications.service import withdraw
from consult.practice.models import Patient
from consult.practice.service import email_digests, get_practice, get_therapist, read_contact
from consult.scheduling.models import Appointment

from .letters import send_to_patient
from .models import Booking
from .ports import Ports
from .standing import lock_booking

SENT_EVERY = timedelta(minutes=10)


def bookings_of_mailbox(session: Session, booking: Booking, ports: Ports) -> set[uuid.UUID]:
    """This booking, and all others made under its e-mail address."""
    contact = read_contact(session, booking.known_patient_id, ports.sealer)
    same_address = Patient.email_digest.in_(email_digests(contact.email, ports.sealer))
    query = select(Booking.id).join(Patient, Booking.patient_id == Patient.id).where(same_address)
    return {booking.id, *session.scalars(query)}


def patient_vevents(session: Session, booking_id: uuid.UUID, shown: TimeSpan, ports: Ports) -> list[bytes]:
    """What the feed shows that was asked for from this booking: every visit of its mailbox that stands."""
    booking_ids = bookings_of_mailbox(session, session.get_one(Booking, booking_id), ports)
    appointments = select(Appointment.id).where(Appointment.booking_id.in_(booking_ids))
    return calendaring.patient_vevents(session, appointments, shown, sealer=ports.sealer)


def was_just_sent(session: Session, booking: Booking, now: datetime, ports: Ports) -> bool:
    """Whether this mailbox was given an address some minutes ago, by whatever booking it was asked for."""
    last = find_last_fetch(session, of_bookings(bookings_of_mailbox(session, booking, ports)))
    return last is not None and now < last.subscribed_at + SENT_EVERY


def mail_address(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """Make a new address and mail it to the mailbox, once in ten minutes; a former one of this mailbox stops
    working.
    """
    booking = lock_booking(session, booking.id)
    if was_just_sent(session, booking, now, ports):
        return
    mailbox = bookings_of_mailbox(session, booking, ports)
    token = new_patient_subscription(session, booking.id, mailbox, now)
    # One that still waits would arrive dead.
    withdraw(session, booking.id, [CalendarAddress.kind])
    letter = CalendarAddress(
        therapist_name=get_therapist(session).name,
        phone=get_practice(session).phone,
        page_url=ports.links.calendar_address(token),
    )
    key = f"calendar-{booking.id}-{now:%Y%m%dT%H%M%S%f}"
    send_to_patient(session, letter, key, booking, now, ports)


def replace_address(session: Session, token: str, now: datetime, ports: Ports) -> str:
    """The token of a new address for whoever holds this one, which stops working. Raises NotFound."""
    booking = session.get_one(Booking, find_booking_id(session, token))
    return new_patient_subscription(session, booking.id, bookings_of_mailbox(session, booking, ports), now)


def stop_address(session: Session, token: str, now: datetime, ports: Ports) -> None:
    """Raises NotFound."""
    booking = session.get_one(Booking, find_booking_id(session, token))
    end_subscriptions(session, of_bookings(bookings_of_mailbox(session, booking, ports)), now)
