"""A patient's own calendar addresses: for all of a mailbox, and told to nobody but by mail to that mailbox.

Whoever knows an e-mail address and a birth date can make a booking in that name, so holding one private page
is no reason to see another, nor to end what another reads. Reading the mailbox is.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.calendaring import service as calendaring
from consult.calendaring.subscriptions import (
    count_subscriptions,
    end_subscriptions,
    find_booking_id,
    find_last_fetch,
    new_patient_subscription,
    of_bookings,
    of_token,
)
from consult.core.timespan import TimeSpan
from consult.notifications.letters import CalendarAddress
from consult.practice.models import Patient
from consult.practice.service import email_digests, get_practice, get_therapist, read_contact
from consult.scheduling.models import Appointment

from .letters.sending import send_to_patient
from .models import Booking
from .ports import Ports

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
    """Make a further address and mail it to the mailbox, once in ten minutes. One that a calendar reads goes
    on working, since nobody has shown yet that the mailbox is theirs.
    """
    mailbox = _lock_mailbox(session, booking, ports)
    if was_just_sent(session, booking, now, ports):
        return
    token = new_patient_subscription(session, booking.id, mailbox, now)
    letter = CalendarAddress(
        therapist_name=get_therapist(session).name,
        phone=get_practice(session).phone,
        page_url=ports.links.calendar_address(token),
    )
    key = f"calendar-{booking.id}-{now:%Y%m%dT%H%M%S%f}"
    send_to_patient(session, letter, key, booking, now, ports)


def replace_address(session: Session, token: str, now: datetime, ports: Ports) -> str:
    """The token of a new address for whoever holds this one, which alone stops working. Raises NotFound."""
    booking_id, mailbox = _lock_mailbox_of(session, token, ports)
    end_subscriptions(session, of_token(token), now)
    return new_patient_subscription(session, booking_id, mailbox, now)


def count_addresses(session: Session, token: str, ports: Ports) -> int:
    """How many addresses of this one's mailbox work, itself included. Raises NotFound."""
    booking = session.get_one(Booking, find_booking_id(session, token))
    return count_subscriptions(session, of_bookings(bookings_of_mailbox(session, booking, ports)))


def stop_addresses(session: Session, token: str, now: datetime, ports: Ports) -> None:
    """This one, and all others of its mailbox. Raises NotFound."""
    _, mailbox = _lock_mailbox_of(session, token, ports)
    end_subscriptions(session, of_bookings(mailbox), now)


def _lock_mailbox_of(session: Session, token: str, ports: Ports) -> tuple[uuid.UUID, set[uuid.UUID]]:
    booking = session.get_one(Booking, find_booking_id(session, token))
    mailbox = _lock_mailbox(session, booking, ports)
    # Somebody may have replaced or stopped the address while this waited.
    return find_booking_id(session, token), mailbox


def _lock_mailbox(session: Session, booking: Booking, ports: Ports) -> set[uuid.UUID]:
    """All bookings of the mailbox, in one order: of two who ask at once, from whichever page, one waits, or
    there would be two new addresses.
    """
    of_mailbox = Booking.id.in_(bookings_of_mailbox(session, booking, ports))
    query = select(Booking.id).where(of_mailbox).order_by(Booking.id)
    return set(session.scalars(query.with_for_update(key_share=True)))
