"""What can be booked: the rules in force less what is taken."""

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.db.glance import Reader

from .claims import Taken, read_taken
from .errors import NotOffered, SlotNotOffered, SlotTaken
from .lifecycle import Status
from .models import Appointment
from .policies import week_of
from .rulebook import get_rules, get_rules_of_type, remembered_rules
from .rules import Offer, Rules
from .slots import Slot, open_slots
from .wall_clock import day_start

_CLAIM = Appointment.__table__.c
_DAY = timedelta(days=1)

_BOOKED = select(_CLAIM.id, _CLAIM.start_at, _CLAIM.end_at).where(
    _CLAIM.booking_id == bindparam("booking_id", type_=Uuid()),
    _CLAIM.session_type_id == bindparam("session_type_id"),
    _CLAIM.status == Status.BOOKED,
)


def get_offer(
    reader: Reader,
    session_type_id: uuid.UUID,
    *,
    moving_booking_id: uuid.UUID | None = None,
    lock: bool = False,
) -> Offer:
    """Sessions of this type; for `moving_booking_id`, as long as the one it has booked.

    `lock` takes the schedule's lock before the rules are read. Raises NotFound for a session type that is
    unknown or, unless a booking moves, no longer offered; and for a booking that has no such session booked.
    """
    rules = get_rules_of_type(reader, session_type_id, lock=lock)
    if moving_booking_id is None:
        return offer_of_type(rules, session_type_id)
    of_booking = {"booking_id": moving_booking_id, "session_type_id": session_type_id}
    row = reader.execute(_BOOKED, of_booking).one_or_none()
    if row is None:
        raise NotFound
    return offer_to_move(rules, session_type_id, *row)


def remembered_offer(session_type_id: uuid.UUID) -> Offer | None:
    """As this process knows it. True only as long as the rules still are at this version: `Taken` says."""
    rules = remembered_rules(session_type_id)
    try:
        return offer_of_type(rules, session_type_id) if rules else None
    except NotFound:
        return None


def offer_of_type(rules: Rules, session_type_id: uuid.UUID) -> Offer:
    """Raises NotFound for a session type no longer offered."""
    terms = rules.terms.get(session_type_id)
    if terms is None or not terms.active:
        raise NotFound
    return Offer(rules, terms.minutes, terms.buffers)


