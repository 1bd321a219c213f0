"""The list for earlier times: who is asked, in which order, and what becomes of the hour."""

import uuid
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import delete, select

from consult.booking.changes import commands as changes
from consult.booking.changes.taking_back import Actor
from consult.booking.changes.undoing import undo
from consult.booking.earlier import commands as earlier
from consult.booking.earlier.choice import OFFER_TTL
from consult.booking.earlier.commands import NothingOffered
from consult.booking.models import Booking, EarlierTimeOffer
from consult.booking.upkeep import Upkeep
from consult.calendaring.outside.looking import Access, Kind, Seen, Version
from consult.calendaring.outside.register import keep_calendar
from consult.core.clock import FixedClock
from consult.core.timespan import TimeSpan
from consult.deps import deps
from consult.notifications.models import OutboxMessage
from consult.practice.service import get_therapist
from consult.scheduling.external import replace_busy
from consult.scheduling.lifecycle import LIVE, Status
from consult.scheduling.models import Appointment, ExternalBusy, SessionType, TimeOff
from consult.scheduling.policies import HOLD_TTL
from consult.scheduling.queries import get_schedule
from consult.scheduling.rulebook import bump_rules
from consult.scheduling.service import block_time

from .conftest import TEN, Desk

TUESDAY_TEN = datetime(2026, 6, 2, 14, 0, tzinfo=UTC)
WEDNESDAY_TEN = datetime(2026, 6, 3, 14, 0, tzinfo=UTC)
THURSDAY_TEN = datetime(2026, 6, 4, 14, 0, tzinfo=UTC)


def ask(desk: Desk, booking: Booking) -> None:
    with desk.counter.transaction():
        earlier.ask_for_earlier(desk.session, desk.fresh(booking), desk.now)


def serve(desk: Desk) -> None:
    """What the worker does."""
    upkeep = Upkeep(desk.counter, deps().mailer, "bookings@example.org")
    upkeep.offer_earlier_times()


def accept(desk: Desk, booking: Booking) -> None:
    """Press the button of the offer that is open now."""
    offer = earlier.find_earlier_times(desk.session, desk.fresh(booking), desk.now).offer
    offer_id = offer.id if offer else uuid.uuid4()
    desk.do(
        lambda session, now, ports: earlier.accept_offer(session, desk.fresh(booking), offer_id, now, ports)
    )


def cancel(desk: Desk, booking: Booking, by: Actor = Actor.PATIENT) -> None:
    with desk.counter.transaction():
        changes.cancel(desk.session, desk.fresh(booking), desk.now, desk.ports, by=by)


def move(desk: Desk, booking: Booking, start_at: datetime, by: Actor = Actor.PATIENT) -> None:
    with desk.counter.transaction():
        changes.reschedule(desk.session, desk.fresh(booking), start_at, desk.now, desk.ports, by=by)


def offers(desk: Desk) -> list[tuple[object, str]]:
    desk.session.expire_all()
    rows = desk.session.scalars(select(EarlierTimeOffer).order_by(EarlierTimeOffer.offered_at))
    return [(row.booking_id, row.state) for row in rows]


def mails(desk: Desk) -> int:
    kinds = desk.session.scalars(select(OutboxMessage.kind)).all()
    return kinds.count("earlier_offer")


def starts(desk: Desk, booking: Booking) -> list[datetime]:
    desk.session.expire_all()
    query = select(Appointment.start_at).where(
        Appointment.booking_id == booking.id, Appointment.status.in_(LIVE)
    )
    return list(desk.session.scalars(query))


@pytest.fixture
def full(desk: Desk) -> tuple[Booking, Booking, Booking]:
    """Somebody on Tuesday, and two who come on Thursday and Wednesday and asked in this order.

    Sessions start on the hour, so that an hour given back is one opening.
    """
    with desk.counter.transaction():
        schedule = get_schedule(desk.session)
        schedule.slot_step_minutes = 60
        bump_rules(desk.session, schedule.id)
    first, second, third = (desk.booked(day) for day in (TUESDAY_TEN, WEDNESDAY_TEN, THURSDAY_TEN))
    ask(desk, third)
    desk.counter.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
    ask(desk, second)
    return first, second, third


