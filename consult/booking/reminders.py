"""Reminders of a visit, and of questions still open before it.

Nothing is planned ahead: each pass of the worker looks which visits are near now. So a visit that was moved
or cancelled has no reminder to be called back, and what is said, and to whom, is true when it is written.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.intake.service import read_response
from consult.notifications.compose import DayReminder, HourReminder, IntakeReminder
from consult.notifications.preferences import Wishes, give_link, read_wishes
from consult.notifications.service import written_keys
from consult.practice.service import email_digests, read_contact
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.scheduling.queries import AgendaRow, agenda, get_schedule

from .letters import patient_facts, send_to_patient, span_of
from .models import Booking
from .ports import Ports
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


def send_reminders(session: Session, now: datetime, ports: Ports) -> None:
    """Write the reminders that are due now and not yet written."""
    near = dict(_near(session, now))
    for key in near.keys() - written_keys(session, near.keys()):
        reminder, row = near[key]
        _remind(session, key, reminder, row, now, ports)


def _near(session: Session, now: datetime) -> Iterator[tuple[str, tuple[Reminder, AgendaRow]]]:
    try:
        schedule = get_schedule(session)
    except NotFound:
        return
    until_at = now + max(reminder.before for reminder in REMINDERS) + _HOURS
    for row in agenda(session, schedule.id, now, until_at):
        for reminder in REMINDERS:
            if row.status is Status.BOOKED and row.booking_id and reminder.is_near(row.start_at, now):
                yield f"{reminder.name}-{row.appointment_id}-{row.start_at:%Y%m%dT%H%M}", (reminder, row)


def _remind(
    session: Session, key: str, reminder: Reminder, row: AgendaRow, now: datetime, ports: Ports
) -> None:
    booking = session.get_one(Booking, row.booking_id)
    appointment = session.get_one(Appointment, row.appointment_id)
    if booking.on_safety_hold or _told_since(booking, appointment) > row.start_at - reminder.before:
        return
    contact = read_contact(session, booking.known_patient_id, ports.sealer)
    address = email_digests(contact.email, ports.sealer)
    if not reminder.is_wanted(read_wishes(session, address)):
        return
    finished = read_response(session, booking.id, ports.sealer).completed_at is not None
    if finished and reminder.letter is IntakeReminder:
        return
    facts = patient_facts(session, booking, span_of(appointment), ports)
    letter = reminder.letter(
        **facts,
        questions_url="" if finished else f"{facts['page_url']}/intake",
        wishes_url=ports.links.mail_wishes(give_link(session, address, ports.sealer, now)),
    )
    useless_at = row.start_at - reminder.until
    send_to_patient(session, letter, key, booking, now, ports, useless_at=useless_at)
    if reminder.letter is not IntakeReminder:
        text_patient(session, letter.kind, key, booking, row.start_at, now, ports, useless_at=useless_at)


def _told_since(booking: Booking, appointment: Appointment) -> datetime:
    """When the patient last heard of this time; a reminder right after that would only be noise."""
    return max(booking.confirmed_at or appointment.created_at, booking.moved_at or appointment.created_at)