def offer_to_move(
    rules: Rules,
    session_type_id: uuid.UUID | None,
    moving_id: uuid.UUID,
    start_at: datetime,
    end_at: datetime,
) -> Offer:
    """Other times for an appointment: its length as booked, the buffers its session type has now.

    An entry of the therapist's own has neither type nor buffers.
    """
    buffers = rules.terms[session_type_id].buffers if session_type_id is not None else (0, 0)
    return Offer(rules, (end_at - start_at) // timedelta(minutes=1), buffers, moving_id)


def offer_for(session: Session, appointment: Appointment) -> Offer:
    """Other times for this appointment, or entry of the therapist's own."""
    rules = get_rules(session, appointment.schedule_id)
    return offer_to_move(
        rules, appointment.session_type_id, appointment.id, appointment.start_at, appointment.end_at
    )


def taken_around(
    reader: Reader,
    offer: Offer,
    from_at: datetime,
    until_at: datetime,
    now: datetime,
    for_booking_id: uuid.UUID | None = None,
) -> Taken:
    """What sessions that start from `from_at` to `until_at` could meet; with caps, in whole weeks."""
    rules = offer.rules
    before, after = (timedelta(minutes=buffer) for buffer in offer.buffers)
    earliest_at, latest_at = from_at - before, until_at + timedelta(minutes=offer.minutes) + after
    if rules.caps:
        zone = rules.window.zone
        first_on, last_on = week_of(rules.day_of(from_at))[0], week_of(rules.day_of(until_at))[-1]
        earliest_at = min(earliest_at, day_start(first_on, zone))
        latest_at = max(latest_at, day_start(last_on + _DAY, zone))
    return read_taken(
        reader,
        rules.schedule_id,
        earliest_at,
        latest_at,
        now,
        counting=bool(rules.caps),
        for_booking_id=for_booking_id,
        moving_id=offer.moving_id,
    )


class Look(NamedTuple):
    """An offer as it stands, and what is taken around starts in [from_at, until_at)."""

    offer: Offer
    from_at: datetime
    until_at: datetime
    taken: Taken

    def slots(self) -> list[Slot]:
        return slots_beside(self.offer, self.taken, self.from_at, self.until_at)


def look(
    reader: Reader,
    session_type_id: uuid.UUID,
    bounds: Callable[[Offer], tuple[datetime, datetime] | None],
    now: datetime,
    for_booking_id: uuid.UUID | None = None,
    *,
    moving_booking_id: uuid.UUID | None = None,
) -> Look | None:
    """None where the offer's `bounds` are. As `get_offer` and `taken_around`, but one question where this
    process knows the rules: what is taken comes with their version, and only when that is another one is it
    asked again. Raises NotFound.
    """
    offer = None if moving_booking_id else remembered_offer(session_type_id)
    if offer is not None and (between := bounds(offer)):
        taken = taken_around(reader, offer, *between, now, for_booking_id)
        if taken.rules_version == offer.rules.version:
            return Look(offer, *between, taken)
    offer = get_offer(reader, session_type_id, moving_booking_id=moving_booking_id)
    between = bounds(offer)
    if between is None:
        return None
    return Look(offer, *between, taken_around(reader, offer, *between, now, for_booking_id))


def free_slots(
    reader: Reader,
    offer: Offer,
    from_at: datetime,
    until_at: datetime,
    now: datetime,
    for_booking_id: uuid.UUID | None = None,
) -> list[Slot]:
    """Slots that start in [from_at, until_at), for `for_booking_id` as if its own hold were given back."""
    return slots_beside(
        offer, taken_around(reader, offer, from_at, until_at, now, for_booking_id), from_at, until_at
    )


def slots_beside(offer: Offer, taken: Taken, from_at: datetime, until_at: datetime) -> list[Slot]:
    """Slots that start in [from_at, until_at) beside what is taken there."""
    rules = offer.rules
    first_on, last_on = rules.day_of(from_at).toordinal(), rules.day_of(until_at).toordinal()
    days = [date.fromordinal(number) for number in range(first_on, last_on + 1)]
    if rules.caps:
        counts = rules.counts(taken.session_starts)
        days = [day for day in days if not rules.caps.reached_on(day, counts)]
    return open_slots(
        [span for day in days for span in rules.open_on(day)],
        taken.busy,
        minutes=offer.minutes,
        buffers=offer.buffers,
        step_minutes=rules.step_minutes,
        earliest_at=from_at,
        latest_at=until_at,
    )


def require_free(
    reader: Reader, offer: Offer, slot: Slot, now: datetime, for_booking_id: uuid.UUID | None = None
) -> None:
    """Look before claiming, under the schedule's lock. Raises SlotTaken, SlotNotOffered for a cap."""
    taken = taken_around(reader, offer, slot.start_at, slot.start_at, now, for_booking_id)
    refuse_taken(offer, slot, taken)


def refuse_taken(offer: Offer, slot: Slot, taken: Taken) -> None:
    """Raises SlotTaken, SlotNotOffered for a cap."""
    rules = offer.rules
    span = offer.busy_span(slot)
    from_s, until_s = span.start_at.timestamp(), span.end_at.timestamp()
    if any(start < until_s and from_s < end for start, end in taken.busy):
        raise SlotTaken(slot.start_at)
    if rules.caps.reached_on(rules.day_of(slot.start_at), rules.counts(taken.session_starts)):
        raise SlotNotOffered(slot.start_at, NotOffered.CAP)
