"""Many patients, one hour, at the same moment."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, aliased

from consult.db.transaction import transaction
from consult.scheduling import service
from consult.scheduling.errors import SlotNotOffered, SlotTaken
from consult.scheduling.lifecycle import CLAIMING, Status
from consult.scheduling.models import Appointment
from tests.service.scheduling.factory import NOW, Clinic, add_booking, at, new_appointment
from tests.service.scheduling.test_guards import drop_guards

WORKERS, TRIES = 8, 40

Attempt = Callable[[Session, uuid.UUID, datetime], None]


def race(engine: Engine, clinic: Clinic, attempt: Attempt, start_ats: list[datetime]) -> Counter[str]:
    """How the tries ended, one patient each, all workers let go at once."""
    with Session(engine) as session, transaction(session):
        tries = [(add_booking(session, clinic), start_at) for start_at in start_ats]
    gate = threading.Barrier(WORKERS)

    def work(number: int) -> list[str]:
        gate.wait()
        return [run(*each) for each in tries[number::WORKERS]]

    def run(booking_id: uuid.UUID, start_at: datetime) -> str:
        with Session(engine) as session:
            try:
                attempt(session, booking_id, start_at)
            except SlotTaken:
                return "taken"
            except SlotNotOffered:
                return "not offered"
            return "held"

    with ThreadPoolExecutor(WORKERS) as pool:
        return Counter(outcome for outcomes in pool.map(work, range(WORKERS)) for outcome in outcomes)


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


def live_count(engine: Engine) -> int:
    with Session(engine) as session:
        query = select(func.count()).where(Appointment.status == Status.HELD)
        return session.scalars(query).one()


def by_the_rules(clinic: Clinic) -> Attempt:
    def attempt(session: Session, booking_id: uuid.UUID, start_at: datetime) -> None:
        with transaction(session):
            service.place_hold(
                session,
                booking_id=booking_id,
                session_type_id=clinic.session_type_id,
                start_at=start_at,
                now=NOW,
                hold_ttl=timedelta(minutes=10),
            )

    return attempt


def test_of_forty_tries_at_one_hour_exactly_one_succeeds(engine: Engine, clinic: Clinic) -> None:
    outcomes = race(engine, clinic, by_the_rules(clinic), [at(2, 15)] * TRIES)

    assert outcomes == {"held": 1, "taken": TRIES - 1}
    assert (live_count(engine), overlapping_pairs(engine)) == (1, 0)


def test_tries_at_different_but_overlapping_hours_never_end_in_an_overlap(
    engine: Engine, clinic: Clinic
) -> None:
    start_ats = [at(2, 13) + timedelta(minutes=30 * (number % 6)) for number in range(TRIES)]

    outcomes = race(engine, clinic, by_the_rules(clinic), start_ats)

    assert outcomes.total() == TRIES
    assert outcomes["held"] == live_count(engine)
    assert outcomes["held"] in (2, 3)
    assert overlapping_pairs(engine) == 0


def test_a_hold_that_ran_out_goes_to_exactly_one_of_those_who_wait_for_it(
    engine: Engine, clinic: Clinic, db_session: Session
) -> None:
    with transaction(db_session):
        db_session.add(new_appointment(clinic, at(2, 15), status=Status.HELD, hold_expires_at=NOW))

    outcomes = race(engine, clinic, by_the_rules(clinic), [at(2, 15)] * TRIES)

    assert outcomes == {"held": 1, "taken": TRIES - 1}
    assert (live_count(engine), overlapping_pairs(engine)) == (1, 0)


def test_looking_first_and_writing_later_without_guard_and_lock_books_twice(
    engine: Engine, clinic: Clinic
) -> None:
    """The control: were there no protection, the same race would show it."""
    with engine.begin() as connection:
        drop_guards(connection)
    all_have_looked = threading.Barrier(WORKERS)

    def attempt(session: Session, booking_id: uuid.UUID, start_at: datetime) -> None:
        is_free = session.scalar(select(Appointment.id).where(Appointment.start_at == start_at)) is None
        session.rollback()
        if not is_free:
            raise SlotTaken(start_at)
        all_have_looked.wait()
        with transaction(session):
            session.add(new_appointment(clinic, start_at, status=Status.HELD, booking_id=booking_id))

    outcomes = race(engine, clinic, attempt, [at(2, 15)] * TRIES)

    assert outcomes == {"held": WORKERS, "taken": TRIES - WORKERS}
    assert overlapping_pairs(engine) == WORKERS * (WORKERS - 1) // 2
