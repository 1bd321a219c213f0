"""What pages show, read across topics. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consult.core.money import Money
from consult.intake.questionnaire import Item
from consult.payments.refunds import RefundTerms
from consult.practice.service import Contact, get_therapist, read_contact
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment, SessionType
from consult.summary.words import patient_words

from .answers.contact import is_by_phone
from .answers.screening import ABOUT
from .changes.cancellation import Cancellation, cancellation
from .changes.money import BookingMoney, counted_moves, find_money, grace_of
from .changes.pages import PatientsOptions, patients_options
from .earlier.commands import EarlierTimes, find_earlier_times
from .models import Booking
from .money.receipts import Document, documents_of
from .ports import Ports
from .recheck import JOIN_OPENS_BEFORE, is_due
from .standing import Standing
from .tokens import read_token
from .vouchers import price_of

_MARKED = (Status.DONE, Status.NO_SHOW)


@dataclass(frozen=True)
class TermsPage:
    zone: str
    cancellation: Cancellation


@dataclass(frozen=True)
class CheckPage:
    kind: str
    price: Money
    cancellation: Cancellation
    appointment: Appointment
    zone: str
    rows: Sequence[tuple[Item, str]]


@dataclass(frozen=True)
class PrivatePage:
    booking: Booking
    kind: str
    appointment: Appointment | None
    zone: str
    price: Money
    money: BookingMoney
    contact: Contact
    therapist_name: str
    intake_state: str
    may_join: bool
    join_url: str | None
    join_opens_at: datetime | None
    on_safety_hold: bool
    recheck_due: bool
    by_phone: bool
    over: bool
    missed: bool
    cancelled: bool
    options: PatientsOptions | None
    earlier: EarlierTimes
    cancellation: Cancellation
    documents: Sequence[Document]


def terms_page(standing: Standing, now: datetime) -> TermsPage:
    return TermsPage(standing.booking.zone, _cancellation(standing, now))


def check_page(session: Session, standing: Standing, now: datetime) -> CheckPage:
    """What the patient is about to pay for, and what they said about themselves."""
    booking, appointment = standing.booking, standing.appointment
    if appointment is None:
        raise ValueError("nothing is held to be checked")
    items = standing.catalogue.questionnaire.section(ABOUT).items
    rows = [
        (item, patient_words(item, standing.answers.get(item.id))) for item in items if _asked(item, standing)
    ]
    return CheckPage(
        kind=_kind(session, booking),
        price=price_of(booking),
        cancellation=_cancellation(standing, now),
        appointment=appointment,
        zone=booking.zone,
        rows=rows,
    )


def private_page(session: Session, standing: Standing, now: datetime, ports: Ports) -> PrivatePage:
    booking, appointment = standing.booking, standing.appointment
    therapist = get_therapist(session)
    opens_at = appointment.start_at - JOIN_OPENS_BEFORE if appointment else None
    on_hold = booking.on_safety_hold
    recheck_due = appointment is not None and is_due(standing.response.outcomes, appointment.start_at, now)
    may_join = (
        appointment is not None
        and appointment.status is Status.BOOKED
        and not on_hold
        and opens_at is not None
        and opens_at <= now < appointment.end_at
    )
    return PrivatePage(
        booking=booking,
        kind=_kind(session, booking),
        appointment=appointment,
        zone=booking.zone,
        price=price_of(booking),
        money=find_money(session, booking),
        contact=read_contact(session, booking.known_patient_id, ports.sealer),
        therapist_name=therapist.name,
        intake_state=standing.intake_state,
        may_join=may_join,
        join_url=ports.links.video_room(read_token(booking, ports.sealer))
        if may_join and not recheck_due
        else None,
        join_opens_at=opens_at,
        on_safety_hold=on_hold,
        recheck_due=recheck_due,
        by_phone=is_by_phone(standing.answers),
        over=appointment is not None and (now >= appointment.end_at or appointment.status in _MARKED),
        missed=appointment is not None and appointment.status is Status.NO_SHOW,
        cancelled=booking.cancelled_at is not None,
        options=patients_options(booking, appointment, now) if appointment else None,
        earlier=find_earlier_times(session, booking, now),
        cancellation=_cancellation(standing, now),
        documents=documents_of(session, booking, ports),
    )


def _cancellation(standing: Standing, now: datetime) -> Cancellation:
    terms = RefundTerms.from_json(standing.booking.refund_terms)
    start_at = standing.appointment.start_at if standing.appointment else None
    booking = standing.booking
    moves = counted_moves(booking)
    return cancellation(terms, price_of(booking), start_at, now, grace_of(booking), moves)


def _kind(session: Session, booking: Booking) -> str:
    """What the practice calls this kind of visit. For pages only: mails and calendars do not name it."""
    return session.get_one(SessionType, booking.session_type_id).name


def _asked(item: Item, standing: Standing) -> bool:
    return item.id in standing.answers or item.show_if is None
