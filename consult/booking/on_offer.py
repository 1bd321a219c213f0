"""What can be booked: kinds of session and free times, as the pages show them. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from consult.core.money import Money
from consult.scheduling import queries as scheduling
from consult.scheduling.models import Appointment, SessionType
from consult.scheduling.offers import get_offer
from consult.scheduling.slots import Slot

from .models import Booking
from .pages import price_of
from .standing import Standing

_NEAREST = 6
_SHOWN_ON_FRONT = 3


@dataclass(frozen=True)
class KindOnOffer:
    """A kind of session as a patient chooses it."""

    id: str
    name: str
    minutes: int
    price: Money


@dataclass(frozen=True)
class FrontPage:
    """`next_slots` are of the first kind; with no kind on offer, booking is closed."""

    kinds: Sequence[KindOnOffer]
    next_slots: Sequence[Slot]
    zone: str


@dataclass(frozen=True)
class TimePage:
    """`days` are days of the patient with their free starts; `nearest` are shown when one was just lost.
    `kind` is what the booking is for, None when that is no longer on offer; then there are no times.
    """

    zone: str
    kinds: Sequence[KindOnOffer]
    kind: KindOnOffer | None
    first_on: date
    last_on: date
    days: Sequence[tuple[date, Sequence[Slot]]]
    nearest: Sequence[Slot]
    held: Appointment | None
    has_earlier: bool
    has_later: bool


def front_page(session: Session, now: datetime) -> FrontPage:
    """Raises NotFound before the practice is set up."""
    schedule = scheduling.get_schedule(session)
    types = scheduling.list_session_types(session, schedule.id)
    slots = scheduling.nearest_slots(session, types[0].id, now, _SHOWN_ON_FRONT, now) if types else []
    return FrontPage([_kind(each) for each in types], slots, schedule.zone)


def booking_is_closed(session: Session) -> bool:
    """Whether there is nothing to book. Raises NotFound before the practice is set up."""
    return not scheduling.list_session_types(session, scheduling.get_schedule(session).id)


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
    kinds = _kinds_for(session, booking)
    kind = next((each for each in kinds if each.id == str(booking.session_type_id)), None)
    held = standing.appointment if standing.facts.hold_live else None
    if kind is None:
        today = now.astimezone(zone).date()
        return TimePage(booking.zone, kinds, None, today, today, [], [], held, False, False)
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
        kinds=kinds,
        kind=kind,
        first_on=first_on,
        last_on=last_on,
        days=[
            (day, list(group))
            for day, group in groupby(slots, key=lambda slot: slot.start_at.astimezone(zone).date())
        ],
        nearest=nearest,
        held=held,
        has_earlier=first_on > earliest_on,
        has_later=last_on < latest_on,
    )


def _kinds_for(session: Session, booking: Booking) -> list[KindOnOffer]:
    """The booking's own at the price it was chosen at."""
    types = scheduling.list_session_types(session, scheduling.get_schedule(session).id)
    return [
        replace(_kind(each), price=price_of(booking)) if each.id == booking.session_type_id else _kind(each)
        for each in types
    ]


def _kind(row: SessionType) -> KindOnOffer:
    return KindOnOffer(str(row.id), row.name, row.minutes, Money(row.price_minor, row.currency))