def test_nothing_that_was_free_when_they_asked_is_offered(desk: Desk, full: object):
    serve(desk)
    assert offers(desk) == []


def test_an_hour_that_comes_free_is_offered_to_who_asked_first_and_held(
    desk: Desk, full: tuple[Booking, Booking, Booking]
):
    first, _second, third = full
    cancel(desk, first)
    serve(desk)
    serve(desk)
    assert offers(desk) == [(third.id, "open")]
    assert mails(desk) == 1
    hold = desk.session.scalars(select(Appointment).where(Appointment.status == Status.HELD)).one()
    assert (hold.start_at, hold.booking_id, hold.hold_expires_at) == (
        TUESDAY_TEN,
        None,
        desk.now + OFFER_TTL,
    )


def test_accepting_moves_the_visit_and_pays_nothing(desk: Desk, full: tuple[Booking, Booking, Booking]):
    first, _second, third = full
    cancel(desk, first)
    serve(desk)
    accept(desk, third)
    assert starts(desk, third) == [TUESDAY_TEN]
    assert offers(desk)[0] == (third.id, "accepted")
    with pytest.raises(NothingOffered):
        accept(desk, third)


def test_what_the_mover_left_is_offered_to_the_next(desk: Desk, full: tuple[Booking, Booking, Booking]):
    first, second, third = full
    ask(desk, desk.booked(datetime(2026, 6, 5, 14, 0, tzinfo=UTC)))
    cancel(desk, first)
    serve(desk)
    accept(desk, third)
    serve(desk)
    friday = offers(desk)[-1][0]
    assert len(offers(desk)) == 2
    assert friday not in (first.id, second.id, third.id)


def test_declined_it_goes_to_the_next_and_never_back(desk: Desk, full: tuple[Booking, Booking, Booking]):
    first, second, third = full
    cancel(desk, first)
    serve(desk)
    with desk.counter.transaction():
        earlier.decline_offer(desk.session, desk.fresh(third), desk.now)
    serve(desk)
    assert offers(desk) == [(third.id, "declined"), (second.id, "open")]
    with desk.counter.transaction():
        earlier.decline_offer(desk.session, desk.fresh(second), desk.now)
    serve(desk)
    assert [state for _booking, state in offers(desk)] == ["declined", "declined"]


def test_whoever_declined_an_hour_is_not_asked_for_its_other_starts_before_the_next(
    desk: Desk, clock: FixedClock
):
    """On a grid of half hours, half past nine and ten are starts of one and the same hour given back."""
    first, second, third = (desk.booked(day) for day in (TUESDAY_TEN, WEDNESDAY_TEN, THURSDAY_TEN))
    eleven = TUESDAY_TEN + timedelta(hours=1)
    with desk.counter.transaction():
        schedule_id, busy = get_schedule(desk.session).id, TimeSpan(eleven, eleven + timedelta(hours=1))
        block_time(desk.session, schedule_id=schedule_id, span=busy, title="Meeting", now=desk.now)
    ask(desk, third)
    clock.advance(timedelta(minutes=1))
    ask(desk, second)
    cancel(desk, first)
    for booking in (third, second):
        serve(desk)
        assert offers(desk)[-1] == (booking.id, "open")
        clock.advance(timedelta(minutes=1))
        with desk.counter.transaction():
            earlier.decline_offer(desk.session, desk.fresh(booking), desk.now)
    serve(desk)
    assert offers(desk) == [(third.id, "declined"), (second.id, "declined")]


def test_unanswered_it_lapses_and_the_next_is_asked(
    desk: Desk, full: tuple[Booking, Booking, Booking], clock: FixedClock
):
    first, second, third = full
    cancel(desk, first)
    serve(desk)
    clock.advance(OFFER_TTL)
    assert earlier.find_earlier_times(desk.session, desk.fresh(third), desk.now).offer is None
    serve(desk)
    assert offers(desk) == [(third.id, "lapsed"), (second.id, "open")]


def test_a_time_somebody_only_hesitated_over_sets_off_no_mail(desk: Desk, full: object, clock: FixedClock):
    visitor = desk.screened()
    desk.hold(visitor, TUESDAY_TEN + timedelta(hours=1))
    serve(desk)
    clock.advance(timedelta(minutes=11))
    serve(desk)
    assert offers(desk) == []


