"""Busy times of the therapist's other calendars are never on offer, and never undo what is booked."""

import uuid
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from consult.calendaring.models import ExternalCalendar
from consult.core.timespan import TimeSpan
from consult.db.transaction import transaction
from consult.scheduling import external, service
from consult.scheduling.errors import SlotTaken, TakenElsewhere
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import ExternalBusy, Schedule
from consult.scheduling.queries import explain_day, find_slots, nearest_slots
from consult.scheduling.reasons import BusyElsewhere

from .factory import NOW, Clinic, add_booking, add_clinic, at, new_appointment

TEN = timedelta(minutes=10)
TUESDAY = at(2, 0).date()


def add_calendar(session: Session, clinic: Clinic) -> uuid.UUID:
    row = ExternalCalendar(
        therapist_id=session.get_one(Schedule, clinic.schedule_id).therapist_id,
        kind="ics",
        name="Family",
        access_sealed=b"sealed",
        next_check_at=NOW,
        created_at=NOW,
    )
    session.add(row)
    session.flush()
    return row.id


def make_busy(session: Session, clinic: Clinic, *spans: TimeSpan) -> uuid.UUID:
    with transaction(session):
        calendar_id = add_calendar(session, clinic)
        external.replace_busy(session, clinic.schedule_id, calendar_id, spans)
    return calendar_id


def starts(session: Session, clinic: Clinic, days: int = 1) -> list[datetime]:
    slots = find_slots(session, clinic.session_type_id, TUESDAY, days, NOW, "America/New_York")
    return [slot.start_at for slot in slots]


def hold(session: Session, clinic: Clinic, start_at: datetime) -> uuid.UUID:
    with transaction(session):
        return service.place_hold(
            session,
            booking_id=add_booking(session, clinic),
            session_type_id=clinic.session_type_id,
            start_at=start_at,
            now=NOW,
            hold_ttl=TEN,
        ).id


def book(session: Session, clinic: Clinic, start_at: datetime) -> uuid.UUID:
    appointment_id = hold(session, clinic, start_at)
    with transaction(session):
        service.book(session, appointment_id, NOW)
    return appointment_id


def test_no_session_meets_a_busy_time(db_session: Session, clinic: Clinic) -> None:
    before = starts(db_session, clinic)
    make_busy(db_session, clinic, TimeSpan(at(2, 15), at(2, 16, 15)))

    gone = {at(2, 14, 30), at(2, 15), at(2, 15, 30), at(2, 16)}
    assert starts(db_session, clinic) == [start for start in before if start not in gone]
    nearest = nearest_slots(db_session, clinic.session_type_id, at(2, 15), 3, NOW)
    assert [slot.start_at for slot in nearest] == [at(2, 13, 30), at(2, 14), at(2, 16, 30)]


def test_the_quiet_time_of_a_session_does_not_meet_one_either(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, buffers=(0, 15))
    make_busy(db_session, clinic, TimeSpan(at(2, 15), at(2, 16)))

    assert at(2, 14) not in starts(db_session, clinic)
    assert at(2, 16) in starts(db_session, clinic)


def test_with_caps_busy_times_count_as_no_sessions(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, max_per_day=1, max_per_week=1)
    make_busy(db_session, clinic, TimeSpan(at(2, 13), at(2, 20)))

    assert starts(db_session, clinic) == [at(2, 20)]


def test_neither_a_hold_nor_a_patients_move_gets_there(db_session: Session, clinic: Clinic) -> None:
    booked = book(db_session, clinic, at(2, 13))
    make_busy(db_session, clinic, TimeSpan(at(2, 15), at(2, 16)))

    with pytest.raises(SlotTaken):
        hold(db_session, clinic, at(2, 15))
    with pytest.raises(SlotTaken), transaction(db_session):
        service.move(db_session, booked, at(2, 15), NOW)


def test_the_therapists_move_is_refused_by_the_calendars_name(db_session: Session, clinic: Clinic) -> None:
    booked = book(db_session, clinic, at(2, 13))
    calendar_id = make_busy(db_session, clinic, TimeSpan(at(2, 15), at(2, 16)))

    with pytest.raises(TakenElsewhere) as refusal, transaction(db_session):
        service.move(db_session, booked, at(2, 15, 30), NOW, by_therapist=True)
    assert (refusal.value.start_at, refusal.value.calendar_id) == (at(2, 15, 30), calendar_id)
    with transaction(db_session):
        service.move(db_session, booked, at(2, 16), NOW, by_therapist=True)


def test_her_own_entries_may_lie_there(db_session: Session, clinic: Clinic) -> None:
    make_busy(db_session, clinic, TimeSpan(at(2, 15), at(2, 16)))
    span = TimeSpan(at(2, 15), at(2, 16))

    with transaction(db_session):
        entry = service.block_time(
            db_session, schedule_id=clinic.schedule_id, span=span, title="Dentist", now=NOW
        )
        service.move(db_session, entry.id, at(2, 15, 30), NOW, by_therapist=True)


