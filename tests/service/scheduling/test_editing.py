"""The therapist changes her hours: all of it or nothing, at once, and no appointment moves."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.given import NotSaved, read_clock
from consult.core.money import Money
from consult.db.transaction import transaction
from consult.scheduling.editor import ahead, editing, session_types
from consult.scheduling.editor.days_checks import GivenDay, GivenOff
from consult.scheduling.editor.hours_checks import GivenHours
from consult.scheduling.editor.rules_checks import GivenRules, GivenSession
from consult.scheduling.models import (
    Appointment,
    AvailabilityRule,
    ExtraHours,
    Schedule,
    SessionType,
    TimeOff,
)
from tests.service.scheduling.factory import NOW, Clinic, add_session_type, at
from tests.service.scheduling.steps import book, new_booking, offered, stored

TUESDAY, SATURDAY = date(2026, 6, 2), date(2026, 6, 6)
RULES = GivenRules("America/New_York", 30, 120, 30, "", "")
FOLLOW_UP = GivenSession("Follow-up", 30, Money(5_000, "usd"), 0, 0)

Command = Callable[[Session, Clinic], object]


def week(*lines: tuple[int, str, str]) -> list[GivenHours]:
    return [
        GivenHours(f"d{weekday}-{number}", weekday, read_clock(start), read_clock(end))
        for number, (weekday, start, end) in enumerate(lines)
    ]


TUESDAY_MORNING = week((1, "09:00", "10:00"))
INVERTED = week((1, "10:00", "09:00"))


COMMANDS: dict[str, Command] = {
    "no more such hours": lambda s, c: editing.remove_weekly_hours(s, c.schedule_id, date(2026, 8, 1)),
    "other weekly hours": lambda s, c: editing.save_weekly_hours(s, c.schedule_id, None, TUESDAY_MORNING),
    "hours for a while": lambda s, c: editing.add_weekly_hours(s, c.schedule_id, TUESDAY, SATURDAY, [], NOW),
    "no extra hours": lambda s, c: editing.remove_extra_hours(s, s.scalars(select(ExtraHours)).one().id),
    "extra hours": lambda s, c: editing.add_extra_hours(
        s, c.schedule_id, GivenDay("extra", SATURDAY, time(9), time(10)), NOW
    ),
    "no time off": lambda s, c: editing.remove_time_off(s, s.scalars(select(TimeOff)).one().id),
    "time off": lambda s, c: editing.add_time_off(s, c.schedule_id, GivenOff(TUESDAY, "", "", ""), NOW),
    "rules": lambda s, c: editing.save_rules(s, c.schedule_id, RULES),
    "holidays": lambda s, c: editing.save_holiday_region(s, c.schedule_id, "US-NY"),
    "another price": lambda s, c: session_types.change_session_type(s, c.session_type_id, FOLLOW_UP),
    "another order": lambda s, c: session_types.move_session_type_up(s, c.session_type_id),
    "one type less": lambda s, c: session_types.retire_session_type(s, c.session_type_id),
    "offered again": lambda s, c: session_types.offer_session_type(s, c.session_type_id),
    "a new session type": lambda s, c: session_types.add_session_type(
        s, c.schedule_id, GivenSession("Long visit", 90, Money(20_000, "usd"), 0, 0)
    ),
}

BAD: dict[str, tuple[Command, set[str]]] = {
    "weekly hours": (
        lambda s, c: editing.save_weekly_hours(s, c.schedule_id, None, [*TUESDAY_MORNING, *INVERTED]),
        {"d1-0-end"},
    ),
    "hours for a while": (
        lambda s, c: editing.add_weekly_hours(s, c.schedule_id, SATURDAY, TUESDAY, INVERTED, NOW),
        {"week-until", "d1-0-end"},
    ),
    "extra hours": (
        lambda s, c: editing.add_extra_hours(
            s, c.schedule_id, GivenDay("extra", date(2026, 8, 1), time(9), time(10)), NOW
        ),
        {"extra-start"},
    ),
    "time off": (
        lambda s, c: editing.add_time_off(
            s, c.schedule_id, GivenOff(date(2026, 8, 2), "", "", "", "Twice"), NOW
        ),
        {"off-from"},
    ),
    "rules": (
        lambda s, c: editing.save_rules(s, c.schedule_id, GivenRules("Europe/Berlin", 15, 0, 0, 3, "many")),
        {"horizon_days", "max_per_week"},
    ),
    "holidays": (lambda s, c: editing.save_holiday_region(s, c.schedule_id, "XX"), {"holiday_region"}),
    "a new session type": (
        lambda s, c: session_types.add_session_type(
            s, c.schedule_id, GivenSession("Second type", 5, "free", 0, 0)
        ),
        {"name", "minutes", "price"},
    ),
}


@pytest.fixture
def busy_clinic(db_session: Session, clinic: Clinic) -> Clinic:
    """With extra hours, time off and other weekly hours in August, and a second session type."""
    with transaction(db_session):
        august, schedule_id = date(2026, 8, 1), clinic.schedule_id
        editing.add_weekly_hours(db_session, schedule_id, august, "", TUESDAY_MORNING, NOW)
        editing.add_extra_hours(db_session, schedule_id, GivenDay("extra", august, time(9), time(12)), NOW)
        editing.add_time_off(db_session, schedule_id, GivenOff(august + timedelta(days=1), "", "", ""), NOW)
        add_session_type(db_session, schedule_id, name="Second type", position=0)
    return clinic


def version(session: Session, clinic: Clinic) -> int:
    session.rollback()
    return session.get_one(Schedule, clinic.schedule_id).rules_version


def everything(session: Session) -> list[tuple[Any, ...]]:
    session.rollback()
    tables = (Schedule, SessionType, AvailabilityRule, ExtraHours, TimeOff)
    rows = [tuple(row) for table in tables for row in session.execute(select(table.__table__))]
    return sorted(rows, key=str)


def test_every_change_raises_the_version_of_the_rules_once(
    db_session: Session, busy_clinic: Clinic, subtests: pytest.Subtests
) -> None:
    for name, command in COMMANDS.items():
        with subtests.test(name):
            before = version(db_session, busy_clinic)
            with transaction(db_session):
                command(db_session, busy_clinic)
            assert version(db_session, busy_clinic) == before + 1


def test_what_is_wrong_is_told_field_by_field_and_nothing_is_saved(
    db_session: Session, busy_clinic: Clinic, subtests: pytest.Subtests
) -> None:
    before = everything(db_session)
    for name, (command, fields) in BAD.items():
        with subtests.test(name):
            with pytest.raises(NotSaved) as refusal, transaction(db_session):
                command(db_session, busy_clinic)
            assert {fault.where for fault in refusal.value.faults} == fields
            assert everything(db_session) == before


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_every_change_takes_the_schedules_lock(
    db_session: Session, busy_clinic: Clinic, subtests: pytest.Subtests
) -> None:
    def run_impatiently(command: Command) -> None:
        with transaction(db_session):
            db_session.execute(text("SET LOCAL lock_timeout = '1ms'"))
            command(db_session, busy_clinic)

    with Session(db_session.get_bind()) as other, transaction(other):
        other.execute(text("SELECT id FROM schedule FOR NO KEY UPDATE"))
        for name, command in COMMANDS.items():
            with subtests.test(name), pytest.raises(OperationalError, match="lock timeout"):
                run_impatiently(command)


def test_weekly_hours_count_at_once_from_their_first_day_to_their_last(
    db_session: Session, clinic: Clinic
) -> None:
    assert offered(db_session, clinic, TUESDAY)[-1] == at(2, 20)
    with transaction(db_session):
        editing.add_weekly_hours(
            db_session, clinic.schedule_id, date(2026, 6, 8), date(2026, 6, 14), TUESDAY_MORNING, NOW
        )
    assert len(offered(db_session, clinic, TUESDAY)) == 15
    assert offered(db_session, clinic, date(2026, 6, 8), 7) == [at(9, 13)]
    assert len(offered(db_session, clinic, date(2026, 6, 16))) == 15

    with transaction(db_session):
        editing.save_weekly_hours(db_session, clinic.schedule_id, date(2026, 6, 8), [])
    assert offered(db_session, clinic, date(2026, 6, 8), 7) == []
    with transaction(db_session):
        editing.remove_weekly_hours(db_session, clinic.schedule_id, date(2026, 6, 8))
    assert len(offered(db_session, clinic, date(2026, 6, 9))) == 15


@pytest.mark.parametrize("begins", [date(2026, 6, 8), date(1999, 1, 1)])
def test_hours_that_begin_on_no_such_day_are_not_found(
    db_session: Session, clinic: Clinic, begins: date
) -> None:
    with pytest.raises(NotFound), transaction(db_session):
        editing.save_weekly_hours(db_session, clinic.schedule_id, begins, TUESDAY_MORNING)
    with pytest.raises(NotFound), transaction(db_session):
        editing.remove_weekly_hours(db_session, clinic.schedule_id, begins)


def test_extra_hours_open_a_closed_day_even_a_holiday(db_session: Session, clinic: Clinic) -> None:
    juneteenth = date(2026, 6, 19)
    with transaction(db_session):
        editing.save_holiday_region(db_session, clinic.schedule_id, "US")
    assert offered(db_session, clinic, juneteenth) == []
    with transaction(db_session):
        editing.add_extra_hours(
            db_session, clinic.schedule_id, GivenDay("extra", juneteenth, time(18), time(19)), NOW
        )
    assert offered(db_session, clinic, juneteenth) == [at(19, 22)]


def test_another_zone_moves_the_hours_and_no_appointment(db_session: Session, clinic: Clinic) -> None:
    booked = book(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
    with transaction(db_session):
        editing.save_rules(
            db_session, clinic.schedule_id, GivenRules("America/Los_Angeles", 30, 120, 30, "", "")
        )
    assert stored(db_session, booked).start_at == at(2, 15)
    assert offered(db_session, clinic, TUESDAY)[0] == at(2, 16)
    [outside] = ahead.booked_outside_hours(db_session, clinic.schedule_id, NOW)
    assert outside.id == booked


def test_appointments_in_new_time_off_stay_booked_and_are_named(db_session: Session, clinic: Clinic) -> None:
    covered = book(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
    book(db_session, clinic, new_booking(db_session, clinic), at(3, 15))
    with transaction(db_session):
        editing.add_time_off(db_session, clinic.schedule_id, GivenOff(TUESDAY, "", time(11), ""), NOW)
    assert stored(db_session, covered).start_at == at(2, 15)
    outside = ahead.booked_outside_hours(db_session, clinic.schedule_id, NOW)
    assert [row.id for row in outside] == [covered]
    assert ahead.booked_outside_hours(db_session, clinic.schedule_id, at(2, 16)) == []


def test_what_lies_ahead_leaves_out_what_is_over(db_session: Session, clinic: Clinic) -> None:
    schedule_id = clinic.schedule_id
    with transaction(db_session):
        editing.save_holiday_region(db_session, schedule_id, "US")
        for day in (SATURDAY, date(2026, 6, 20)):
            editing.add_time_off(db_session, schedule_id, GivenOff(day, "", "", time(12)), NOW)
            editing.add_extra_hours(db_session, schedule_id, GivenDay("extra", day, time(18), time(20)), NOW)
    schedule = db_session.get_one(Schedule, schedule_id)

    def seen(now: Any) -> tuple[int, int, str]:
        return (
            len(ahead.coming_time_off(db_session, schedule, now)),
            len(ahead.coming_extra_hours(db_session, schedule, now)),
            ahead.coming_holidays(schedule, now, 1)[0][1],
        )

    assert seen(at(6, 15, 59)) == (2, 2, "Juneteenth National Independence Day")
    assert seen(at(6, 16)) == (1, 2, "Juneteenth National Independence Day")
    assert seen(at(7, 5)) == (1, 1, "Juneteenth National Independence Day")
    assert seen(at(20, 5)) == (1, 1, "Independence Day (observed)")


class TestSessionTypes:
    def test_another_length_and_price_are_for_new_bookings_only(
        self, db_session: Session, clinic: Clinic
    ) -> None:
        booked = book(db_session, clinic, new_booking(db_session, clinic), at(2, 15))
        with transaction(db_session):
            session_types.change_session_type(db_session, clinic.session_type_id, FOLLOW_UP)
        assert stored(db_session, booked).end_at == at(2, 16)
        assert offered(db_session, clinic, TUESDAY)[-1] == at(2, 20, 30)

    def test_a_retired_one_is_not_offered_and_its_appointments_stay(
        self, db_session: Session, busy_clinic: Clinic
    ) -> None:
        booked = book(db_session, busy_clinic, new_booking(db_session, busy_clinic), at(2, 15))
        with transaction(db_session):
            session_types.retire_session_type(db_session, busy_clinic.session_type_id)
        with pytest.raises(NotFound):
            offered(db_session, busy_clinic, TUESDAY)
        assert db_session.get(Appointment, booked) is not None
        with transaction(db_session):
            session_types.offer_session_type(db_session, busy_clinic.session_type_id)
        assert offered(db_session, busy_clinic, TUESDAY)

    def test_the_last_one_stays_on_offer(self, db_session: Session, clinic: Clinic) -> None:
        with pytest.raises(session_types.LastSessionType), transaction(db_session):
            session_types.retire_session_type(db_session, clinic.session_type_id)
        assert offered(db_session, clinic, TUESDAY)

    def test_a_name_can_be_used_again_once_its_type_is_retired_but_not_twice(
        self, db_session: Session, busy_clinic: Clinic
    ) -> None:
        same_name = GivenSession("First consultation", 30, Money(5_000, "usd"), 0, 0)
        with transaction(db_session):
            session_types.retire_session_type(db_session, busy_clinic.session_type_id)
            session_types.add_session_type(db_session, busy_clinic.schedule_id, same_name)
        with pytest.raises(NotSaved), transaction(db_session):
            session_types.offer_session_type(db_session, busy_clinic.session_type_id)

    def test_moving_up_changes_places_with_the_one_above(
        self, db_session: Session, busy_clinic: Clinic
    ) -> None:
        def names() -> list[str]:
            rows = session_types.all_session_types(db_session, busy_clinic.schedule_id)
            return [row.name for row in rows]

        with transaction(db_session):
            third = session_types.add_session_type(db_session, busy_clinic.schedule_id, FOLLOW_UP).id
        assert names() == ["Second type", "First consultation", "Follow-up"]
        for expected in (
            ["Second type", "Follow-up", "First consultation"],
            ["Follow-up", "Second type", "First consultation"],
            ["Follow-up", "Second type", "First consultation"],
        ):
            with transaction(db_session):
                session_types.move_session_type_up(db_session, third)
            assert names() == expected
