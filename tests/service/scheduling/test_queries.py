"""What is on offer, and who comes when."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.db.transaction import transaction
from consult.scheduling.lifecycle import CLAIMING, SESSIONS, Status
from consult.scheduling.queries import (
    agenda,
    find_live_appointment,
    find_slots,
    get_schedule,
    list_session_types,
    nearest_slots,
)
from consult.scheduling.slots import Slot
from consult.scheduling.zones import UnknownZone
from tests.service.scheduling.factory import (
    NOW,
    Clinic,
    add_booking,
    add_clinic,
    add_hours,
    add_session_type,
    add_time_off,
    at,
    new_appointment,
    retire,
)

NEW_YORK = "America/New_York"
TUESDAY = date(2026, 6, 2)


def starts(
    session: Session,
    clinic: Clinic,
    first_on: date = TUESDAY,
    days: int = 1,
    *,
    now: datetime = NOW,
    zone: str = NEW_YORK,
    for_booking_id: uuid.UUID | None = None,
) -> list[datetime]:
    slots = find_slots(session, clinic.session_type_id, first_on, days, now, zone, for_booking_id)
    return [slot.start_at for slot in slots]


def half_hours(first: datetime, last: datetime) -> list[datetime]:
    return [
        first + timedelta(minutes=30 * number)
        for number in range((last - first) // timedelta(minutes=30) + 1)
    ]


def test_an_empty_day_offers_every_start_of_the_hours(db_session: Session, clinic: Clinic) -> None:
    slots = find_slots(db_session, clinic.session_type_id, TUESDAY, 1, NOW, NEW_YORK)

    assert [slot.start_at for slot in slots] == half_hours(at(2, 13), at(2, 20))
    assert slots[0] == Slot(at(2, 13), at(2, 14))


def test_a_week_skips_the_days_without_hours(db_session: Session, clinic: Clinic) -> None:
    found = starts(db_session, clinic, date(2026, 6, 5), 4)

    assert {start.date() for start in found} == {date(2026, 6, 5), date(2026, 6, 8)}


@pytest.mark.parametrize("status", Status)
def test_only_claims_take_slots_away(db_session: Session, clinic: Clinic, status: Status) -> None:
    with transaction(db_session):
        db_session.add(new_appointment(clinic, at(2, 15), status=status))

    taken = set(half_hours(at(2, 13), at(2, 20))) - set(starts(db_session, clinic))

    assert taken == ({at(2, 14, 30), at(2, 15), at(2, 15, 30)} if status in CLAIMING else set())


def test_a_hold_that_ran_out_frees_the_hour_at_once(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        db_session.add(
            new_appointment(
                clinic, at(2, 15), status=Status.HELD, hold_expires_at=NOW + timedelta(minutes=10)
            )
        )

    assert at(2, 15) not in starts(db_session, clinic, now=NOW + timedelta(minutes=10, microseconds=-1))
    assert at(2, 15) in starts(db_session, clinic, now=NOW + timedelta(minutes=10))


def test_a_patient_who_holds_an_hour_still_sees_it_and_others_do_not(
    db_session: Session, clinic: Clinic
) -> None:
    with transaction(db_session):
        booking_id, other_id = add_booking(db_session, clinic), add_booking(db_session, clinic)
        db_session.add(new_appointment(clinic, at(2, 15), status=Status.HELD, booking_id=booking_id))
        db_session.add(new_appointment(clinic, at(2, 18), status=Status.HELD))

    own = starts(db_session, clinic, for_booking_id=booking_id)
    assert at(2, 15) in own
    assert at(2, 18) not in own
    assert at(2, 15) not in starts(db_session, clinic, for_booking_id=other_id)
    near = nearest_slots(db_session, clinic.session_type_id, at(2, 15), 1, NOW, booking_id)
    assert near == [Slot(at(2, 15), at(2, 16))]


def test_the_patients_own_booked_hour_is_not_on_offer_to_anyone(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        booking_id = add_booking(db_session, clinic)
        db_session.add(new_appointment(clinic, at(2, 15), booking_id=booking_id))

    assert at(2, 15) not in starts(db_session, clinic, for_booking_id=booking_id)


def test_buffers_of_both_sides_are_kept_free(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, buffers=(10, 15))
        appointment = new_appointment(clinic, at(2, 15))
        appointment.busy_from, appointment.busy_until = at(2, 14, 50), at(2, 16, 15)
        db_session.add(appointment)

    found = starts(db_session, clinic)

    assert found == [at(2, 13), at(2, 13, 30), *half_hours(at(2, 16, 30), at(2, 20))]


def test_a_claim_just_before_the_first_start_keeps_its_distance(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, buffers=(10, 0))
        db_session.add(new_appointment(clinic, at(2, 14)))

    assert starts(db_session, clinic, now=at(2, 13))[0] == at(2, 15, 30)


def test_a_claim_just_after_the_patients_midnight_counts_for_the_day_before(
    db_session: Session, clinic: Clinic
) -> None:
    with transaction(db_session):
        db_session.add(new_appointment(clinic, at(2, 15)))

    assert starts(db_session, clinic, TUESDAY, zone="Asia/Tokyo")[-1] == at(2, 14)


def test_time_off_takes_slots_away_until_it_ends(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        add_time_off(db_session, clinic, at(1, 0), at(2, 15))

    assert starts(db_session, clinic) == half_hours(at(2, 15), at(2, 20))


def test_a_claim_that_began_long_before_the_day_still_counts(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        db_session.add(new_appointment(clinic, at(1, 0), minutes=60 * 40))
        db_session.add(new_appointment(clinic, at(1, 12), status=Status.CANCELLED))

    assert starts(db_session, clinic) == half_hours(at(2, 16), at(2, 20))


@pytest.mark.parametrize(
    ("now", "first"),
    [(at(2, 11), at(2, 13)), (at(2, 11, 1), at(2, 13, 30)), (at(2, 18), at(2, 20)), (at(2, 18, 1), None)],
)
def test_notice_is_kept_to_the_minute(
    db_session: Session, clinic: Clinic, now: datetime, first: datetime | None
) -> None:
    assert next(iter(starts(db_session, clinic, now=now)), None) == first


def test_the_last_day_of_the_horizon_is_offered_and_the_next_is_not(
    db_session: Session, clinic: Clinic
) -> None:
    assert len(starts(db_session, clinic, date(2026, 7, 1))) == 15
    assert starts(db_session, clinic, date(2026, 7, 2), 31) == []


@pytest.mark.parametrize(("first_on", "days"), [(date.max, 40), (date.min, 40), (TUESDAY, 0), (TUESDAY, -3)])
def test_days_out_of_all_reason_offer_nothing(
    db_session: Session, clinic: Clinic, first_on: date, days: int
) -> None:
    assert starts(db_session, clinic, first_on, days) == []


def test_days_are_the_patients_own(db_session: Session, clinic: Clinic) -> None:
    in_tokyo = starts(db_session, clinic, TUESDAY, zone="Asia/Tokyo")

    assert in_tokyo == [*half_hours(at(1, 15), at(1, 20)), *half_hours(at(2, 13), at(2, 14, 30))]


def test_every_slot_is_on_exactly_one_of_the_patients_days(db_session: Session, clinic: Clinic) -> None:
    for zone in ("Pacific/Auckland", "Asia/Kathmandu", "America/Los_Angeles", "Australia/Lord_Howe"):
        one_by_one = [
            start
            for number in range(10)
            for start in starts(db_session, clinic, TUESDAY + timedelta(days=number), zone=zone)
        ]
        assert one_by_one == starts(db_session, clinic, TUESDAY, 10, zone=zone)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("zone", "day", "half_hours"),
    [
        ("America/New_York", date(2026, 11, 1), 50),
        ("America/Los_Angeles", date(2026, 3, 8), 46),
        ("Europe/Berlin", date(2026, 3, 29), 46),
        ("America/Santiago", date(2026, 4, 4), 50),
        ("America/Santiago", date(2026, 9, 6), 46),
        ("America/Havana", date(2026, 11, 1), 50),
        ("Africa/Cairo", date(2026, 4, 24), 46),
        ("Australia/Lord_Howe", date(2026, 4, 5), 49),
        ("Australia/Lord_Howe", date(2026, 10, 4), 47),
        ("Asia/Kathmandu", date(2026, 3, 8), 48),
    ],
)
def test_a_day_on_which_the_patients_clocks_change_has_all_its_hours_and_no_others(
    db_session: Session, zone: str, day: date, half_hours: int
) -> None:
    """The therapist is there day and night. In some of these places midnight itself comes twice or never."""
    with transaction(db_session):
        clinic = add_clinic(db_session, minutes=30, horizon_days=250)
        for weekday in range(7):
            add_hours(db_session, clinic, weekday, time(0), time(0))
    march = datetime(2026, 3, 1, tzinfo=UTC)

    found = starts(db_session, clinic, day, now=march, zone=zone)

    assert {start.astimezone(ZoneInfo(zone)).date() for start in found} == {day}
    assert len(found) == half_hours
    assert found == sorted(set(found))


def test_the_therapists_clock_change_moves_the_slots_and_the_patients_does_not(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, horizon_days=300)

    def first(day: date, zone: str) -> datetime:
        return starts(db_session, clinic, day, zone=zone)[0]

    # Berlin changes on 25 October, New York a week later.
    assert first(date(2026, 10, 23), "Europe/Berlin").hour == 13
    assert first(date(2026, 10, 26), "Europe/Berlin").hour == 13
    assert first(date(2026, 11, 2), "Europe/Berlin").hour == 14


def test_an_old_zone_name_from_the_browser_is_understood(db_session: Session, clinic: Clinic) -> None:
    assert starts(db_session, clinic, zone="US/Eastern") == starts(db_session, clinic, zone=NEW_YORK)
    with pytest.raises(UnknownZone):
        starts(db_session, clinic, zone="Mars/Olympus")


def test_hours_changed_in_the_same_transaction_already_count(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        add_hours(db_session, clinic, 5, time(10), time(11))
        assert starts(db_session, clinic, date(2026, 6, 6)) == [at(6, 14)]


def test_another_therapists_time_is_no_concern(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        other = add_clinic(db_session)
        db_session.add(new_appointment(other, at(2, 15)))
        add_time_off(db_session, other, at(2, 0), at(3, 0))

    assert len(starts(db_session, clinic)) == 15


def test_a_session_type_no_longer_offered_is_not_found(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        retire(db_session, clinic.session_type_id)

    with pytest.raises(NotFound):
        starts(db_session, clinic)
    with pytest.raises(NotFound):
        nearest_slots(db_session, uuid.uuid4(), at(2, 15), 3, NOW)


def test_the_nearest_slots_come_from_both_sides_in_order_of_time(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        db_session.add(new_appointment(clinic, at(2, 15)))

    nearest = nearest_slots(db_session, clinic.session_type_id, at(2, 15), 3, NOW)

    assert [slot.start_at for slot in nearest] == [at(2, 13, 30), at(2, 14), at(2, 16)]


def test_the_nearest_slots_may_be_days_away(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        add_time_off(db_session, clinic, at(1, 0), at(20, 0))

    nearest = nearest_slots(db_session, clinic.session_type_id, at(2, 15), 2, NOW)

    assert [slot.start_at for slot in nearest] == [at(22, 13), at(22, 13, 30)]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_is_taken_is_read_from_one_index_so_that_past_years_cost_nothing(
    engine: Engine, db_session: Session, clinic: Clinic
) -> None:
    sent: list[tuple[str, tuple[object, ...]]] = []
    event.listen(engine, "before_cursor_execute", lambda *args: sent.append((args[2], args[3])))
    starts(db_session, clinic)
    [(statement, parameters)] = [each for each in sent if "FROM appointment" in each[0]]

    plan = db_session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)

    steps = [detail for *_, detail in plan if "appointment" in detail]
    by_index = "SEARCH appointment USING COVERING INDEX ix_appointment_schedule_id_busy_from (schedule_id=?"
    assert len(steps) == 2
    assert all(step.startswith(f"{by_index} AND busy_from") for step in steps)


def test_the_schedule_is_found_once_set_up(db_session: Session) -> None:
    with pytest.raises(NotFound):
        get_schedule(db_session)
    with transaction(db_session):
        clinic = add_clinic(db_session)

    assert get_schedule(db_session).id == clinic.schedule_id


def test_session_types_come_in_the_therapists_order_without_retired_ones(
    db_session: Session, clinic: Clinic
) -> None:
    with transaction(db_session):
        add_session_type(db_session, clinic.schedule_id, name="Follow-up", position=0)
        add_session_type(db_session, clinic.schedule_id, name="Retired", position=0, active=False)

    names = [session_type.name for session_type in list_session_types(db_session, clinic.schedule_id)]

    assert names == ["Follow-up", "First consultation"]


@pytest.mark.parametrize("status", Status)
def test_a_booking_has_a_live_appointment_while_it_is_held_or_booked(
    db_session: Session, clinic: Clinic, status: Status
) -> None:
    with transaction(db_session):
        booking_id = add_booking(db_session, clinic)
        appointment = new_appointment(clinic, at(2, 15), status=status, booking_id=booking_id)
        db_session.add(appointment)

    live = find_live_appointment(db_session, booking_id)

    assert live is (appointment if status in (Status.HELD, Status.BOOKED) else None)


def test_the_agenda_shows_sessions_and_no_holds(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        for number, status in enumerate(Status):
            db_session.add(new_appointment(clinic, at(2, 13 + number), status=status))

    rows = agenda(db_session, clinic.schedule_id, at(2, 0), at(3, 0))

    assert {row.status for row in rows} == set(SESSIONS)
    assert [row.start_at for row in rows] == sorted(row.start_at for row in rows)
    assert {row.session_name for row in rows} == {"First consultation"}


def test_the_agenda_has_what_reaches_into_the_span_but_not_what_only_touches_it(
    db_session: Session, clinic: Clinic
) -> None:
    with transaction(db_session):
        ids = {}
        for hour in (13, 14, 15, 16):
            appointment = new_appointment(clinic, at(2, hour))
            db_session.add(appointment)
            ids[hour] = appointment.id

    rows = agenda(db_session, clinic.schedule_id, at(2, 14, 30), at(2, 16))

    assert [row.appointment_id for row in rows] == [ids[14], ids[15]]


def test_a_buffer_in_the_span_does_not_put_its_session_on_the_agenda(
    db_session: Session, clinic: Clinic
) -> None:
    with transaction(db_session):
        appointment = new_appointment(clinic, at(2, 15))
        appointment.busy_from, appointment.busy_until = at(2, 14, 45), at(2, 16, 15)
        db_session.add(appointment)

    assert agenda(db_session, clinic.schedule_id, at(2, 14), at(2, 15)) == []
    assert agenda(db_session, clinic.schedule_id, at(2, 16), at(2, 17)) == []
    assert len(agenda(db_session, clinic.schedule_id, at(2, 15, 59), at(2, 17))) == 1
