"""Three patients, two hours that overlap, Stripe, and whatever may happen in whatever order: no hour is sold
twice, the ledger says what Stripe holds, and no money stays without its reason.

The real SDK speaks to the double over HTTP. `CONSULT_WALKS` is how many walks are made.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from consult.booking import checkout
from consult.booking.changes import commands as changes
from consult.booking.changes.money import refund_now
from consult.booking.changes.taking_back import Actor
from consult.booking.commands import choose_time
from consult.booking.models import Booking
from consult.core.clock import FixedClock
from consult.core.errors import ConsultError
from tests.stripe_double import Double, Fault
from tests.stripe_double import checkout as stripe_checkout
from tests.stripe_double import refunds as stripe_refunds
from tests.stripe_double.cards import Card
from tests.walks.world import HOURS, PATIENTS, CrashError, World

WALKS = int(os.environ.get("CONSULT_WALKS", "20"))
STEPS = 25

WHO = st.sampled_from(range(len(PATIENTS)))
CARDS = st.sampled_from(
    [Card.PAYS, Card.PAYS, Card.DECLINED, Card.REFUND_FAILS_LATER, Card.REFUND_IS_PENDING, Card.BANK_DEBIT]
)
FAULTS = st.lists(
    st.sampled_from(
        [
            None,
            Fault.ERROR_500,
            Fault.ERROR_500_KEPT,
            Fault.RATE_LIMITED,
            Fault.KEY_IN_USE,
            Fault.DROPPED_BEFORE,
            Fault.DROPPED_AFTER,
        ]
    ),
    min_size=1,
    max_size=4,
)
MINUTES = st.sampled_from([1, 2, 5, 9, 11, 34, 36])
_SETTLE_IN = timedelta(hours=5)
_PASSES = 4


class Walk(RuleBasedStateMachine):
    """`links` are the pay pages each patient was ever sent to: nobody can pay at one they have no link to."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world, self.double, self.clock = world, world.double, world.clock
        world.begin()
        self.links: list[set[str]] = [set() for _ in PATIENTS]

    @property
    def account(self) -> Any:
        return self.double.account

    def booking(self, who: int) -> Booking | None:
        """None once it is purged."""
        desk = self.world.desk
        desk.session.rollback()
        return desk.session.get(Booking, self.world.bookings[who], populate_existing=True)

    def attempt(self, what: Callable[..., Any], *arguments: Any) -> Any:
        """Refusals and crashes are part of a walk; anything else is a fault of ours."""
        try:
            return what(*arguments)
        except (ConsultError, CrashError):
            self.world.desk.session.rollback()

    @rule(who=WHO, hour=st.sampled_from(HOURS))
    def choose_an_hour(self, who: int, hour: Any) -> None:
        booking = self.booking(who)
        if booking is not None:
            self.attempt(self.world.desk.do, choose_time, booking, hour)

    @rule(who=WHO)
    def press_pay(self, who: int) -> None:
        if self.booking(who) is None:
            return
        url = self.attempt(checkout.open_checkout, self.world.desk.counter, self.world.bookings[who])
        if url is not None:
            self.links[who].add(url.rpartition("/")[2])

    @initialize(who=WHO, hour=st.sampled_from(HOURS), card=CARDS)
    def begin(self, who: int, hour: Any, card: str) -> None:
        self.buy(who, hour, card)

    @rule(who=WHO, hour=st.sampled_from(HOURS), card=CARDS)
    def buy(self, who: int, hour: Any, card: str) -> None:
        """Steps at once without which most walks would lead nowhere."""
        self.choose_an_hour(who, hour)
        self.press_pay(who)
        self.pay(who, card)

    @precondition(lambda self: self.account.of_kind("checkout.session", status="open"))
    @rule(who=WHO, card=CARDS)
    def pay(self, who: int, card: str) -> None:
        """At every page still open: patients keep old tabs."""
        with self.account.lock:
            stripe_checkout.end_overdue(self.account)
            for checkout_id in sorted(self.links[who]):
                stripe_checkout.pay(self.account, checkout_id, card)

    @rule(who=WHO)
    def come_back(self, who: int) -> None:
        payment = self._live_payment(who)
        if payment is not None:
            self.attempt(checkout.settle, self.world.desk.counter, payment)

    @rule(who=WHO)
    def press_back(self, who: int) -> None:
        booking = self.booking(who)
        if booking is not None and booking.confirmed_at is None:
            payment = self._live_payment(who)
            self.attempt(checkout.abandon, self.world.desk.counter, payment, self.world.bookings[who])

    @precondition(lambda self: self._visits())
    @rule(data=st.data(), by=st.sampled_from(Actor))
    def cancel(self, data: Any, by: Actor) -> None:
        booking = data.draw(st.sampled_from(self._visits()))
        desk = self.world.desk
        appointment = desk.standing(booking).appointment
        assert appointment is not None
        decision = refund_now(desk.session, booking, appointment, by, desk.now)
        self.attempt(self._cancel, booking, by)
        if decision is not None and desk.fresh(booking).cancelled_at is not None:
            self.world.books.owed_back[booking.id] = decision.amount.minor

    @rule(minutes=MINUTES)
    def wait(self, minutes: int) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        with self.account.lock:
            stripe_checkout.end_overdue(self.account)

    @precondition(lambda self: self.account.of_kind("payment_intent"))
    @rule(hours=st.sampled_from([5, 20, 26]))
    def let_a_day_go_by(self, hours: int) -> None:
        """Not at the very beginning: unfinished bookings are purged after a day."""
        self.wait(60 * hours)

    @rule()
    def let_the_worker_pass(self) -> None:
        self.attempt(self.world.work)

    @precondition(lambda self: self.double.hooks.events())
    @rule(data=st.data(), times=st.sampled_from([1, 1, 2]))
    def deliver_an_event(self, data: Any, times: int) -> None:
        """Any that ever happened, so in any order, late and again; those never chosen are lost for now."""
        events = self.double.hooks.events()
        event = events[data.draw(st.integers(0, len(events) - 1))]
        for _ in range(times):
            with suppress(CrashError):
                assert self.double.hooks.deliver(event) in (200, 503)

    @precondition(lambda self: self.double.hooks.events())
    @rule(backwards=st.booleans())
    def deliver_what_waits(self, backwards: bool) -> None:
        with suppress(CrashError):
            assert set(self.double.hooks.deliver_all(backwards=backwards)) <= {200, 503}

    @rule(faults=FAULTS)
    def break_the_line(self, faults: list[Fault | None]) -> None:
        self.double.faults = list(faults)

    @rule()
    def mend_the_line(self) -> None:
        self.double.faults = []

    @precondition(lambda self: not self.world.boundaries.armed)
    @rule(boundaries=st.integers(0, 9))
    def crash_soon(self, boundaries: int) -> None:
        self.world.boundaries.arm(boundaries)

    @rule(paid=st.booleans())
    def let_banks_finish(self, paid: bool) -> None:
        self.double.settle(paid=paid)

    @precondition(lambda self: self._charges())
    @rule(data=st.data(), amount=st.sampled_from([3_000, 12_000]))
    def refund_in_the_dashboard(self, data: Any, amount: int) -> None:
        charge = data.draw(st.sampled_from(self._charges()))
        amount = min(amount, charge["amount"] - charge["amount_refunded"])
        stripe_refunds.create(self.account, {"charge": charge["id"], "amount": amount})

    @precondition(lambda self: self._charges())
    @rule(data=st.data())
    def dispute(self, data: Any) -> None:
        self.double.dispute(data.draw(st.sampled_from(self._charges()))["payment_intent"])

    @rule(won=st.booleans())
    def decide_disputes(self, won: bool) -> None:
        self.double.decide_disputes(won=won)

    @invariant()
    def nothing_is_ever_wrong(self) -> None:
        self.world.books.check_always(self.clock())

    def teardown(self) -> None:
        try:
            self._settle()
            self.world.books.check_settled(self.clock())
        finally:
            self.world.end()

    def _settle(self) -> None:
        self.double.faults = []
        self.world.boundaries.arm(None)
        for _ in range(_PASSES):
            self.double.settle()
            # Stripe goes on sending what was not taken, whether we were down or died over it.
            untaken = [event for event in self.double.hooks.events() if event["pending_webhooks"]]
            assert {self.double.hooks.deliver(event) for event in untaken} <= {200}
            self.world.work()
            self.clock.advance(_SETTLE_IN)

    def _cancel(self, booking: Booking, by: Actor) -> None:
        desk = self.world.desk
        with desk.counter.transaction():
            changes.cancel(desk.session, desk.fresh(booking), desk.now, desk.ports, by=by)

    def _live_payment(self, who: int) -> Any:
        """None for a visitor who is not known any more, since their answers were deleted."""
        booking = self.booking(who)
        standing = None if booking is None else self.attempt(self.world.desk.standing, booking)
        return standing.payment.id if standing and standing.payment else None

    def _visits(self) -> list[Booking]:
        """Booked and not cancelled."""
        if not self.account.of_kind("charge"):
            return []
        found = [self.booking(who) for who in range(len(PATIENTS))]
        return [one for one in found if one and one.confirmed_at and not one.cancelled_at]

    def _charges(self) -> list[dict]:
        """Those whose money can still be moved by hand or by a bank."""
        charges = self.account.of_kind("charge", disputed=False, refunded=False)
        return [one for one in charges if not self.account.of_kind("dispute", charge=one["id"])]


def test_whatever_happens_no_hour_is_sold_twice_and_no_money_is_lost(
    app: Flask, double: Double, clock: FixedClock, tmp_path: Path
) -> None:
    world = World(app, double, clock, tmp_path)
    run_state_machine_as_test(
        lambda: Walk(world),
        settings=settings(
            max_examples=WALKS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
