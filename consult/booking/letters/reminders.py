"""Reminders of a visit, and of questions still open before it.

Nothing is planned ahead: each pass of the worker looks which visits are near now. So a visit that was moved
or cancelled has no reminder to be called back, and what is said, and to whom, is true when it is written.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.intake.service import read_response
from consult.notifications.letters import DayReminder, HourReminder, IntakeReminder
from consult.notifications.preferences import Wishes, give_link, read_wishes
from consult.notifications.service import written_keys
from consult.practice.service import email_digests, read_contact
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.scheduling.queries import agenda, get_schedule

from ..models import Booking
from ..ports import Ports
from ..standing import lock_booking
from .sending import patient_facts, send_to_patient, span_of
from .text_messages import text_patient


@dataclass(frozen=True)
class Reminder:
    """Sent from `before` the start on, no later than `until` before it: a worker that was off does not tell
    of tomorrow when it is today.
    """

    name: str
    before: timedelta
    until: timedelta
    is_wanted: Callable[[Wishes], bool]
    letter: type[DayReminder] | type[HourReminder] | type[IntakeReminder]

    def is_near(self, start_at: datetime, now: datetime) -> bool:
        return start_at - self.before <= now < start_at - self.until


_HOURS = timedelta(hours=1)
REMINDERS = (
    Reminder("day", 24 * _HOURS, 12 * _HOURS, lambda wishes: wishes.reminder_day_before, DayReminder),
    Reminder("hour", _HOURS, _HOURS / 6, lambda wishes: wishes.reminder_hour_before, HourReminder),
    Reminder("intake-72", 72 * _HOURS, 60 * _HOURS, lambda wishes: wishes.intake_reminders, IntakeReminder),
    Reminder("intake-48", 48 * _HOURS, 36 * _HOURS, lambda wishes: wishes.intake_reminders, IntakeReminder),
    # Whoever is reminded of the visit is told of the questions in the same mail.
    Reminder(
        "intake-24",
        24 * _HOURS,
        12 * _HOURS,
        lambda wishes: wishes.intake_reminders and not wishes.reminder_day_before,
        IntakeReminder,
    ),
)


@dataclass(frozen=True)
class DueReminder:
    """Of the visit as it was when this was looked up; `key` is its mail's."""

    key: str
    reminder: Reminder
    booking_id: uuid.UUID
    appointment_id: uuid.UUID
    start_at: datetime


def reminders_due(session: Session, now: datetime) -> list[DueReminder]:
    """What `send_reminder` should look at: near now, and not yet written. Reads only."""
    near = list(_near(session, now))
    written = written_keys(session, [due.key for due in near])
    return [due for due in near if due.key not in written]


def send_reminder(session: Session, now: datetime, *, due: DueReminder, ports: Ports) -> None:
    """Write it, if the visit still stands as it was, and its patient wants to be told."""
    booking = lock_booking(session, due.booking_id)
    appointment = session.get_one(Appointment, due.appointment_id)
    if appointment.status is not Status.BOOKED or appointment.start_at != due.start_at:
        return
    if booking.on_safety_hold or _told_since(booking, appointment) > due.start_at - due.reminder.before:
        return
    contact = read_contact(session, booking.known_patient_id, ports.sealer)
    address = email_digests(contact.email, ports.sealer)
    if due.reminder.is_wanted(read_wishes(session, address)):
        _write(session, due, booking, appointment, address, now, ports)


def _near(session: Session, now: datetime) -> Iterator[DueReminder]:
    try:
        schedule = get_schedule(session)
    except NotFound:
        return
    until_at = now + max(reminder.before for reminder in REMINDERS) + _HOURS
    for row in agenda(session, schedule.id, now, until_at):
        for reminder in REMINDERS:
            if row.status is Status.BOOKED and row.booking_id and reminder.is_near(row.start_at, now):
                key = f"{reminder.name}-{row.appointment_id}-{row.start_at:%Y%m%dT%H%M}"
                yield DueReminder(key, reminder, row.booking_id, row.appointment_id, row.start_at)


def _write(
    session: Session,
    due: DueReminder,
    booking: Booking,
    appointment: Appointment,
    address: Sequence[str],
    now: datetime,
    ports: Ports,
) -> None:
    finished = read_response(session, booking.id, ports.sealer).completed_at is not None
    if finished and due.reminder.letter is IntakeReminder:
        return
    facts = patient_facts(session, booking, span_of(appointment), ports)
    letter = due.reminder.letter(
        **facts,
        questions_url="" if finished else f"{facts['page_url']}/intake",
        wishes_url=ports.links.mail_wishes(give_link(session, address, ports.sealer, now)),
    )
    useless_at = due.start_at - due.reminder.until
    send_to_patient(session, letter, due.key, booking, now, ports, useless_at=useless_at)
    if due.reminder.letter is not IntakeReminder:
        kind = letter.kind
        text_patient(session, kind, due.key, booking, due.start_at, now, ports, useless_at=useless_at)


def _told_since(booking: Booking, appointment: Appointment) -> datetime:
    """When the patient last heard of this time; a reminder right after that would only be noise."""
    return max(booking.confirmed_at or appointment.created_at, booking.moved_at or appointment.created_at)
