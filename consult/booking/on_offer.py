"""What can be booked: kinds of session and free times, as the pages show them. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.money import Money
from consult.scheduling import queries as scheduling
from consult.scheduling.models import Appointment, SessionType
from consult.scheduling.offers import free_slots, get_offer
from consult.scheduling.slots import Slot
from consult.scheduling.wall_clock import day_start

from .models import Booking
from .standing import Standing
from .vouchers import list_price

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
    """`days` are days of the patient with their free starts. `kind` is what the booking is for, None when
    that is no longer on offer; then there are no times.
    """

    zone: str
    kinds: Sequence[KindOnOffer]
    kind: KindOnOffer | None
    first_on: date
    last_on: date
    days: Sequence[tuple[date, Sequence[Slot]]]
    held: Appointment | None
    has_earlier: bool
    has_later: bool

    @property
    def nearest(self) -> Sequence[Slot]:
        """Those are on a `LostPage`."""
        return ()


@dataclass(frozen=True)
class LostPage:
    """For who was too late: the free times `nearest` to the lost one, and no more, since of two hundred who
    want one hour all but one read it at the same moment.
    """

    zone: str
    nearest: Sequence[Slot]
    held: Appointment | None


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
) -> TimePage:
    """`days` days of free times from `first_on`, or from the first day that has one."""
    booking = standing.booking
    zone = ZoneInfo(booking.zone)
    kinds = _kinds_for(session, booking)
    kind = next((each for each in kinds if each.id == str(booking.session_type_id)), None)
    held = _held(standing)
    if kind is None:
        today = now.astimezone(zone).date()
        return TimePage(booking.zone, kinds, None, today, today, [], held, False, False)
    offer = get_offer(session, booking.session_type_id)
    latest_at = offer.window.latest_at(now)
    free = free_slots(session, offer, offer.window.earliest_at(now), latest_at, now, booking.id)
    earliest_on = (free[0].start_at if free else now).astimezone(zone).date()
    latest_on = latest_at.astimezone(zone).date()
    first_on = min(max(first_on or earliest_on, earliest_on), max(latest_on, earliest_on))
    last_on = first_on + timedelta(days=days - 1)
    from_at, until_at = day_start(first_on, zone), day_start(last_on + timedelta(days=1), zone)
    return TimePage(
        zone=booking.zone,
        kinds=kinds,
        kind=kind,
        first_on=first_on,
        last_on=last_on,
        days=[
            (day, list(group))
            for day, group in groupby(
                (slot for slot in free if from_at <= slot.start_at < until_at),
                key=lambda slot: slot.start_at.astimezone(zone).date(),
            )
        ],
        held=held,
        has_earlier=first_on > earliest_on,
        has_later=last_on < latest_on,
    )


def lost_page(session: Session, standing: Standing, lost: datetime, now: datetime) -> LostPage | None:
    """None when this kind of session is no longer on offer."""
    booking = standing.booking
    try:
        nearest = scheduling.nearest_slots(session, booking.session_type_id, lost, _NEAREST, now, booking.id)
    except NotFound:
        return None
    return LostPage(booking.zone, nearest, _held(standing))


def _held(standing: Standing) -> Appointment | None:
    return standing.appointment if standing.facts.hold_live else None


def _kinds_for(session: Session, booking: Booking) -> list[KindOnOffer]:
    """The booking's own at the price it was chosen at."""
    types = scheduling.list_session_types(session, scheduling.get_schedule(session).id)
    own = list_price(session, booking)
    return [
        replace(_kind(each), price=own) if each.id == booking.session_type_id else _kind(each)
        for each in types
    ]


def _kind(row: SessionType) -> KindOnOffer:
    return KindOnOffer(str(row.id), row.name, row.minutes, Money(row.price_minor, row.currency))
