"""Days at the desk in random order, against a model in plain minutes.

After every step no two claims overlap, and exactly the hours nobody claims are on offer.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import combinations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, create_engine, delete, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from consult.core.errors import ConsultError
from consult.core.timespan import TimeSpan
from consult.db.base import Base
from consult.db.engine import prepare_sqlite
from consult.db.transaction import transaction
from consult.scheduling import service
from consult.scheduling.errors import HoldExpired, SlotNotOffered, SlotTaken
from consult.scheduling.guards import ensure_guards
from consult.scheduling.lifecycle import CLAIMING, LIVE, Status, TransitionRefused
from consult.scheduling.models import Appointment
from consult.scheduling.queries import find_slots
from tests.service.scheduling.factory import NOW, add_booking, add_clinic, add_session_type, add_time_off, at

CAP, NOTICE, STEP, TTL = 4, timedelta(minutes=60), timedelta(minutes=30), timedelta(minutes=10)
DAYS = 3
OFF = TimeSpan(at(2, 15, 10), at(2, 16, 10))
OPEN = [
    TimeSpan(at(1, 13), at(1, 21)),
    TimeSpan(at(2, 13), OFF.start_at),
    TimeSpan(OFF.end_at, at(2, 21)),
    TimeSpan(at(3, 13), at(3, 21)),
]
"""Monday to Wednesday from nine to five in New York, four hours behind UTC, but for time off on Tuesday."""


@dataclass(frozen=True)
class Kind:
    minutes: int
    before: int
    after: int


KINDS = (Kind(60, 0, 15), Kind(30, 10, 0))
OWN = Kind(0, 0, 0)


@dataclass(frozen=True)
class Claim:
    """As the model knows it. `kind` is an index in KINDS, or None for an own entry."""

    id: uuid.UUID
    booking: int | None
    kind: int | None
    status: Status
    span: TimeSpan
    busy: TimeSpan
    expires_at: datetime | None = None

    def counts_at(self, now: datetime) -> bool:
        ran_out = self.status is Status.HELD and self.expires_at is not None and self.expires_at <= now
        return self.status in CLAIMING and not ran_out


starts = st.tuples(st.integers(0, DAYS - 1), st.integers(0, 9 * 4)).map(
    lambda pair: at(1, 12, 30) + timedelta(days=pair[0], minutes=15 * pair[1])
)
bookings, kinds, anyone = st.integers(0, 4), st.integers(0, len(KINDS) - 1), st.integers(0, 99)


class Desk(RuleBasedStateMachine):
    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.session = Session(engine)
        self.now = NOW
        self.claims: dict[uuid.UUID, Claim] = {}
        with transaction(self.session):
            for table in reversed(Base.metadata.sorted_tables):
                self.session.execute(delete(table))
            clinic = add_clinic(
                self.session,
                notice_minutes=NOTICE // timedelta(minutes=1),
                horizon_days=DAYS - 1,
                minutes=KINDS[0].minutes,
                buffers=(KINDS[0].before, KINDS[0].after),
                max_per_day=CAP,
            )
            second = add_session_type(
                self.session,
                clinic.schedule_id,
                minutes=KINDS[1].minutes,
                buffers=(KINDS[1].before, KINDS[1].after),
            )
            add_time_off(self.session, clinic, OFF.start_at, OFF.end_at)
            self.bookings = [add_booking(self.session, clinic) for _ in range(5)]
            self.schedule_id = clinic.schedule_id
            self.types = [clinic.session_type_id, second.id]

    def teardown(self) -> None:
        self.session.close()

    # what the model thinks

    def busy(self, without: Iterable[Claim | None]) -> list[TimeSpan]:
        left_out = {claim.id for claim in without if claim is not None}
        return [
            claim.busy
            for claim in self.claims.values()
            if claim.counts_at(self.now) and claim.id not in left_out
        ]

    def full(self, start_at: datetime, without: Iterable[Claim | None]) -> bool:
        left_out = {claim.id for claim in without if claim is not None}
        counts = Counter(
            claim.span.start_at.day
            for claim in self.claims.values()
            if claim.counts_at(self.now) and claim.kind is not None and claim.id not in left_out
        )
        return counts[start_at.day] >= CAP

    def refusal(self, start_at: datetime, kind: Kind, *without: Claim | None) -> type[ConsultError] | None:
        if start_at not in grid(kind.minutes) or start_at < self.now + NOTICE:
            return SlotNotOffered
        if self.meets(start_at, kind, *without):
            return SlotTaken
        return SlotNotOffered if self.full(start_at, without) else None

    def meets(self, start_at: datetime, kind: Kind, *without: Claim | None) -> bool:
        quiet = busy_of(start_at, kind)
        return any(quiet.overlaps(each) for each in self.busy(without))

    def live(self, booking: int | None) -> Claim | None:
        """The claim the database allows a booking one of, ran out or not."""
        found = (each for each in self.claims.values() if each.booking == booking and each.status in LIVE)
        return None if booking is None else next(found, None)

    def held(self, booking: int) -> Claim | None:
        live = self.live(booking)
        return live if live is not None and live.status is Status.HELD else None

    def pick(self, number: int) -> Claim:
        return list(self.claims.values())[number % len(self.claims)]

    # doing it

    def run(
        self, command: Callable[[], Appointment], expected: type[ConsultError] | None
    ) -> Appointment | None:
        done, refused = None, None
        try:
            with transaction(self.session):
                done = command()
        except (HoldExpired, SlotNotOffered, SlotTaken, TransitionRefused) as refusal:
            refused = type(refusal)
        assert refused is expected
        return done

    def expire(self) -> None:
        for claim in list(self.claims.values()):
            if claim.status is Status.HELD and not claim.counts_at(self.now):
                self.put(claim, status=Status.EXPIRED)

    def put(self, claim: Claim, **changes: object) -> None:
        self.claims[claim.id] = replace(claim, **changes)  # type: ignore[arg-type]

    def add(self, row: Appointment | None, booking: int | None, kind: int | None) -> None:
        if row is not None:
            self.expire()
            span, busy = TimeSpan(row.start_at, row.end_at), TimeSpan(row.busy_from, row.busy_until)
            shape = KINDS[kind] if kind is not None else OWN
            assert busy == span.widened(*(timedelta(minutes=side) for side in (shape.before, shape.after)))
            self.claims[row.id] = Claim(row.id, booking, kind, row.status, span, busy, row.hold_expires_at)

    @rule(minutes=st.sampled_from([1, 4, 10, 25, 300]))
    def time_goes_by(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        if self.now >= at(2, 4):
            self.now = NOW + timedelta(hours=15)

    @rule(booking=bookings, kind=kinds, start_at=starts)
    def choose_a_time(self, booking: int, kind: int, start_at: datetime) -> None:
        live, own = self.live(booking), self.held(booking)
        expected = self.refusal(start_at, KINDS[kind], own)
        if expected is None and live is not None and live.status is Status.BOOKED:
            expected = TransitionRefused
        row = self.run(
            lambda: service.place_hold(
                self.session,
                booking_id=self.bookings[booking],
                session_type_id=self.types[kind],
                start_at=start_at,
                now=self.now,
                hold_ttl=TTL,
            ),
            expected,
        )
        if row is not None and own is not None and own.counts_at(self.now):
            self.put(own, status=Status.RELEASED)
        self.add(row, booking, kind)

    @rule(kind=kinds, start_at=starts)
    def offer_an_earlier_time(self, kind: int, start_at: datetime) -> None:
        row = self.run(
            lambda: service.place_offer_hold(
                self.session,
                session_type_id=self.types[kind],
                start_at=start_at,
                now=self.now,
                until=self.now + TTL,
            ),
            self.refusal(start_at, KINDS[kind]),
        )
        self.add(row, None, kind)

    @rule(start_at=starts, minutes=st.sampled_from([10, 45, 120]))
    def block_time(self, start_at: datetime, minutes: int) -> None:
        row = self.run(
            lambda: service.block_time(
                self.session,
                schedule_id=self.schedule_id,
                span=TimeSpan(start_at, start_at + timedelta(minutes=minutes)),
                title="Meeting",
                now=self.now,
            ),
            SlotTaken if self.meets(start_at, replace(OWN, minutes=minutes)) else None,
        )
        self.add(row, None, None)

    @precondition(lambda self: self.claims)
    @rule(number=anyone)
    def extend(self, number: int) -> None:
        claim = self.pick(number)
        until = self.now + 2 * TTL
        expected: type[ConsultError] | None = None
        if claim.status not in (Status.HELD, Status.EXPIRED):
            expected = TransitionRefused
        elif claim.expires_at is None or claim.expires_at <= self.now:
            expected = HoldExpired
        if self.run(lambda: service.extend_hold(self.session, claim.id, until, self.now), expected):
            self.put(claim, expires_at=max(until, claim.expires_at or until))

    @precondition(lambda self: self.claims)
    @rule(number=anyone)
    def pay(self, number: int) -> None:
        claim = self.pick(number)
        live = self.live(claim.booking)
        expected: type[ConsultError] | None = None
        reclaimed = claim.status in (Status.EXPIRED, Status.RELEASED)
        if reclaimed:
            if claim.span.start_at <= self.now:
                expected = SlotTaken
            elif live is not None and live.status is Status.BOOKED:
                expected = TransitionRefused
            elif any(claim.busy.overlaps(each) for each in self.busy([live])):
                expected = SlotTaken
        elif claim.status is not Status.HELD:
            expected = TransitionRefused
        if self.run(lambda: service.book(self.session, claim.id, self.now), expected):
            if reclaimed:
                self.give_back(live)
            self.put(claim, status=Status.BOOKED)

    @precondition(lambda self: self.claims)
    @rule(number=anyone, start_at=starts, by_therapist=st.booleans())
    def move(self, number: int, start_at: datetime, by_therapist: bool) -> None:
        claim = self.pick(number)
        if claim.kind is None and not by_therapist:
            return
        length = claim.span.duration // timedelta(minutes=1)
        kind = replace(KINDS[claim.kind] if claim.kind is not None else OWN, minutes=length)
        expected: type[ConsultError] | None = None
        if claim.status is not Status.BOOKED:
            expected = TransitionRefused
        elif start_at == claim.span.start_at:
            pass
        elif not by_therapist:
            expected = self.refusal(start_at, kind, claim)
        elif start_at < self.now:
            expected = SlotNotOffered
        elif self.meets(start_at, kind, claim):
            expected = SlotTaken
        row = self.run(
            lambda: service.move(self.session, claim.id, start_at, self.now, by_therapist=by_therapist),
            expected,
        )
        if row is not None and start_at != claim.span.start_at:
            self.expire()
            span = TimeSpan(start_at, start_at + claim.span.duration)
            self.put(claim, span=span, busy=busy_of(start_at, kind))

    @precondition(lambda self: self.claims)
    @rule(number=anyone, command=st.sampled_from(["cancel", "complete", "mark_no_show", "release_hold"]))
    def end(self, number: int, command: str) -> None:
        claim = self.pick(number)
        needed, after = {
            "cancel": (Status.BOOKED, Status.CANCELLED),
            "complete": (Status.BOOKED, Status.DONE),
            "mark_no_show": (Status.BOOKED, Status.NO_SHOW),
            "release_hold": (Status.HELD, Status.RELEASED),
        }[command]
        expected = None if claim.status is needed else TransitionRefused
        if self.run(lambda: getattr(service, command)(self.session, claim.id, self.now), expected):
            self.put(claim, status=after)

    @precondition(lambda self: self.claims)
    @rule(number=anyone)
    def take_back(self, number: int) -> None:
        claim = self.pick(number)
        live = self.live(claim.booking)
        cancelled = claim.status is Status.CANCELLED
        expected: type[ConsultError] | None = None
        if claim.status not in (Status.CANCELLED, Status.DONE, Status.NO_SHOW):
            expected = TransitionRefused
        elif cancelled and claim.span.end_at <= self.now:
            expected = SlotTaken
        elif live is not None and live.status is Status.BOOKED:
            expected = TransitionRefused
        elif cancelled and any(claim.busy.overlaps(each) for each in self.busy([live])):
            expected = SlotTaken
        command = service.restore if cancelled else service.reopen
        if self.run(lambda: command(self.session, claim.id, self.now), expected):
            self.give_back(live)
            self.put(claim, status=Status.BOOKED)

    def give_back(self, live: Claim | None) -> None:
        self.expire()
        if live is not None and self.claims[live.id].status is Status.HELD:
            self.put(live, status=Status.RELEASED)

    @rule()
    def sweep(self) -> None:
        with transaction(self.session):
            service.expire_holds(self.session, self.now)
        self.expire()

    # what must always be true

    @invariant()
    def the_table_is_as_the_model_says(self) -> None:
        columns = (Appointment.id, Appointment.status, Appointment.busy_from, Appointment.busy_until)
        rows = {row.id: row for row in self.session.execute(select(*columns))}
        self.session.rollback()
        assert {key: row.status for key, row in rows.items()} == {
            key: claim.status for key, claim in self.claims.items()
        }
        claiming = [
            TimeSpan(row.busy_from, row.busy_until) for row in rows.values() if row.status in CLAIMING
        ]
        assert not any(one.overlaps(other) for one, other in combinations(claiming, 2))

    @invariant()
    def exactly_the_hours_nobody_claims_are_on_offer(self) -> None:
        for number, kind in enumerate(KINDS):
            assert self.offered(number) == self.free(kind)
        for number, booking_id in enumerate(self.bookings):
            live = self.live(number)
            if live is not None and live.kind is not None and live.status is Status.HELD:
                assert self.offered(live.kind, for_booking_id=booking_id) == self.free(KINDS[live.kind], live)
            elif live is not None and live.kind is not None:
                assert self.offered(live.kind, moving_booking_id=booking_id) == self.free(
                    KINDS[live.kind], live
                )

    def offered(self, kind: int, **whose: uuid.UUID) -> list[datetime]:
        slots = find_slots(
            self.session, self.types[kind], NOW.date(), DAYS, self.now, "America/New_York", **whose
        )
        self.session.rollback()
        return [slot.start_at for slot in slots]

    def free(self, kind: Kind, *without: Claim | None) -> list[datetime]:
        return [each for each in grid(kind.minutes) if self.refusal(each, kind, *without) is None]


@cache
def grid(minutes: int) -> list[datetime]:
    """Found by trying every fifth minute of all days."""
    every = (at(1, 4) + timedelta(minutes=5 * number) for number in range(DAYS * 24 * 12))
    return [each for each in every if on_grid(each, minutes)]


def on_grid(start_at: datetime, minutes: int) -> bool:
    session = TimeSpan(start_at, start_at + timedelta(minutes=minutes))
    return any(each.contains(session) and not (start_at - each.start_at) % STEP for each in OPEN)


@cache
def busy_of(start_at: datetime, kind: Kind) -> TimeSpan:
    session = TimeSpan(start_at, start_at + timedelta(minutes=kind.minutes))
    return session.widened(timedelta(minutes=kind.before), timedelta(minutes=kind.after))


def test_never_an_overlap_and_never_a_lost_hour() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    prepare_sqlite(engine)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        ensure_guards(connection)

    run_state_machine_as_test(
        partial(Desk, engine),
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    engine.dispose()
