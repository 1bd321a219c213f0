"""What pages show, read across topics. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from consult.core.money import Money
from consult.intake.answers import chosen
from consult.intake.questionnaire import Item
from consult.payments.refunds import RefundTerms
from consult.practice.service import Contact, get_therapist, read_contact
from consult.scheduling import queries as scheduling
from consult.scheduling.models import Appointment, SessionType
from consult.scheduling.offers import get_offer
from consult.scheduling.slots import Slot
from consult.summary.words import patient_words

from .cancellation import Cancellation, cancellation
from .models import Booking
from .money import BookingMoney, find_money
from .ports import Ports
from .recheck import is_due
from .screening import ABOUT
from .standing import Standing
from .tokens import read_token

JOIN_OPENS_BEFORE = timedelta(hours=1)
_NEAREST = 6
_SHOWN_ON_FRONT = 3


@dataclass(frozen=True)
class FrontPage:
    session_type: SessionType
    price: Money
    next_slots: Sequence[Slot]
    zone: str


@dataclass(frozen=True)
class TimePage:
    """`days` are days of the patient with their free starts; `nearest` are shown when one was just lost."""

    zone: str
    minutes: int
    price: Money
    first_on: date
    last_on: date
    days: Sequence[tuple[date, Sequence[Slot]]]
    nearest: Sequence[Slot]
    held: Appointment | None
    has_earlier: bool
    has_later: bool


@dataclass(frozen=True)
class TermsPage:
    zone: str
    cancellation: Cancellation


@dataclass(frozen=True)
class CheckPage:
    price: Money
    cancellation: Cancellation
    appointment: Appointment
    zone: str
    rows: Sequence[tuple[Item, str]]


@dataclass(frozen=True)
class PrivatePage:
    booking: Booking
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
    cancellation: Cancellation


def front_page(session: Session, now: datetime) -> FrontPage:
    """Raises NotFound before the practice is set up."""
    schedule = scheduling.get_schedule(session)
    session_type = scheduling.list_session_types(session, schedule.id)[0]
    slots = scheduling.nearest_slots(session, session_type.id, now, _SHOWN_ON_FRONT, now)
    price = Money(session_type.price_minor, session_type.currency)
    return FrontPage(session_type, price, slots, schedule.zone)


def time_page(
    session: Session,
    standing: Standing,
    now: datetime,
    *,
    first_on: date | None,
    days: int,
    lost: datetime | None,
) -> TimePage:
    """`days` days of free times from `first_on`, or from the first day that has one."""
    booking = standing.booking
    zone = ZoneInfo(booking.zone)
    first_free = scheduling.nearest_slots(session, booking.session_type_id, now, 1, now, booking.id)
    earliest_on = (
        first_free[0].start_at.astimezone(zone).date() if first_free else now.astimezone(zone).date()
    )
    offer = get_offer(session, booking.session_type_id)
    latest_on = offer.window.latest_at(now).astimezone(zone).date()
    first_on = min(max(first_on or earliest_on, earliest_on), max(latest_on, earliest_on))
    slots = scheduling.find_slots(
        session, booking.session_type_id, first_on, days, now, booking.zone, for_booking_id=booking.id
    )
    nearest = (
        scheduling.nearest_slots(session, booking.session_type_id, lost, _NEAREST, now, booking.id)
        if lost
        else []
    )
    last_on = first_on + timedelta(days=days - 1)
    return TimePage(
        zone=booking.zone,
        minutes=offer.minutes,
        price=_price(booking),
        first_on=first_on,
        last_on=last_on,
        days=[
            (day, list(group))
            for day, group in groupby(slots, key=lambda slot: slot.start_at.astimezone(zone).date())
        ],
        nearest=nearest,
        held=standing.appointment if standing.facts.hold_live else None,
        has_earlier=first_on > earliest_on,
        has_later=last_on < latest_on,
    )


def terms_page(standing: Standing, now: datetime) -> TermsPage:
    return TermsPage(standing.booking.zone, _cancellation(standing, now))


def check_page(standing: Standing, now: datetime, ports: Ports) -> CheckPage:
    """What the patient is about to pay for, and what they said about themselves."""
    booking, appointment = standing.booking, standing.appointment
    if appointment is None:
        raise ValueError("nothing is held to be checked")
    items = ports.catalogue.questionnaire.section(ABOUT).items
    rows = [
        (item, patient_words(item, standing.answers.get(item.id))) for item in items if _asked(item, standing)
    ]
    return CheckPage(
        price=_price(booking),
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
        and not on_hold
        and opens_at is not None
        and opens_at <= now < appointment.end_at
    )
    return PrivatePage(
        booking=booking,
        appointment=appointment,
        zone=booking.zone,
        price=_price(booking),
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
        by_phone="phone" in chosen(standing.answers.get("pt_access")),
        over=appointment is not None and now >= appointment.end_at,
        cancellation=_cancellation(standing, now),
    )


def _cancellation(standing: Standing, now: datetime) -> Cancellation:
    terms = RefundTerms.from_json(standing.booking.refund_terms)
    start_at = standing.appointment.start_at if standing.appointment else None
    return cancellation(terms, _price(standing.booking), start_at, now)


def _asked(item: Item, standing: Standing) -> bool:
    return item.id in standing.answers or item.show_if is None


def _price(booking: Booking) -> Money:
    return Money(booking.price_minor, booking.currency)
