"""The mails there are, and what each tells of. How they are worded: `compose`."""

from dataclasses import dataclass
from typing import ClassVar

from consult.core.timespan import TimeSpan


@dataclass(frozen=True, slots=True)
class ToPatient:
    """About one appointment, told in the patient's zone."""

    therapist_name: str
    phone: str
    span: TimeSpan
    zone: str
    page_url: str


@dataclass(frozen=True, slots=True)
class ToTherapist:
    """About one appointment, with a link and nothing else."""

    span: TimeSpan
    zone: str
    page_url: str


@dataclass(frozen=True, slots=True)
class Confirmation(ToPatient):
    """It is booked; how to join, how to change. Carries the invitation. `paid` is empty where nothing was."""

    kind: ClassVar[str] = "confirmation"
    paid: str


class SafetyHold(ToPatient):
    """The appointment waits, and why stands on the private page."""

    kind: ClassVar[str] = "safety_hold"


class SafetyRelease(ToPatient):
    """The therapist has looked at it, the appointment takes place."""

    kind: ClassVar[str] = "safety_release"


@dataclass(frozen=True, slots=True)
class Moved(ToPatient):
    """It is at another time now; nothing is paid again. Carries the invitation brought up to date."""

    kind: ClassVar[str] = "moved"
    old_span: TimeSpan
    by_patient: bool


@dataclass(frozen=True, slots=True)
class Cancelled(ToPatient):
    """It does not take place. Carries the CANCEL.

    `paid` and `refunded` are amounts in words, empty where nothing was paid or nothing is refunded. `pack` is
    what became of its session of a pack: "returned", "used", "paid_back", or empty where it was none;
    `pack_left` is what the pack has now, "2 of 3".
    """

    kind: ClassVar[str] = "cancelled"
    by_patient: bool
    paid: str
    refunded: str
    pack: str
    pack_left: str
    book_url: str


class Reinstated(ToPatient):
    """It was called cancelled by mistake and takes place. Carries a new invitation."""

    kind: ClassVar[str] = "reinstated"


@dataclass(frozen=True, slots=True)
class RefundNotice:
    """To the patient: there is no appointment for what was paid, so all of it is refunded; `twice` when there
    is one, paid for before.
    """

    kind: ClassVar[str] = "refund_notice"
    phone: str
    amount: str
    twice: bool
    book_url: str


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """To the patient: a refund did not arrive, and the practice will agree with them on another way."""

    kind: ClassVar[str] = "refund_failed"
    phone: str
    amount: str


@dataclass(frozen=True, slots=True)
class PaymentRefused:
    """To the patient: their bank did not send what they paid, so nothing is booked."""

    kind: ClassVar[str] = "payment_refused"
    phone: str
    amount: str
    book_url: str


@dataclass(frozen=True, slots=True)
class EarlierOffer(ToPatient):
    """A time before the appointment is held for this patient until `held_until`, in words of their zone."""

    kind: ClassVar[str] = "earlier_offer"
    held_until: str


@dataclass(frozen=True, slots=True)
class EarlierWithdrawn(ToPatient):
    """The time offered can't be had any more, before its `held_until`; the appointment stays at `span`."""

    kind: ClassVar[str] = "earlier_withdrawn"
    offered_span: TimeSpan


@dataclass(frozen=True, slots=True)
class ReminderLetter(ToPatient):
    """`questions_url` is empty once the intake is finished; at `wishes_url` reminders are turned off."""

    questions_url: str
    wishes_url: str


class DayReminder(ReminderLetter):
    kind: ClassVar[str] = "day_reminder"


class HourReminder(ReminderLetter):
    kind: ClassVar[str] = "hour_reminder"


class IntakeReminder(ReminderLetter):
    """Questions are still open; which is nobody's business who reads this mail."""

    kind: ClassVar[str] = "intake_reminder"


@dataclass(frozen=True, slots=True)
class EmailCode:
    """To whoever reads this address: the code that shows it is theirs."""

    kind: ClassVar[str] = "email_code"
    code: str
    minutes: str


class PageLink(ToPatient):
    """The link to the private page, asked for on the visit page."""

    kind: ClassVar[str] = "page_link"


@dataclass(frozen=True, slots=True)
class CalendarAddress:
    """To the patient: the link to the page with their calendar address, which nobody else is shown."""

    kind: ClassVar[str] = "calendar_address"
    therapist_name: str
    phone: str
    page_url: str


class TherapistNewBooking(ToTherapist):
    kind: ClassVar[str] = "therapist_new_booking"


class TherapistNewAnswers(ToTherapist):
    """There is something new to read before the appointment."""

    kind: ClassVar[str] = "therapist_new_answers"


class TherapistSafetyAlert(ToTherapist):
    kind: ClassVar[str] = "therapist_safety_alert"


@dataclass(frozen=True, slots=True)
class TherapistMoved(ToTherapist):
    """The patient chose another time."""

    kind: ClassVar[str] = "therapist_moved"
    old_span: TimeSpan


class TherapistCancelled(ToTherapist):
    """The patient cancelled; the hour is free again."""

    kind: ClassVar[str] = "therapist_cancelled"


@dataclass(frozen=True, slots=True)
class TherapistMoneyAlert:
    """Something about money needs a person; of no appointment, and no word of what it is."""

    kind: ClassVar[str] = "therapist_money_alert"
    page_url: str


class TherapistCalendarClash(ToTherapist):
    """Another calendar of hers is busy while this appointment is; with what, nobody here knows."""

    kind: ClassVar[str] = "therapist_calendar_clash"


@dataclass(frozen=True, slots=True)
class TherapistCalendarStale:
    """One of her other calendars was not read for a day. Which, her page says: its name is her own affair."""

    kind: ClassVar[str] = "therapist_calendar_stale"
    page_url: str


OF_NO_APPOINTMENT = (
    CalendarAddress
    | EmailCode
    | PaymentRefused
    | RefundFailed
    | RefundNotice
    | TherapistCalendarStale
    | TherapistMoneyAlert
)
Letter = (
    CalendarAddress
    | Cancelled
    | Confirmation
    | DayReminder
    | EarlierOffer
    | EarlierWithdrawn
    | EmailCode
    | HourReminder
    | IntakeReminder
    | Moved
    | PageLink
    | PaymentRefused
    | RefundFailed
    | RefundNotice
    | Reinstated
    | SafetyHold
    | SafetyRelease
    | TherapistCalendarClash
    | TherapistCalendarStale
    | TherapistCancelled
    | TherapistMoneyAlert
    | TherapistMoved
    | TherapistNewAnswers
    | TherapistNewBooking
    | TherapistSafetyAlert
)