def test_nobody_is_woken(desk: Desk, full: tuple[Booking, Booking, Booking], clock: FixedClock):
    cancel(desk, full[1])
    clock.advance(timedelta(hours=14))
    serve(desk)
    assert offers(desk) == []
    clock.advance(timedelta(hours=10))
    serve(desk)
    assert len(offers(desk)) == 1


def test_an_offer_ends_when_the_visit_is_cancelled(desk: Desk, full: tuple[Booking, Booking, Booking]):
    first, second, third = full
    cancel(desk, first)
    serve(desk)
    cancel(desk, third)
    serve(desk)
    assert offers(desk) == [(third.id, "withdrawn"), (second.id, "open")]


def test_an_offer_outlasts_a_cancellation_that_the_therapist_takes_back(
    desk: Desk, full: tuple[Booking, Booking, Booking], clock: FixedClock
):
    first, _second, third = full
    cancel(desk, first)
    serve(desk)
    cancel(desk, third, Actor.THERAPIST)
    serve(desk)
    assert offers(desk) == [(third.id, "open")]
    cancelled_at = desk.fresh(third).cancelled_at
    assert cancelled_at is not None
    desk.do(lambda session, now, ports: undo(session, desk.fresh(third), cancelled_at, now, ports))
    serve(desk)
    assert offers(desk) == [(third.id, "open")]
    accept(desk, third)
    assert starts(desk, third) == [TUESDAY_TEN]


def test_an_offer_ends_once_the_therapists_cancellation_stands(
    desk: Desk, full: tuple[Booking, Booking, Booking], clock: FixedClock
):
    first, second, third = full
    cancel(desk, first)
    serve(desk)
    cancel(desk, third, Actor.THERAPIST)
    clock.advance(timedelta(minutes=30))
    serve(desk)
    assert offers(desk) == [(third.id, "withdrawn"), (second.id, "open")]


def test_stopping_gives_an_open_offer_back(desk: Desk, full: tuple[Booking, Booking, Booking]):
    first, second, third = full
    cancel(desk, first)
    serve(desk)
    with desk.counter.transaction():
        earlier.stop_asking(desk.session, desk.fresh(third), desk.now)
    assert not earlier.find_earlier_times(desk.session, desk.fresh(third), desk.now).asked
    serve(desk)
    assert offers(desk)[-1] == (second.id, "open")


def test_there_is_nothing_to_ask_without_a_visit_ahead(desk: Desk, clock: FixedClock):
    booking = desk.booked(TEN)
    clock.advance(timedelta(days=1))
    ask(desk, booking)
    found = earlier.find_earlier_times(desk.session, desk.fresh(booking), desk.now)
    assert (found.may_ask, found.asked) == (False, False)


def test_an_old_page_does_not_accept_another_offer(desk: Desk, full: tuple[Booking, Booking, Booking]):
    first, _second, third = full
    cancel(desk, first)
    serve(desk)
    with pytest.raises(NothingOffered):
        desk.do(
            lambda session, now, ports: earlier.accept_offer(
                session, desk.fresh(third), uuid.uuid4(), now, ports
            )
        )
    assert starts(desk, third) == [THURSDAY_TEN]


def test_a_retired_kind_of_session_keeps_nobody_from_the_list(
    desk: Desk, full: tuple[Booking, Booking, Booking]
):
    first, _second, third = full
    cancel(desk, first)
    with desk.counter.transaction():
        desk.session.scalars(select(SessionType)).one().active = False
        bump_rules(desk.session, get_schedule(desk.session).id)
    serve(desk)
    assert offers(desk) == [(third.id, "open")]


def test_a_patient_may_come_earlier_on_a_day_that_is_full_with_their_own_visit(desk: Desk, full: object):
    afternoon, morning = WEDNESDAY_TEN + timedelta(hours=5), WEDNESDAY_TEN + timedelta(hours=1)
    late, early = desk.booked(afternoon), desk.booked(morning)
    ask(desk, late)
    with desk.counter.transaction():
        schedule = get_schedule(desk.session)
        schedule.max_per_day = 2
        bump_rules(desk.session, schedule.id)
    cancel(desk, early)
    serve(desk)
    assert (late.id, "open") in offers(desk)


