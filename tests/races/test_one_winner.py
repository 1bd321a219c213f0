"""Sixteen processes want the same hours: as many winners as there are hours, and everybody else is told so.

Two things stand between them: the lock that every claim takes before it looks, and the guard in the database.
Each holds alone, also when everybody hesitates between looking and taking; without both the very same tries
book twice, which shows that they do collide.
"""

import random
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.orm import Session, aliased

from consult.booking.models import Booking
from consult.db.transaction import transaction
from consult.scheduling.lifecycle import CLAIMING
from consult.scheduling.models import Appointment
from tests.races.hammer import DATABASE_REFUSED, HELD, PROCESSES, TAKEN, Orders, Try, hammer
from tests.service.scheduling.factory import NOW, Clinic, add_clinic, add_session_type, at
from tests.service.scheduling.test_guards import drop_guards

TRIES = 200
UNEQUAL_TRIES = {"sqlite": 10_000, "postgresql": 2_000}
LENGTHS = (30, 45, 60)
STEP = timedelta(minutes=15)


@pytest.fixture
def clinic(db_session: Session) -> Clinic:
    with transaction(db_session):
        return add_clinic(db_session, step_minutes=15, minutes=LENGTHS[0])


@pytest.fixture
def session_types(db_session: Session, clinic: Clinic) -> dict[int, uuid.UUID]:
    """By their minutes."""
    with transaction(db_session):
        others = {
            minutes: add_session_type(db_session, clinic.schedule_id, minutes=minutes).id
            for minutes in LENGTHS[1:]
        }
    return {LENGTHS[0]: clinic.session_type_id} | others


def let_loose(
    engine: Engine,
    clinic: Clinic,
    wishes: Sequence[tuple[uuid.UUID, datetime]],
    *,
    lock: bool = True,
    hesitate: bool = False,
) -> Counter[str]:
    """One patient for each wish, a session type and a start; how the tries ended."""
    bookings = [
        {
            "id": uuid.uuid4(),
            "token_digest": uuid.uuid4().hex * 2,
            "token_sealed": b"sealed",
            "session_type_id": clinic.session_type_id,
            "zone": "America/New_York",
            "price_minor": 9000,
            "currency": "usd",
            "refund_terms": {},
            "started_at": NOW,
        }
        for _ in wishes
    ]
    with engine.begin() as connection:
        connection.execute(insert(Booking), bookings)
    tries = [
        Try(str(booking["id"]), str(session_type_id), start_at.isoformat())
        for booking, (session_type_id, start_at) in zip(bookings, wishes, strict=True)
    ]
    url = engine.url.render_as_string(hide_password=False)
    return hammer(Orders(url, NOW.isoformat(), tries, lock, hesitate))


def stored(engine: Engine) -> list[tuple[datetime, datetime]]:
    """What is claimed, from and until."""
    query = select(Appointment.busy_from, Appointment.busy_until).where(Appointment.status.in_(CLAIMING))
    with Session(engine) as session:
        return [(start, end) for start, end in session.execute(query)]


def overlapping_pairs(engine: Engine) -> int:
    one, other = aliased(Appointment), aliased(Appointment)
    query = select(func.count()).where(
        one.id < other.id,
        one.schedule_id == other.schedule_id,
        one.status.in_(CLAIMING),
        other.status.in_(CLAIMING),
        one.busy_from < other.busy_until,
        other.busy_from < one.busy_until,
    )
    with Session(engine) as session:
        return session.scalars(query).one()


def hours_at_eleven(number: int) -> list[datetime]:
    """That many hours, none touching another: eleven in New York on the working days of June."""
    days = [day for day in range(2, 30) if at(day, 15).weekday() < 5]
    return [at(day, 15) for day in days[:number]]


def unequal(session_types: dict[int, uuid.UUID], count: int) -> list[tuple[uuid.UUID, datetime]]:
    """Sessions of all lengths at any quarter of an hour of two days: nearly all of them overlap others."""
    chance = random.Random(11)  # noqa: S311 - the same tries each time
    starts = [at(day, 13) + number * STEP for day in (2, 3) for number in range(8 * 4)]
    wishes = []
    while len(wishes) < count:
        minutes, start_at = chance.choice(LENGTHS), chance.choice(starts)
        if start_at + timedelta(minutes=minutes) <= at(start_at.day, 21):
            wishes.append((session_types[minutes], start_at))
    return wishes


def test_of_two_hundred_tries_at_one_hour_exactly_one_wins(engine: Engine, clinic: Clinic) -> None:
    outcomes = let_loose(engine, clinic, [(clinic.session_type_id, at(2, 15))] * TRIES)

    assert outcomes == {HELD: 1, TAKEN: TRIES - 1}
    assert len(stored(engine)) == 1


def test_thousands_of_tries_at_unequal_hours_fill_the_days_without_an_overlap(
    engine: Engine, clinic: Clinic, session_types: dict[int, uuid.UUID]
) -> None:
    wishes = unequal(session_types, UNEQUAL_TRIES[engine.dialect.name])

    outcomes = let_loose(engine, clinic, wishes)

    claims = stored(engine)
    assert outcomes == {HELD: len(claims), TAKEN: len(wishes) - len(claims)}
    assert overlapping_pairs(engine) == 0
    assert [wish for wish in wishes if is_still_free(wish, session_types, claims)] == []


def is_still_free(
    wish: tuple[uuid.UUID, datetime],
    session_types: dict[int, uuid.UUID],
    claims: Sequence[tuple[datetime, datetime]],
) -> bool:
    """Somebody was refused an hour that nobody has."""
    [minutes] = [length for length, session_type_id in session_types.items() if session_type_id == wish[0]]
    start_at, end_at = wish[1], wish[1] + timedelta(minutes=minutes)
    return not any(start < end_at and start_at < end for start, end in claims)


def at_the_same_eight_hours(clinic: Clinic) -> list[tuple[uuid.UUID, datetime]]:
    """The same hour for all processes at once, then the next."""
    return [(clinic.session_type_id, start_at) for start_at in hours_at_eleven(8) for _ in range(PROCESSES)]


def test_the_lock_alone_gives_eight_hours_to_eight(engine: Engine, clinic: Clinic) -> None:
    with engine.begin() as connection:
        drop_guards(connection)

    outcomes = let_loose(engine, clinic, at_the_same_eight_hours(clinic), hesitate=True)

    assert outcomes == {HELD: 8, TAKEN: 8 * (PROCESSES - 1)}
    assert overlapping_pairs(engine) == 0


def test_the_guard_alone_lets_none_overlap(engine: Engine, clinic: Clinic) -> None:
    """Not everybody gets a proper answer without the lock: databases refuse deadlocks and stale reads, and an
    hour for which they have refused everybody stays free.
    """
    outcomes = let_loose(engine, clinic, at_the_same_eight_hours(clinic), lock=False, hesitate=True)

    refused = sum(count for outcome, count in outcomes.items() if outcome.startswith(DATABASE_REFUSED))
    assert 1 <= outcomes[HELD] == len(stored(engine)) <= 8
    assert outcomes[HELD] + outcomes[TAKEN] + refused == 8 * PROCESSES
    assert overlapping_pairs(engine) == 0


def test_without_lock_and_guard_the_same_tries_book_twice(engine: Engine, clinic: Clinic) -> None:
    """The control: were there no protection, these tests would show it."""
    with engine.begin() as connection:
        drop_guards(connection)

    outcomes = let_loose(engine, clinic, at_the_same_eight_hours(clinic), lock=False, hesitate=True)

    assert outcomes[HELD] == len(stored(engine)) > 8
    assert overlapping_pairs(engine) > 0
