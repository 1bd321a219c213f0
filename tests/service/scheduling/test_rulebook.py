"""Rules are kept by the process, and never a moment too long."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.db.glance import glance
from consult.db.transaction import transaction
from consult.scheduling import service
from consult.scheduling.errors import SlotNotOffered
from consult.scheduling.models import AvailabilityRule, Schedule, SessionType
from consult.scheduling.queries import find_slots
from consult.scheduling.rulebook import bump_rules, get_rules
from tests.service.scheduling.factory import (
    NOW,
    Clinic,
    add_clinic,
    add_extra_hours,
    add_hours,
    add_session_type,
    add_time_off,
    at,
    retire,
)
from tests.service.scheduling.steps import TTL, book, hold, new_booking, offered

TUESDAY, SATURDAY = date(2026, 6, 2), date(2026, 6, 6)


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    sent: list[str] = []

    def note(*args: object) -> None:
        sent.append(str(args[2]))

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)
    sent[:] = [statement for statement in sent if statement.startswith("SELECT")]


@pytest.mark.parametrize("caps", [{}, {"max_per_day": 5, "max_per_week": 20}])
def test_free_times_cost_one_question_once_the_rules_are_known(
    engine: Engine, db_session: Session, caps: dict[str, int]
) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, holiday_region="US-NY", **caps)
    first = offered(db_session, clinic, TUESDAY, 30)

    with statements(engine) as sent:
        assert offered(db_session, clinic, TUESDAY, 30) == first

    assert len(sent) == 1


def close_the_morning(session: Session, clinic: Clinic) -> None:
    add_time_off(session, clinic, at(2, 0), at(2, 17))


def ask_for_notice(session: Session, clinic: Clinic) -> None:
    session.get_one(Schedule, clinic.schedule_id).notice_minutes = 29 * 60
    bump_rules(session, clinic.schedule_id)


def lengthen(session: Session, clinic: Clinic) -> None:
    session.get_one(SessionType, clinic.session_type_id).minutes = 8 * 60
    bump_rules(session, clinic.schedule_id)


@pytest.mark.parametrize(
    ("change", "first"), [(close_the_morning, at(2, 17)), (ask_for_notice, at(2, 17)), (lengthen, at(2, 13))]
)
def test_a_change_counts_from_its_commit_for_every_reader(
    engine: Engine,
    db_session: Session,
    clinic: Clinic,
    change: Callable[[Session, Clinic], None],
    first: object,
) -> None:
    before = offered(db_session, clinic, TUESDAY)

    with Session(engine) as editor, transaction(editor):
        change(editor, clinic)

    after = offered(db_session, clinic, TUESDAY)
    assert after != before
    assert after[0] == first


def test_a_horizon_moved_elsewhere_opens_days_that_were_beyond_it(
    engine: Engine, db_session: Session, clinic: Clinic
) -> None:
    far = NOW.date() + timedelta(days=200)
    assert offered(db_session, clinic, far, 7) == []

    with Session(engine) as editor, transaction(editor):
        editor.get_one(Schedule, clinic.schedule_id).horizon_days = 365
        bump_rules(editor, clinic.schedule_id)

    assert offered(db_session, clinic, far, 7) != []


def test_what_is_no_longer_offered_elsewhere_is_not_offered_here(
    engine: Engine, db_session: Session, clinic: Clinic
) -> None:
    assert offered(db_session, clinic, TUESDAY) != []

    with Session(engine) as editor, transaction(editor):
        retire(editor, clinic.session_type_id)

    with pytest.raises(NotFound):
        offered(db_session, clinic, TUESDAY)


def test_a_glance_finds_the_same_and_is_no_transaction(
    engine: Engine, db_session: Session, clinic: Clinic
) -> None:
    def in_transaction(connection: Connection) -> bool:
        driver: Any = connection.connection.driver_connection
        return bool(
            driver.in_transaction if engine.dialect.name == "sqlite" else driver.info.transaction_status
        )

    expected = offered(db_session, clinic, TUESDAY)
    assert in_transaction(db_session.connection())
    db_session.close()

    with glance(engine) as reader:
        slots = find_slots(reader, clinic.session_type_id, TUESDAY, 1, NOW, "America/New_York")
        assert not in_transaction(reader)

    assert [slot.start_at for slot in slots] == expected
    with engine.connect() as connection:
        connection.execute(select(Schedule.id))
        assert in_transaction(connection)


def test_a_change_rolled_back_leaves_no_trace(db_session: Session, clinic: Clinic) -> None:
    """Also where the next change takes the very version that was rolled back."""

    def change_and_think_better_of_it() -> None:
        with transaction(db_session):
            add_hours(db_session, clinic, 5, time(10), time(11))
            assert get_rules(db_session, clinic.schedule_id).open_on(SATURDAY)
            raise InterruptedError

    before = offered(db_session, clinic, TUESDAY, 7)
    with pytest.raises(InterruptedError):
        change_and_think_better_of_it()
    assert offered(db_session, clinic, TUESDAY, 7) == before

    with transaction(db_session):
        add_extra_hours(db_session, clinic, SATURDAY, time(12), time(13))
    assert offered(db_session, clinic, SATURDAY) == [at(6, 16)]


def test_a_hold_is_judged_by_the_rules_of_its_own_transaction(db_session: Session, clinic: Clinic) -> None:
    booking_id = new_booking(db_session, clinic)
    assert at(2, 13) in offered(db_session, clinic, TUESDAY)

    with transaction(db_session):
        close_the_morning(db_session, clinic)
        with pytest.raises(SlotNotOffered):
            service.place_hold(
                db_session,
                booking_id=booking_id,
                session_type_id=clinic.session_type_id,
                start_at=at(2, 13),
                now=NOW,
                hold_ttl=TTL,
            )


def test_two_schedules_are_not_mixed_up(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        other = add_clinic(db_session, minutes=30)

    for _ in range(2):
        assert len(offered(db_session, clinic, TUESDAY)) == 15
        assert len(offered(db_session, other, TUESDAY)) == 16


def test_every_change_raises_the_version_and_what_the_caller_had_changed_stays(
    db_session: Session, clinic: Clinic
) -> None:
    with transaction(db_session):
        schedule = db_session.get_one(Schedule, clinic.schedule_id)
        schedule.horizon_days = 5
        bump_rules(db_session, clinic.schedule_id)
        bump_rules(db_session, clinic.schedule_id)

    db_session.rollback()
    schedule = db_session.get_one(Schedule, clinic.schedule_id)
    assert (schedule.rules_version, schedule.horizon_days) == (3, 5)
    with pytest.raises(NotFound), transaction(db_session):
        bump_rules(db_session, uuid.uuid4())
    with pytest.raises(NotFound):
        get_rules(db_session, uuid.uuid4())


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_two_changes_at_once_are_two_versions(engine: Engine, clinic: Clinic) -> None:
    """One version with two contents: who keeps the first would never see the second."""
    second_waits = threading.Event()

    def note(*args: object) -> None:
        if "FOR NO KEY UPDATE" in str(args[2]) or "UPDATE schedule" in str(args[2]):
            second_waits.set()

    def change() -> None:
        with Session(engine) as session, transaction(session):
            bump_rules(session, clinic.schedule_id)

    with Session(engine) as first, ThreadPoolExecutor(1) as pool:
        with transaction(first):
            bump_rules(first, clinic.schedule_id)
            event.listen(engine, "before_cursor_execute", note)
            second = pool.submit(change)
            assert second_waits.wait(20)
        second.result()
        event.remove(engine, "before_cursor_execute", note)
        assert first.get_one(Schedule, clinic.schedule_id).rules_version == 3


def test_public_holidays_of_the_region_are_closed_but_for_extra_hours(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, holiday_region="US-NY", horizon_days=60)
    juneteenth, eve = date(2026, 6, 19), date(2026, 6, 18)

    assert offered(db_session, clinic, juneteenth) == []
    assert len(offered(db_session, clinic, eve)) == 15
    with transaction(db_session):
        add_extra_hours(db_session, clinic, juneteenth, time(10), time(12))
    assert offered(db_session, clinic, juneteenth) == [at(19, 14), at(19, 14, 30), at(19, 15)]


def test_session_types_of_one_schedule_have_lengths_and_buffers_of_their_own_and_share_its_time(
    db_session: Session, clinic: Clinic
) -> None:
    with transaction(db_session):
        short = add_session_type(db_session, clinic.schedule_id, minutes=20, buffers=(10, 10)).id
    book(db_session, clinic, new_booking(db_session, clinic), at(2, 15))

    found = offered(db_session, clinic, TUESDAY, session_type_id=short)

    assert found[-1] == at(2, 20, 30)
    assert {at(2, 14), at(2, 16, 30)} <= set(found)
    assert not {at(2, 14, 30), at(2, 15), at(2, 15, 30)} - {at(2, 14, 30)} & set(found)
    assert at(2, 16) not in found


def test_hours_read_before_they_were_committed_are_not_kept(engine: Engine, db_session: Session) -> None:
    """Read in the transaction that changes them, before it has said so."""
    with transaction(db_session):
        clinic = add_clinic(db_session)

    def look_and_give_up() -> None:
        with transaction(db_session):
            db_session.add(
                AvailabilityRule(
                    schedule_id=clinic.schedule_id, weekday=5, start_time=time(10), end_time=time(11)
                )
            )
            db_session.flush()
            get_rules(db_session, clinic.schedule_id)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        look_and_give_up()

    assert offered(db_session, clinic, SATURDAY) == []


def test_a_retired_session_type_cannot_be_held_any_more(db_session: Session, clinic: Clinic) -> None:
    offered(db_session, clinic, TUESDAY)
    with transaction(db_session):
        retire(db_session, clinic.session_type_id)

    with pytest.raises(NotFound):
        hold(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