def test_what_the_therapist_may_still_take_back_is_offered_to_nobody(
    desk: Desk, full: tuple[Booking, Booking, Booking], clock: FixedClock
):
    first, _second, third = full
    cancel(desk, first, Actor.THERAPIST)
    serve(desk)
    assert offers(desk) == []
    with desk.counter.transaction():
        undo(desk.session, desk.fresh(first), desk.now, desk.now, desk.ports)
    assert starts(desk, first) == [TUESDAY_TEN]
    cancel(desk, first, Actor.THERAPIST)
    clock.advance(timedelta(minutes=10))
    serve(desk)
    assert offers(desk) == [(third.id, "open")]


@pytest.mark.parametrize("by", [Actor.PATIENT, Actor.THERAPIST])
def test_a_patient_whose_visit_moved_later_is_not_offered_what_it_left(
    desk: Desk, full: tuple[Booking, Booking, Booking], by: Actor, clock: FixedClock
):
    _first, second, _third = full
    clock.advance(timedelta(minutes=1))
    move(desk, second, datetime(2026, 6, 5, 14, 0, tzinfo=UTC), by)
    serve(desk)
    clock.advance(timedelta(minutes=10))
    serve(desk)
    assert second.id not in [booking_id for booking_id, _state in offers(desk)]


def test_everything_free_up_to_the_visit_is_known_when_they_ask(desk: Desk, clock: FixedClock):
    clock.advance(timedelta(hours=11))
    booking = desk.booked(WEDNESDAY_TEN + timedelta(hours=5))
    ask(desk, booking)
    clock.advance(timedelta(hours=14))
    serve(desk)
    assert offers(desk) == []


def test_a_cancellation_taken_back_leaves_the_patient_on_the_list(
    desk: Desk, full: tuple[Booking, Booking, Booking], clock: FixedClock
):
    _first, _second, third = full
    cancel(desk, third, Actor.THERAPIST)
    serve(desk)
    with desk.counter.transaction():
        undo(desk.session, desk.fresh(third), desk.now, desk.now, desk.ports)
    assert earlier.find_earlier_times(desk.session, desk.fresh(third), desk.now).asked
    cancel(desk, third, Actor.THERAPIST)
    clock.advance(timedelta(minutes=10))
    serve(desk)
    assert not earlier.find_earlier_times(desk.session, desk.fresh(third), desk.now).asked


def test_an_offer_ends_when_the_therapist_closes_that_time_or_the_visit_goes_on_hold(
    desk: Desk, full: tuple[Booking, Booking, Booking]
):
    first, second, third = full
    cancel(desk, first)
    serve(desk)
    with desk.counter.transaction():
        desk.fresh(third).safety_hold_at = desk.now
    serve(desk)
    assert offers(desk) == [(third.id, "withdrawn"), (second.id, "open")]
    with desk.counter.transaction():
        schedule = get_schedule(desk.session)
        desk.session.add(
            TimeOff(
                schedule_id=schedule.id,
                starts_on=date(2026, 6, 2),
                start_time=time(0),
                ends_on=date(2026, 6, 3),
                end_time=time(0),
            )
        )
        bump_rules(desk.session, schedule.id)
    with pytest.raises(NothingOffered):
        accept(desk, second)
    assert starts(desk, second) == [WEDNESDAY_TEN]
    serve(desk)
    assert offers(desk)[-1] == (second.id, "withdrawn")


def test_a_time_somebody_held_when_they_asked_is_not_known_to_them(desk: Desk):
    """They could not see it; once it is given back it is an opening like any other."""
    booking = desk.booked(WEDNESDAY_TEN)
    desk.hold(desk.screened(), TUESDAY_TEN)
    ask(desk, booking)
    serve(desk)
    assert offers(desk) == []
    desk.counter.clock.advance(HOLD_TTL)  # type: ignore[attr-defined]
    serve(desk)
    assert offers(desk) == [(booking.id, "open")]
    desk.session.expire_all()
    offered_at = desk.session.scalars(select(EarlierTimeOffer.start_at)).one()
    assert abs(offered_at - TUESDAY_TEN) < timedelta(hours=1)