def test_what_is_booked_or_paid_for_stands_and_is_named_as_a_clash(
    db_session: Session, clinic: Clinic
) -> None:
    book(db_session, clinic, at(2, 15))
    late = hold(db_session, clinic, at(2, 17))
    calendar_id = make_busy(
        db_session, clinic, TimeSpan(at(2, 15, 30), at(2, 15, 45)), TimeSpan(at(2, 17), at(2, 18))
    )
    after = NOW + 2 * TEN
    with transaction(db_session):
        service.expire_holds(db_session, after)
        assert service.book(db_session, late, after).status is Status.BOOKED

    clashes = external.clashes(db_session, clinic.schedule_id, after)
    assert [(clash.span.start_at, clash.calendar_id) for clash in clashes] == [
        (at(2, 15), calendar_id),
        (at(2, 17), calendar_id),
    ]
    assert external.clashes(db_session, clinic.schedule_id, at(2, 18)) == []


def test_a_visit_beside_a_busy_time_is_no_clash(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        booking_id = add_booking(db_session, clinic)
        db_session.add(new_appointment(clinic, at(2, 15), booking_id=booking_id))
    make_busy(db_session, clinic, TimeSpan(at(2, 14), at(2, 15)), TimeSpan(at(2, 16), at(2, 17)))

    assert external.clashes(db_session, clinic.schedule_id, NOW) == []


def test_why_not_names_the_calendar_and_says_the_same_as_the_offer(db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, buffers=(10, 15))
    span = TimeSpan(at(2, 15), at(2, 16, 15))
    calendar_id = make_busy(db_session, clinic, span)

    stretches = explain_day(db_session, clinic.session_type_id, TUESDAY, NOW).stretches

    met = [
        stretch.span.start_at for stretch in stretches if BusyElsewhere(calendar_id, span) in stretch.reasons
    ]
    assert met == [at(2, 14), at(2, 14, 30), at(2, 15), at(2, 15, 30), at(2, 16)]
    assert [stretch.span.start_at for stretch in stretches if stretch.offered] == starts(db_session, clinic)


def test_a_new_reading_takes_the_place_of_the_old_and_writes_only_what_differs(
    db_session: Session, clinic: Clinic
) -> None:
    stays, goes, comes = (TimeSpan(at(day, 15), at(day, 16)) for day in (2, 3, 4))
    calendar_id = make_busy(db_session, clinic, stays, goes)
    kept = db_session.scalar(select(ExternalBusy.id).where(ExternalBusy.start_at == stays.start_at))
    with transaction(db_session):
        external.replace_busy(db_session, clinic.schedule_id, calendar_id, [comes, stays])

    rows = db_session.execute(
        select(ExternalBusy.id, ExternalBusy.start_at).order_by(ExternalBusy.start_at)
    ).all()
    assert [start_at for _, start_at in rows] == [at(2, 15), at(4, 15)]
    assert rows[0][0] == kept
    assert external.count_busy(db_session, clinic.schedule_id, NOW, at(3, 0)) == {calendar_id: 1}
    with transaction(db_session):
        external.forget_busy(db_session, calendar_id)
    assert external.count_busy(db_session, clinic.schedule_id, NOW, at(9, 0)) == {}


def test_they_are_read_with_the_claims_in_one_statement_from_one_index(
    engine: Engine, db_session: Session, clinic: Clinic
) -> None:
    make_busy(db_session, clinic, TimeSpan(at(2, 15), at(2, 16)))
    starts(db_session, clinic)
    sent: list[tuple[str, tuple[object, ...]]] = []
    event.listen(engine, "before_cursor_execute", lambda *args: sent.append((args[2], args[3])))
    starts(db_session, clinic)

    [(statement, parameters)] = [each for each in sent if "external_busy" in each[0]]
    assert "appointment" in statement
    if engine.dialect.name == "sqlite":
        plan = db_session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        [step] = [detail for *_, detail in plan if "external_busy" in detail]
        index = "ix_external_busy_schedule_id_end_at"
        assert step.startswith(
            f"SEARCH external_busy USING COVERING INDEX {index} (schedule_id=? AND end_at>?"
        )


minutes = st.integers(-60, 3 * 24 * 60).map(lambda number: at(1, 12) + timedelta(minutes=number))
busy_spans = st.lists(
    st.builds(
        lambda start, length: TimeSpan(start, start + timedelta(minutes=length)), minutes, st.integers(1, 900)
    ),
    max_size=6,
)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_whatever_is_busy_exactly_what_does_not_meet_it_is_free(engine: Engine, db_session: Session) -> None:
    with transaction(db_session):
        clinic = add_clinic(db_session, buffers=(10, 15))
    calendar_id = make_busy(db_session, clinic)
    every = starts(db_session, clinic, days=2)

    @settings(max_examples=40, deadline=None)
    @given(busy=busy_spans)
    def free(busy: list[TimeSpan]) -> None:
        with transaction(db_session):
            external.replace_busy(db_session, clinic.schedule_id, calendar_id, busy)
        taken = [TimeSpan(start, start + timedelta(minutes=60)).widened(TEN, TEN * 1.5) for start in every]
        assert starts(db_session, clinic, days=2) == [
            start
            for start, quiet in zip(every, taken, strict=True)
            if not any(quiet.overlaps(span) for span in busy)
        ]

    free()