class TestBusyElsewhere:
    """An hour that was offered and that another calendar of hers has taken since."""

    @pytest.fixture
    def lost(self, desk: Desk, full: tuple[Booking, Booking, Booking]) -> tuple[Booking, Booking, Booking]:
        first, _second, third = full
        cancel(desk, first)
        serve(desk)
        assert offers(desk) == [(third.id, "open")]
        return full

    def make_busy(self, desk: Desk, start_at: datetime, end_at: datetime) -> None:
        access, sealer = Access(Kind.ICS, "https://calendar.example/a.ics"), desk.ports.sealer
        with desk.counter.transaction():
            calendar_id = keep_calendar(
                desk.session,
                get_therapist(desk.session).id,
                "Family",
                access,
                Seen(Version(), None),
                desk.now,
                sealer,
            )
            replace_busy(
                desk.session, get_schedule(desk.session).id, calendar_id, [TimeSpan(start_at, end_at)]
            )

    def test_it_is_withdrawn_told_of_and_offered_to_nobody_else(
        self, desk: Desk, lost: tuple[Booking, Booking, Booking]
    ):
        _first, second, third = lost
        Upkeep(desk.counter, deps().mailer, "bookings@example.org").run_due()
        self.make_busy(desk, TUESDAY_TEN, TUESDAY_TEN + timedelta(hours=1))
        serve(desk)
        serve(desk)
        assert offers(desk) == [(third.id, "withdrawn")]
        kinds = desk.session.execute(
            select(OutboxMessage.kind, OutboxMessage.booking_id).where(
                OutboxMessage.kind.startswith("earlier")
            )
        )
        assert sorted(kinds.all()) == [("earlier_offer", third.id), ("earlier_withdrawn", third.id)]
        assert starts(desk, second) == [WEDNESDAY_TEN]
        held = select(Appointment).where(Appointment.status == Status.HELD)
        assert desk.session.scalars(held).all() == []
        assert earlier.find_earlier_times(desk.session, desk.fresh(third), desk.now).lost_at == TUESDAY_TEN

    def test_free_again_it_is_offered_to_them_again_who_never_declined_it(
        self, desk: Desk, lost: tuple[Booking, Booking, Booking]
    ):
        third = lost[2]
        self.make_busy(desk, TUESDAY_TEN, TUESDAY_TEN + timedelta(hours=1))
        serve(desk)
        with desk.counter.transaction():
            desk.session.execute(delete(ExternalBusy))
        serve(desk)
        assert offers(desk) == [(third.id, "withdrawn"), (third.id, "open")]

    def test_before_the_worker_comes_by_it_is_neither_shown_nor_accepted(
        self, desk: Desk, lost: tuple[Booking, Booking, Booking]
    ):
        third = lost[2]
        offer_id = earlier.find_earlier_times(desk.session, desk.fresh(third), desk.now).offer.id
        self.make_busy(desk, TUESDAY_TEN, TUESDAY_TEN + timedelta(minutes=5))
        seen = earlier.find_earlier_times(desk.session, desk.fresh(third), desk.now)
        assert (seen.offer, seen.lost_at) == (None, TUESDAY_TEN)
        with pytest.raises(NothingOffered):
            desk.do(
                lambda session, now, ports: earlier.accept_offer(
                    session, desk.fresh(third), offer_id, now, ports
                )
            )
        assert starts(desk, third) == [THURSDAY_TEN]

    def test_a_patient_whose_mail_never_left_is_told_nothing(
        self, desk: Desk, lost: tuple[Booking, Booking, Booking]
    ):
        self.make_busy(desk, TUESDAY_TEN, TUESDAY_TEN + timedelta(hours=1))
        serve(desk)
        kinds = desk.session.scalars(select(OutboxMessage.kind)).all()
        assert [kind for kind in kinds if kind.startswith("earlier")] == []

    def test_a_busy_time_beside_it_leaves_it_open(self, desk: Desk, lost: tuple[Booking, Booking, Booking]):
        hold = desk.session.scalars(select(Appointment).where(Appointment.status == Status.HELD)).one()
        self.make_busy(desk, hold.busy_until, hold.busy_until + timedelta(hours=1))
        serve(desk)
        assert offers(desk) == [(lost[2].id, "open")]
        accept(desk, lost[2])
        assert starts(desk, lost[2]) == [TUESDAY_TEN]
        assert earlier.find_earlier_times(desk.session, desk.fresh(lost[2]), desk.now).lost_at is None
